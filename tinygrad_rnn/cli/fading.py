"""The tour's second part: how the gradient of a loss at the last step fades on its way back through time."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg

from .chart import bars, line_chart
from .page import Page

#: Label, cell, forget-gate bias.
CONTENDERS = (
    ("RNN", "RNN", None),
    ("GRU", "GRU", None),
    ("LSTM", "LSTM", None),
    ("LSTM, forget bias 2", "LSTM", 2.0),
)


def norms_by_step(kind: str, forget_bias: float | None, T: int = 60, H: int = 32) -> list[float]:
    """‖∂L/∂h_t‖ for t = 0 … T − 1, where L = Σ h_{T−1}² and the weights are as initialised."""
    cell = getattr(tg.nn, f"{kind}Cell")(4, H, dtype=np.float64, generator=np.random.default_rng(0))
    if forget_bias is not None:
        with tg.no_grad():
            cell.bias_ih[H : 2 * H] = forget_bias  # PyTorch's order of the gates: i, f, c̃, o
            cell.bias_hh[H : 2 * H] = 0.0
    state, hs = cell.initial_state(1), []
    for x in np.random.default_rng(1).normal(size=(T, 1, 4)):
        h, state = cell.step(tg.tensor(x), state)
        hs.append(h.retain_grad())
    (hs[-1] * hs[-1]).sum().backward()
    return [float(np.linalg.norm(h.grad.numpy())) for h in hs]


def gradients_through_time(page: Page) -> None:
    """Measure, print and chart ‖∂L/∂h_t‖: vanishing, unless the LSTM starts out remembering."""
    print("\n2. How a gradient travels back through time: ‖∂L/∂h_t‖ for a loss at the last step")
    norms = {label: norms_by_step(kind, bias) for label, kind, bias in CONTENDERS}
    last = len(norms["RNN"]) - 1
    shown = [last, last - 15, last - 30, last - 45, 0]
    top = max(max(line) for line in norms.values())
    for label, line in norms.items():
        print(f"   {label}\n{bars([line[t] for t in shown], [f't = {t}' for t in shown], top=top)}")
    page.heading("How a gradient travels back through time")
    page.paragraph(
        "The loss is at the last step. Going back, the plain RNN multiplies the gradient by one more Jacobian at every "
        "step, and it vanishes. So it does in a freshly initialised GRU or LSTM, whose half-open gates let only some "
        "two thirds of it through each step. But the LSTM's cell is a sum, c = f ⊙ c′ + i ⊙ c̃: let the forget gate f "
        "start near 1, by a bias of 2, and the gradient arrives (Gers et al. 2000; Jozefowicz et al. 2015)."
    )
    chart = line_chart(
        {label: list(enumerate(line)) for label, line in norms.items()},
        "gradient norm by time step", "time step t", "‖∂L/∂h_t‖", logarithmic=True,
    )  # fmt: skip
    page.chart(chart, "Norm of the gradient that reaches each time step (logarithmic). Read it from right to left.")
    ends = [[label, f"{line[-1]:.1e}", f"{line[last // 2]:.1e}", f"{line[0]:.1e}"] for label, line in norms.items()]
    page.table(["‖∂L/∂h_t‖", f"t = {last}", f"t = {last // 2}", "t = 0"], ends)
    carried = norms["LSTM, forget bias 2"][0] / norms["RNN"][0]
    page.fact(
        f"10^{np.log10(carried):.0f}",
        "times more gradient reaches the first of 60 steps in an LSTM that remembers than in an RNN",
    )
