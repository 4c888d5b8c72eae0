"""Writes docs/numpy.md by calling every function of NumPy on tensors: ``python tests/docs/numpy_page.py``."""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path += [str(Path(__file__).parents[1] / "ops")]
from numpy_calls import calls

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import DTypeError
from tinygrad_rnn.ops.interop import name_of
from tinygrad_rnn.ops.numpy_names import FUNCTIONS, QUESTIONS, UFUNCS

PAGE = Path(__file__).parents[2] / "docs" / "numpy.md"
HEAD = """\
# NumPy's functions on tensors

Every ufunc of NumPy, and every function of `numpy` and `numpy.linalg` that asks its arguments what they are, called on
tensors that require a gradient by `python tests/docs/numpy_page.py`, which writes this page from what happens. (Those
that do not ask, such as `np.asarray`, make an array.)

* **any order**: the result is a node, equal to NumPy's; its first and second derivative, in reverse and forward mode,
  were compared with central differences when this page was written.
* **gradient 0**: the same, and the derivative is 0 wherever there is one.
* **values**: whole numbers or booleans, which have no gradient.
* **refused**: a `DTypeError` says why, and that `x.numpy()` leaves the graph.

`out=` is refused everywhere, `dtype=` is a cast node, `where=` and `initial=` are taken by reductions. Keyword
arguments that are not taken are refused by name.

```python
import numpy as np
import tinygrad_rnn as tg

x = tg.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
np.linalg.slogdet(x).logabsdet.backward()
print(x.grad.numpy().round(2).tolist(), np.max(x, axis=0, initial=2.5, where=[[True], [False]]).numpy())
```

```
[[0.6, -0.2], [-0.2, 0.4]] [2.5 2.5]
```

"""


def found() -> list[Any]:
    """The functions of NumPy that ask their arguments what they are, each once."""
    kinds = (np.ufunc, type(np.sum))
    functions = {
        getattr(namespace, name): None
        for namespace in (np, np.linalg)
        for name in dir(namespace)
        if name[0] != "_" and isinstance(getattr(namespace, name), kinds)
    }
    return sorted(functions, key=lambda f: (name_of(f).count("."), name_of(f)))


def verdict(function: Any) -> str:
    """What happens when it is called."""
    if function in QUESTIONS:
        asked(function)
        return "values"
    if function not in UFUNCS and function not in FUNCTIONS:
        return f"refused: {refused(function)}"
    call = calls(function)[0] if not isinstance(function, np.ufunc) else calls(function)[1]
    arrays = call.arrays()
    ys = flat(call.with_tensors([tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]))
    smooth = [i for i, y in enumerate(ys) if y.requires_grad]
    if not smooth:
        assert all(y.dtype.kind in "iub" or "like" in function.__name__ for y in ys), function
        return "values"

    def f(*xs: Any) -> Any:
        parts = flat(call.with_tensors(xs))
        return [parts[i] for i in smooth]

    tg.check_grads(f, tuple(arrays), order=2, rtol=1e-5, atol=1e-6)
    gradients = tg.grad(lambda *xs: sum(y.sum() for y in f(*xs)), tuple(range(len(arrays))))(*arrays)
    return "any order" if any(g.numpy().any() for g in gradients) else "gradient 0"


def flat(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def asked(function: Any) -> None:
    """A question is answered with what NumPy answers, not with a tensor."""
    more = {np.can_cast: (np.float64,), np.argpartition: (1,)}.get(function)
    x = tg.tensor(np.array([1.0, 2.0]), requires_grad=True)
    first = x if function is not np.linalg.matrix_rank else tg.tensor(np.eye(2))
    arguments = (x.dtype if function is np.can_cast else first, *(more or (x,) * (required(function) - 1)))
    answer = function(*arguments)
    assert not isinstance(answer, tg.Tensor), function


def refused(function: Any) -> str:
    """The reason in the error, which has to come."""
    x = tg.tensor(np.array([1.0, 2.0]), requires_grad=True)
    try:
        function(*(x,) * required(function))
    except DTypeError as error:
        reason, _, _ = str(error).partition("; to compute outside")
        return reason.removeprefix(name_of(function)).strip()
    raise AssertionError(f"{name_of(function)} is neither an op nor refused")


def required(function: Any) -> int:
    if isinstance(function, np.ufunc):
        return function.nin
    given = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return max(sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in given), 1)


def page() -> str:
    """The text of docs/numpy.md."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function in found():
            rows.append(f"| `{name_of(function)}` | {verdict(function)} |\n")
    count = sum("refused" not in row for row in rows)
    version = ".".join(np.__version__.split(".")[:2])
    head = f"{HEAD}NumPy {version}: {count} of {len(rows)} functions are taken.\n"
    return f"{head}\n| NumPy's | Here |\n| --- | --- |\n{''.join(rows)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
