"""Writes docs/cells.md, its Chinese sister and their pictures from the catalogue: ``python tests/docs/cells_page.py``."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.cells_in_chinese import HEAD as CHINESE_HEAD
from docs.cells_in_chinese import SAID
from docs.cells_in_chinese import TAIL as CHINESE_TAIL

import tinygrad_rnn as tg
from tinygrad_rnn.cli.subject import cell

DOCS = Path(__file__).parents[2] / "docs"

HEAD = """\
# Cells

Equations are per time step, in the papers' symbols: h′ is the h of the step before, σ the sigmoid, ⊙ the product entry by
entry, D the number of inputs, H of units. Pictures are what `tinygrad-rnn draw NAME --level gate` draws. Every cell takes
`(input_size, hidden_size, bias=True, *, dtype, generator)`, runs under `tg.unroll`, `tg.scan` and `tg.nn.Recurrent`, and can
be drawn, derived and summarised; `tinygrad-rnn cells NAME` says on the command line what stands here.

```python
import numpy as np
import tinygrad_rnn as tg

layer = tg.nn.Recurrent(tg.nn.MGUCell(3, 8))
outputs, h = layer(np.ones((5, 2, 3), np.float32))
facts = tg.nn.catalogue()["mgu"]
print(outputs.shape, facts.parameters, sum(p.size for p in layer.parameters()))
```

```
(5, 2, 8) 2H(D + H + 1) 192
```

"""

TAIL = """\
## Around a cell

| Wrapper | What it does |
| --- | --- |
| `LearnedInitialState(cell)` | the initial state is a parameter, the same for every sample |
| `Zoneout(cell, p)` | in training, each unit keeps its old value with probability p (Krueger et al. 2017) |
| `RecurrentDropout(cell, p)` | in training, entries of the candidate are dropped, so that no memory is lost (Semeniuta et al. 2016) |
| `VariationalDropout(cell, p)` | in training, one mask for x and one for h′, the same at every step (Gal & Ghahramani 2016) |

```python
cell = tg.nn.LearnedInitialState(tg.nn.Zoneout(tg.nn.LSTMCell(3, 8), 0.1, generator=np.random.default_rng(0)))
layer = tg.nn.Recurrent(cell)
print(layer(np.ones((5, 2, 3), np.float32))[0].shape, layer.training, layer.eval().training)
```

```
(5, 2, 8) True False
```

`eval()` switches dropping off. Masks are drawn from the `generator`, anew for every call, also in compiled layers.

## Contradictions in the tutorial

The library implements a tutorial on the RNN family whose formulas are not always the standard ones. The cells `article…`
are its formulas taken literally; the standard cells say what was meant.

* It has three updates of c that exclude each other: (1, 4) in `ArticleCell`, (8) in `ArticleForgetCell`, (11) in
  `ArticleInputCell`. The standard one is c = f ⊙ c′ + i ⊙ c̃ (`LSTMCell`).
* Its gates are fed by c in section 3.4 and by h in section 3.5. The LSTM's are fed by h; peepholes add c (`PeepholeLSTMCell`).
* (1) squashes gates twice. σ(σ(·)) lies between 0.5 and 0.731: whatever is learned, half of a memory is gone after at most
  2.21 steps. σ(1 − f) stands where 1 − f is meant.
* (7) and (10) add vectors of different sizes; a weight is missing.
* `+` and `*` are both called matrix products; Hadamard products are meant.
* It gives the LSTM a reset gate; that is the GRU's.
* It calls the elements of a sequence independent and identically distributed, which would leave nothing to model.
* It credits tanh with curing vanishing gradients; the additive path of c does.
* "DEEP" (delayed element dependence) and "CM" (competitive memory) were found nowhere else, in English or Chinese. We read
  them as recurrence on delayed states (`DelayedRNNCell`) and local winner-take-all (`WinnerTakeAllCell`).
"""


def page() -> str:
    """The text of docs/cells.md."""
    parts = [HEAD, "| Cell | Parameters | When to use it |\n| --- | --- | --- |\n"]
    for f in tg.nn.catalogue().values():
        parts.append(f"| [{f.name}](#{f.kind.__name__.lower()}) | {f.parameters} | {f.use} |\n")
    for f in tg.nn.catalogue().values():
        paragraphs = re.split(r"\n\n(?!    )", inspect.cleandoc(f.kind.__doc__ or ""))
        said = [p for p in paragraphs[1:] if not p.startswith((">>>", "Raises:"))]
        said = ["Options:\n\n" + options(p) if p.startswith("Args:") else p for p in said]
        title = f.title.rstrip(".")
        parts.append(f"\n## {f.kind.__name__}\n\n{title}.\n\n```\n{f.equations}\n```\n\n")
        parts.append(f"![one step of {f.name}](cells/{f.name}.svg)\n\n")
        parts += [f"{text}\n\n" for text in said]
        parts.append(f"* Parameters: {f.parameters}\n* When: {f.use}\n* Source: {f.source}\n")
    return "".join([*parts, "\n", TAIL])


def chinese_page() -> str:
    """The text of docs/cells.zh-CN.md: the same cells, what is particular to one in few words."""
    parts = [CHINESE_HEAD, "| 单元 | 参数个数 | 何时使用 |\n| --- | --- | --- |\n"]
    for f in tg.nn.catalogue().values():
        parts.append(f"| [{f.name}](#{f.kind.__name__.lower()}) | {f.parameters} | {SAID[f.name][1]} |\n")
    for f in tg.nn.catalogue().values():
        title, use = SAID[f.name]
        parts.append(f"\n## {f.kind.__name__}\n\n{title}。\n\n```\n{f.equations}\n```\n\n")
        parts.append(f"![{f.name} 的一个时间步](cells/{f.name}.svg)\n\n")
        parts.append(f"* 参数个数：{f.parameters}\n* 何时使用：{use}\n* 出处：{f.source}\n")
    return "".join([*parts, CHINESE_TAIL])


def options(args: str) -> str:
    """The ``Args:`` of a docstring as a list."""
    lines = inspect.cleandoc(args.split("\n", 1)[1]).splitlines()
    return "\n".join(re.sub(r"^(\w+):", r"* `\1`:", line) if not line.startswith(" ") else "  " + line.strip()
                     for line in lines)  # fmt: skip


def picture(name: str) -> str:
    """One step of a cell at the level of gates, as SVG."""
    return tg.draw(cell(name), level="gate").svg


if __name__ == "__main__":
    (DOCS / "cells").mkdir(exist_ok=True)
    (DOCS / "cells.md").write_text(page(), encoding="utf-8")
    (DOCS / "cells.zh-CN.md").write_text(chinese_page(), encoding="utf-8")
    for name in tg.nn.catalogue():
        (DOCS / "cells" / f"{name}.svg").write_text(picture(name), encoding="utf-8")
