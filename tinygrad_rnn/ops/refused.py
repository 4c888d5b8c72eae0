"""Why a function of NumPy is no op on tensors."""

from __future__ import annotations

from typing import Any

#: Reason → names.
_WHY = {
    "has complex results": "angle eig eigvals roots sort_complex",
    "asks for the imaginary part, and tensors are real": "imag",
    "writes into its argument, and tensors are never written into; use where, concatenate or scatter_add": (
        "copyto fill_diagonal place put put_along_axis putmask"
    ),
    "is for whole numbers and bits, which have no gradient": (
        "bitwise_count bitwise_left_shift bitwise_right_shift gcd lcm ldexp left_shift packbits ravel_multi_index "
        "right_shift unpackbits unravel_index frexp modf"
    ),
    "counts or compares entries, and its result has no gradient": (
        "bincount histogram histogram2d histogram_bin_edges histogramdd intersect1d isin nextafter setdiff1d setxor1d "
        "spacing trim_zeros union1d unique unique_all unique_counts unique_inverse unique_values partition"
    ),
    "makes indices from a shape; pass an array of it": "diag_indices_from ix_ tril_indices_from triu_indices_from",
    "is about dates": "busday_count busday_offset datetime_as_string is_busday isnat",
    "reads or writes files; see tg.save": "save savetxt savez savez_compressed",
    "is about dtypes or plans, not about values": "common_type einsum_path min_scalar_type",
    "gives entries nobody has set; use zeros_like": "empty_like",
    "calls a function of arrays; call it on slices and stack the results": (
        "apply_along_axis apply_over_axes piecewise"
    ),
}
_REASONS = {name: why for why, names in _WHY.items() for name in names.split()}


def why_not(function: Any) -> str:
    """Why a function of NumPy is no op, as far as it is known."""
    if "fft" in (getattr(function, "__module__", None) or ""):
        return "has complex results"
    return _REASONS.get(function.__name__, "is not an op on tensors")
