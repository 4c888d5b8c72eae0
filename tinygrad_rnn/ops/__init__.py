"""Every op, declared once, by theme. What a file exports is said in its own `__all__`."""

from ..core.names import TENSOR, answer
from ..core.tensor import Tensor
from . import interop as _interop  # noqa: F401  (teaches NumPy's functions about Tensor)
from . import methods as _methods  # noqa: F401  (attaches operators and methods to Tensor)
from .activations import *
from .arithmetic import *
from .averages import *
from .batching import *
from .comparisons import *
from .creation import *
from .differences import *
from .einstein import *
from .exponentials import *
from .extrema import *
from .functions import *
from .indexing import *
from .joining import *
from .keywords import answering, has_axis
from .linalg import *
from .log_sum_exp import *
from .lookup import *
from .losses import *
from .padding import *
from .products import *
from .random import *
from .rearranging import *
from .reductions import *
from .rounding import *
from .selecting import *
from .shaping import *
from .sorting import *
from .stacking import *
from .statistics import *
from .trigonometry import *
from .without_nan import *

__all__: list[str] = []
__all__ += activations.__all__
__all__ += arithmetic.__all__
__all__ += averages.__all__
__all__ += batching.__all__
__all__ += comparisons.__all__
__all__ += creation.__all__
__all__ += differences.__all__
__all__ += einstein.__all__
__all__ += exponentials.__all__
__all__ += extrema.__all__
__all__ += functions.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += log_sum_exp.__all__
__all__ += lookup.__all__
__all__ += losses.__all__
__all__ += padding.__all__
__all__ += products.__all__
__all__ += random.__all__
__all__ += rearranging.__all__
__all__ += reductions.__all__
__all__ += rounding.__all__
__all__ += selecting.__all__
__all__ += shaping.__all__
__all__ += sorting.__all__
__all__ += stacking.__all__
__all__ += statistics.__all__
__all__ += trigonometry.__all__
__all__ += without_nan.__all__

answer(Tensor, TENSOR | {name: f"the function tg.{name}" for name in __all__ if name not in TENSOR})
for _name in __all__:
    if has_axis(globals()[_name]):
        globals()[_name] = answering(globals()[_name])
