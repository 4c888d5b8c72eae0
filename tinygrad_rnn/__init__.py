"""tinygrad_rnn: recurrent networks as graphs you can see, derive, step through and compile.

import tinygrad_rnn as tg
"""

from __future__ import annotations

from .core.declare import primitive
from .core.elementwise import elementwise
from .core.graph import Graph, trace
from .core.mode import detect_anomaly, enable_grad, no_grad, scope
from .core.op import Op
from .core.tensor import Tensor
from .ops import methods as _methods
from .ops.creation import tensor
