"""`Tensor`: an array that remembers how it was computed. It is the node of every graph in this library."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from .asked import by_name
from .errors import (
    AbstractValueError,
    ArgumentError,
    DTypeError,
    GradientError,
    GradientWarning,
    MutatedTensorError,
    ShapeError,
    with_user_line,
)
from .mode import Scope, current, reads

if TYPE_CHECKING:
    from .methods import Methods as _Methods
    from .op import Op
else:
    _Methods = object

TensorLike = Any  # Tensor, np.ndarray, list, or a Python scalar
next_number = count().__next__


class Writes:
    """The creation order at the latest overwriting of any tensor: younger nodes cannot have been affected."""

    latest = -1


class Extra:
    """What only a few tensors carry, kept out of the many."""

    __slots__ = ("hooks", "indices", "line", "origin", "retains_grad")

    def __init__(self) -> None:
        self.hooks: list[Callable[[Tensor], Any]] = []
        self.retains_grad = False
        self.origin: Tensor | None = None  # the forward node this backward node belongs to
        self.line: str | None = None  # the user's line that recorded it (anomaly detection)
        self.indices: tuple[Tensor, ...] = ()  # tensors that gave the index it was read at


class Tensor(_Methods):
    """A node of a computation graph: the op that made it, its inputs, and its array.

    Build leaves with `tg.tensor`; everything else comes from ops. A tensor traced with a shape only
    (`tg.trace`) has no array: it has a shape and dtype, and asking for its value raises.

    Attributes:
        op, inputs, attrs: how it was computed; a leaf has ``op is None``. After a backward pass that
            freed the graph, ``inputs is None``.
        requires_grad: whether a gradient flows to it.
        grad: the accumulated gradient (a tensor of the same shape), or None.
        name, scope, role: what drawings and errors call it. Roles of leaves: "input", "parameter",
            "constant", "state"; a state computed by a cell is a "state" too.
        number: creation order, which is a topological order.
        source: of a result that was not recorded, because nothing needs its gradient: the name of the op. Not set
            on other tensors.
        version: 0, or the creation order at which its array was last overwritten: a node of a smaller
            number was computed from the old values.
    """

    __slots__ = (
        "__weakref__",
        "_array",
        "_spec",
        "attrs",
        "extra",
        "grad",
        "inputs",
        "name",
        "number",
        "op",
        "requires_grad",
        "role",
        "scope",
        "source",
        "version",
    )
    _array: Any
    source: str
    __hash__ = object.__hash__  # type: ignore[assignment]  (== compares entries)

    def __init__(
        self,
        array: np.ndarray | None,
        op: Op | None = None,
        inputs: tuple[Tensor, ...] = (),
        attrs: dict[str, Any] | None = None,
        requires_grad: bool = False,
        scope: Scope | None = None,
    ):
        if array.__class__ is not np.ndarray and array is not None:
            array = np.asarray(array)
        self._array = array
        self._spec: tuple[tuple[int, ...], np.dtype] | None = None
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self.name: str | None = None
        self.role: str | None = None
        self.scope = scope
        self.number: int = next_number()
        self.version = 0
        self.extra: Extra | None = None

    # -- what it is ---------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of its axes."""
        return self._spec[0] if self._array is None else self._array.shape  # type: ignore[index]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of its entries, NumPy's."""
        return self._spec[1] if self._array is None else self._array.dtype  # type: ignore[index]

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many entries it has."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded op."""
        return self.op is None

    @property
    def is_abstract(self) -> bool:
        """Whether it has only a shape and dtype, no values."""
        return self._array is None

    @property
    def origin(self) -> Tensor | None:
        """In a backward graph: the forward node whose gradient (rule) this node belongs to."""
        return self.extra.origin if self.extra else None

    @property
    def path(self) -> str:
        """Scope and name, ``lstm/t=3/c``, as far as they are known."""
        name = self.name or (self.op.name if self.op else self.role or "tensor")
        return f"{self.scope.path}/{name}" if self.scope else name

    def describe(self) -> str:
        """For errors: shape, dtype and name."""
        return f"{self.shape} {self.dtype}" + (f" {self.name!r}" if self.name else "")

    def named(self, name: str, role: str | None = None) -> Tensor:
        """Name it (and give it a role) for drawings, derivations and errors; returns itself."""
        self.name = name
        if role is not None:
            self.role = role
        return self

    # -- its values ---------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """Its values as a read-only view: no copy, and no write that the engine would not see.

        Raises:
            AbstractValueError: it was traced with a shape only.
        """
        if self._array is None:
            raise AbstractValueError(
                with_user_line(
                    f"{self.path}: {self.describe()} was traced with a shape only and has no value; "
                    "a traced function cannot branch on values or convert them to numbers"
                )
            )
        if (seen := reads.get()) is not None:
            seen.append(self)
        view = self._array.view()
        view.flags.writeable = False
        return view

    def item(self) -> Any:
        """The value of a one-entry tensor as a Python number.

        Raises:
            ShapeError: it has more than one entry, or none.
        """
        values = self.numpy()
        if self.size != 1:
            raise ShapeError(with_user_line(f"item(): {self.describe()} has {self.size} entries, not one"))
        return values.item()

    def tolist(self) -> Any:
        """Its values as nested lists of Python numbers."""
        return self.numpy().tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Its values, where NumPy turns it into an array on its own, as in ``np.array([x, y])``.

        Raises:
            GradientError: it requires a gradient, which the array would lose.
        """
        self._check_export("made an array")
        return np.array(self.numpy(), dtype=dtype, copy=copy)  # type: ignore[call-overload]

    def __dlpack__(self, *, copy: bool | None = None, **options: Any) -> Any:
        """A copy for another library, which might write to it; `numpy` gives a view.

        Raises:
            GradientError: it requires a gradient, which the copy would lose.
            BufferError: no copy is allowed.
        """
        self._check_export("exported")
        if copy is False:
            raise BufferError(with_user_line(f"{self.path} {self.describe()} is exported as a copy only; see numpy()"))
        return self.numpy().copy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.numpy().__dlpack_device__()

    def _check_export(self, what: str) -> None:
        if self.requires_grad and current().records:
            raise GradientError(
                with_user_line(
                    f"{self.path} {self.describe()} requires a gradient, which is lost when it is {what}; use "
                    "x.numpy() for its values, x.detach() for a constant, tg.stack or tg.concatenate to join tensors"
                )
            )

    def __float__(self) -> float:
        """Its one value; warns where nobody wrote ``float(x)`` and it requires a gradient: `math.exp` loses that."""
        value = float(self.item())
        if self.requires_grad and current().records and not by_name(sys._getframe(1)):
            message = "a tensor that requires a gradient was made a plain number, which has none; if that is meant, "
            warnings.warn(message + "write x.item()", GradientWarning, stacklevel=2)
        return value

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.numpy().__index__()

    def __bool__(self) -> bool:
        values = self.numpy()
        if values.size != 1:
            question = "whether it is true is asked of all of them at once; compare, then use .numpy().all() or .any()"
            raise ShapeError(with_user_line(f"bool(): {self.describe()} has {values.size} entries; {question}"))
        return bool(values)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        facts = [repr(self.name)] if self.name else []
        if self._array is None:
            facts.append(f"shape={self.shape}, dtype={self.dtype}")
        else:
            facts.append(np.array2string(self._array, separator=", ", prefix="Tensor(", threshold=64))
            if self._array.dtype not in (np.float64, np.int64, np.bool_):
                facts.append(f"dtype={self._array.dtype}")
        if self.op is not None:
            facts.append(f"op={self.op.name}")
        elif self.requires_grad:
            facts.append("requires_grad=True")
        return f"{type(self).__name__}({', '.join(facts)})"

    def __format__(self, spec: str) -> str:
        """``f"{loss:.3f}"``: a tensor of one entry is formatted as the number it is."""
        if not spec:
            return str(self)
        if self.size != 1:
            raise ShapeError(
                with_user_line(f"format: {self.describe()} has {self.size} entries, and {spec!r} formats one number")
            )
        try:
            return format(self.item(), spec)
        except ValueError as error:
            raise ArgumentError(with_user_line(f"format: {self.describe()}: {error}")) from None

    # -- writing in place ---------------------------------------------------------------------

    def assign_(self, value: TensorLike) -> Tensor:
        """Overwrite all values in place (same shape; cast to its dtype). The graph notices.

        Raises:
            MutatedTensorError: it is the result of a recorded op.
            ShapeError: `value` has another shape.
        """
        value = np.asarray(value)
        if value.shape != self.shape:
            raise ShapeError(with_user_line(f"assign_: {self.describe()} takes {self.shape}, not {value.shape}"))
        self.writable("assign_")[...] = value
        return self

    def __setitem__(self, index: Any, value: TensorLike) -> None:
        if isinstance(value, Tensor) and value.requires_grad and current().records:
            raise GradientError(
                with_user_line("item assignment does not record gradients: use where, concatenate or scatter_add")
            )
        self.writable("item assignment")[_plain_index(index)] = np.asarray(value)

    def writable(self, what: str = "writable") -> np.ndarray:
        """Its array, to be overwritten now. Counts as a change (`version`), which recorded graphs notice.

        Views and snapshots taken earlier keep the old values: a shared array is copied first.

        Raises:
            MutatedTensorError: it is no leaf.
            GradientError: it requires a gradient, and operations are recorded.
        """
        if self.op is not None:
            made = f"was computed by {self.op.name}; only leaves can be overwritten"
            raise MutatedTensorError(with_user_line(f"{what}: {self.path} {self.describe()} {made}"))
        if self.requires_grad and current().records:
            need = "requires a gradient; overwrite it under no_grad()"
            raise GradientError(with_user_line(f"{what}: {self.path} {self.describe()} {need}"))
        if (tape := current().tape) is not None:
            tape.refuse(f"{what}: {self.path} {self.describe()} is overwritten")
        if self._array is None or reads.get() is not None:
            self.numpy()  # raises, or is noted
        assert self._array is not None
        self.version = next_number()
        Writes.latest = max(Writes.latest, self.version)
        if sys.getrefcount(self._array) > 2 or not self._array.flags.owndata or not self._array.flags.writeable:
            self._array = self._array.copy()
        return self._array

    # -- its gradient -------------------------------------------------------------------------

    def detach(self) -> Tensor:
        """The same values, cut from the graph."""
        cut = Tensor(self._array)
        cut._spec = self._spec
        cut.name = self.name
        cut.source = "detach"
        if (tape := current().tape) is not None:
            tape.same(cut, self)
        elif (seen := reads.get()) is not None:
            seen.append(self)
        return cut

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient of this leaf (or no longer); returns itself.

        Raises:
            GradientError: it is no leaf.
            DTypeError: it is not floating-point.
        """
        if self.op is not None:
            raise GradientError(with_user_line(f"requires_grad_: {self.path} is not a leaf; use detach()"))
        if requires_grad and self.dtype.kind != "f":
            raise DTypeError(with_user_line(f"only floating-point tensors have gradients, not {self.describe()}"))
        self.requires_grad = requires_grad
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles of a leaf are leaves of their own: two nodes never share a number."""
        if self.op is not None:
            raise GradientError(with_user_line(f"{self.path} is not a leaf and cannot be copied; copy its detach()"))
        return _leaf, (type(self), self._array, self._spec, self.requires_grad, self.name, self.role)

    def _extra(self) -> Extra:
        if self.extra is None:
            self.extra = Extra()
        return self.extra

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this intermediate result in `.grad` when backward reaches it.

        Raises:
            GradientError: it does not require a gradient.
        """
        if not self.requires_grad:
            raise GradientError(with_user_line(f"retain_grad: {self.path} does not require a gradient"))
        self._extra().retains_grad = True
        return self

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Callable[[], None]:
        """Call ``hook(gradient)`` when backward reaches it; a returned tensor replaces the gradient.

        Returns a function that removes the hook.

        Raises:
            GradientError: it does not require a gradient.
        """
        if not self.requires_grad:
            raise GradientError(with_user_line(f"register_hook: {self.path} does not require a gradient"))
        hooks = self._extra().hooks
        hooks.append(hook)
        return lambda: hooks.remove(hook) if hook in hooks else None


def _leaf(kind: type[Tensor], array: Any, spec: Any, requires_grad: bool, name: str | None, role: str | None) -> Tensor:
    x = kind.__new__(kind)
    Tensor.__init__(x, array, requires_grad=requires_grad)
    x._spec, x.name, x.role = spec, name, role
    return x


def _plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(i.numpy() if isinstance(i, Tensor) else i for i in index)
    return index.numpy() if isinstance(index, Tensor) else index


def abstract(shape: tuple[int, ...], dtype: Any = np.float64) -> Tensor:
    """A tensor with a shape and dtype but no values, for tracing."""
    t = Tensor(None)
    t._spec = (tuple(shape), np.dtype(dtype))
    return t
