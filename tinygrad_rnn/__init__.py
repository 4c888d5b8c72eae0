"""tinygrad_rnn: recurrent networks as graphs you can see, derive, step through and compile.

import tinygrad_rnn as tg
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 11):  # noqa: UP036  (from a checkout, where no installer has asked)
    raise ImportError("tinygrad_rnn needs Python 3.11 or newer; this is " + sys.version.split()[0])

from .core import *
from .core import errors as errors
from .core.names import PACKAGE, no_attribute
from .ops import *

if TYPE_CHECKING:
    from . import data as data
    from . import linalg as linalg
    from . import nn as nn
    from . import onnx as onnx
    from . import optim as optim
    from . import strategies as strategies
    from . import training as training
    from .compile import UncompiledWarning as UncompiledWarning
    from .compile import get_num_threads as get_num_threads
    from .compile import scan as scan
    from .compile import set_num_threads as set_num_threads
    from .derivation import backward_inputs as backward_inputs
    from .derivation import check_backward as check_backward
    from .derivation import derive as derive
    from .explorer import explore as explore
    from .io import load as load
    from .io import save as save
    from .measure import compare as compare
    from .measure import gradient_flow as gradient_flow
    from .measure import ledger as ledger
    from .measure import summary as summary
    from .nn.unroll import unroll as unroll
    from .strategies import compare_strategies as compare_strategies
    from .training import Trainer as Trainer
    from .training import train as train
    from .view import draw as draw

__version__ = "0.2.0"

#: What is imported when first used: name → module (the module itself, or the one that has the name).
_LAZY = {
    "linalg": "linalg",
    "nn": "nn",
    "onnx": "onnx",
    "optim": "optim",
    "data": "data",
    "io": "io",
    "view": "view",
    "draw": "view",
    "explore": "explorer",
    "compare": "measure",
    "summary": "measure",
    "ledger": "measure",
    "gradient_flow": "measure",
    "derive": "derivation",
    "check_backward": "derivation",
    "backward_inputs": "derivation",
    "unroll": "nn.unroll",
    "strategies": "strategies",
    "compare_strategies": "strategies",
    "compile": "compile",
    "scan": "compile",
    "UncompiledWarning": "compile",
    "get_num_threads": "compile",
    "set_num_threads": "compile",
    "training": "training",
    "train": "training",
    "Trainer": "training",
    "save": "io",
    "load": "io",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise no_attribute("module 'tinygrad_rnn'", name, PACKAGE.get(name))
    module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
    value = module if _LAZY[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def _in_a_notebook(thing: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """Tensors and graphs show their picture as the last line of a notebook cell."""
    from .view.notebook import mimebundle

    return mimebundle(thing)


Tensor._repr_mimebundle_ = Graph._repr_mimebundle_ = _in_a_notebook  # type: ignore[attr-defined]


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_LAZY))
