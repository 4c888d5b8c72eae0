"""Figures of gradients through time, by matplotlib."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, with_user_line

if TYPE_CHECKING:
    from .flow import GradientFlow


def figure_in_a_notebook(plot: Callable[[], Any]) -> dict[str, str]:
    """A figure as SVG for a notebook; nothing where matplotlib is not installed: what it shows is an extra."""
    if importlib.util.find_spec("matplotlib") is None:
        return {}
    file = io.StringIO()
    plot().savefig(file, format="svg")
    return {"image/svg+xml": file.getvalue()[file.getvalue().index("<svg") :]}


def check_figure_path(what: str, path: str | os.PathLike[str] | None) -> None:
    """Raise if a figure cannot be saved under this name: it is said before anything is computed.

    Raises:
        ArgumentError: it ends in something else than .svg, .png or .pdf.
    """
    if path is not None and Path(path).suffix.lower() not in (".svg", ".png", ".pdf"):
        raise ArgumentError(with_user_line(f"{what}: a figure ends in .svg, .png or .pdf, not {os.fspath(path)!r}"))


def plot_flow(flow: GradientFlow) -> Any:
    """Norms, credit, singular values and exponents, on one figure.

    Raises:
        ArgumentError: matplotlib is not installed.
    """
    try:
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure
    except ImportError:
        raise ArgumentError(with_user_line("plot: needs matplotlib: pip install matplotlib")) from None
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    ((norms, credit), (values, exponents)) = figure.subplots(2, 2)
    T = len(flow.credit)
    for name, style in zip(flow.states, ("-", "--", ":", "-.") * len(flow.states), strict=False):
        norms.semilogy(range(T), np.where(flow.norms[name] > 0, flow.norms[name], np.nan), style, label=name)
    norms.set(xlabel="time step t", ylabel="‖∂L/∂state_t‖", title="gradient of the loss")
    norms.legend()
    shown = np.ma.masked_less_equal(flow.credit, 0)
    top = float(flow.credit.max()) or 1.0
    image = credit.imshow(shown, origin="lower", norm=LogNorm(max(float(shown.min() or 0), top * 1e-8), top))
    credit.set(xlabel="state of step t", ylabel="loss of step s", title="credit ‖∂ℓ_s/∂state_t‖")
    figure.colorbar(image, ax=credit)
    distance = np.arange(T, 0, -1)
    above = flow.singular_values > 1e-15 * flow.singular_values[:, :1]  # the others are rounding
    values.semilogy(distance, np.where(above, flow.singular_values, np.nan), color="0.6", lw=0.8)
    values.semilogy(distance, flow.singular_values[:, 0], color="C0", label="largest")
    values.set(xlabel="steps back from the last", ylabel="singular value", title="∂state_T/∂state_t")
    values.legend()
    exponents.plot(np.where(np.isfinite(flow.lyapunov), flow.lyapunov, np.nan), "o", ms=3)
    exponents.axhline(0, color="0.5", lw=0.8)
    exponents.set(xlabel="index", ylabel="λ per step", title="Lyapunov exponents")
    figure.suptitle(flow.title)
    return figure
