"""Every op, declared once, by theme. What a file exports is said in its own `__all__`."""

from . import interop as _interop  # noqa: F401  (teaches NumPy's functions about Tensor)
from . import methods as _methods  # noqa: F401  (attaches operators and methods to Tensor)
from .activations import *
from .arithmetic import *
from .comparisons import *
from .creation import *
from .cumulative import *
from .einstein import *
from .extrema import *
from .functions import *
from .indexing import *
from .joining import *
from .linalg import *
from .log_sum_exp import *
from .lookup import *
from .losses import *
from .random import *
from .reduce import *
from .shaping import *
from .sorting import *
from .statistics import *

__all__: list[str] = []
__all__ += activations.__all__
__all__ += arithmetic.__all__
__all__ += comparisons.__all__
__all__ += creation.__all__
__all__ += cumulative.__all__
__all__ += einstein.__all__
__all__ += extrema.__all__
__all__ += functions.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += log_sum_exp.__all__
__all__ += lookup.__all__
__all__ += losses.__all__
__all__ += random.__all__
__all__ += reduce.__all__
__all__ += shaping.__all__
__all__ += sorting.__all__
__all__ += statistics.__all__
