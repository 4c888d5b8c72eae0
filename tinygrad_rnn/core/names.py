"""Names that people who come from PyTorch, JAX or NumPy try, and what to write here: for AttributeErrors."""

from __future__ import annotations

from collections.abc import Mapping

_EXPLICIT = "randomness is explicit here: pass generator=np.random.default_rng(seed)"
_DTYPE = "dtypes are NumPy's: np.{name}"
_CPU = "tensors live in the memory of the CPU; leave it out"
_FUNCTION = "activations and losses are functions: tg.{0}"

#: ``tg.manual_seed``
PACKAGE = {
    "abs": "tg.absolute(x) or abs(x)", "array": "tg.tensor(data)", "asarray": "tg.tensor(data)",
    "as_tensor": "tg.tensor(data)", "autograd": "tg.grad, tg.vjp, tg.jvp, tg.jacobian and tg.hessian",
    "bmm": "tg.matmul(a, b)", "bool": "dtypes are NumPy's: np.bool_", "cat": "tg.concatenate(tensors, axis=0)",
    "clamp": "tg.clip(x, low, high)", "cuda": _CPU, "device": _CPU, "det": "tg.linalg.det(a)",
    "div": "tg.divide(a, b)",
    "empty": "tg.zeros(shape)", "erfc": "1 - tg.erf(x)",
    "from_numpy": "tg.tensor(array)", "functional": "activations and losses are functions of tg",
    "get_default_dtype": "the dtype is that of the data; layers take dtype=",
    "index_select": "tg.take(x, indices, axis)",
    "inv": "tg.linalg.inv(a)", "inverse": "tg.linalg.inv(a)", "jacfwd": "tg.jacobian(f), which chooses the mode",
    "jacrev": "tg.jacobian(f), which chooses the mode", "jit": "tg.compile(f) for a function, tg.scan for a cell",
    "manual_seed": _EXPLICIT, "masked_fill": "tg.where(mask, value, x)", "mm": "tg.matmul(a, b)",
    "mod": "tg.remainder(a, b)",
    "mul": "tg.multiply(a, b)", "neg": "tg.negative(x)", "nonzero": "np.nonzero(x)",
    "normal": "tg.randn(shape, generator=…)",
    "numel": "x.size", "numpy": "NumPy itself: np.sin(x) of a tensor is a tensor", "one_hot": "tg.eye(n)[indices]",
    "pow": "tg.power(a, b)", "randint": "np.random.default_rng(seed).integers(…)", "random": _EXPLICIT,
    "seed": _EXPLICIT,
    "set_default_dtype": "the dtype is that of the data; layers take dtype=", "solve": "tg.linalg.solve(a, b)",
    "sub": "tg.subtract(a, b)", "svd": "tg.linalg.svd(a)", "utils": "tg.data, and tg.optim.clip_grad_norm_",
    "value_and_gradient": "tg.value_and_grad(f)", "Variable": "tg.tensor(data, requires_grad=True)",
    **{name: _DTYPE.format(name=name) for name in ("float16", "float32", "float64", "int32", "int64")},
}  # fmt: skip

#: ``tg.nn.CrossEntropyLoss``
NN = {
    **{name: _FUNCTION.format(f"{ours}(x)") for name, ours in {
        "ELU": "elu", "GELU": "gelu", "Hardsigmoid": "hard_sigmoid", "Hardtanh": "hard_tanh", "LeakyReLU": "leaky_relu",
        "LogSoftmax": "log_softmax", "ReLU": "relu", "SiLU": "silu", "Sigmoid": "sigmoid", "Softmax": "softmax",
        "Softplus": "softplus", "Softsign": "softsign", "Tanh": "tanh",
    }.items()},
    "BCEWithLogitsLoss": _FUNCTION.format("bce_with_logits(logits, targets)"),
    "CrossEntropyLoss": _FUNCTION.format("cross_entropy(logits, targets)"),
    "MSELoss": _FUNCTION.format("mse(a, b)"), "NLLLoss": _FUNCTION.format("cross_entropy(logits, targets)"),
    "Flatten": "x.reshape(len(x), -1)", "Identity": "leave it out",
    "functional": "activations and losses are functions of tg, not of tg.nn",

    "LayerNorm": "tg.nn.LayerNormLSTMCell, or (x - x.mean(-1, True)) / x.std(-1, keepdims=True) in a cell of your own",
    "ModuleDict": "a dict attribute: modules in dicts, lists and tuples are found",
    "ModuleList": "a list attribute: modules in lists, tuples and dicts are found",
    "ParameterList": "a list attribute: parameters in lists, tuples and dicts are found",
    "RNNBase": "tg.nn.Recurrent(cell)", "utils": "tg.optim.clip_grad_norm_ and clip_grad_value_",
}  # fmt: skip

#: ``x.view``
TENSOR = {
    "add_": "x.assign_(x.numpy() + y) of a leaf, or x = x + y", "at": "tg.where or tg.scatter_add give a new tensor",
    "bool": "x.astype(bool)", "block_until_ready": "values are there at once; leave it out",
    "clamp": "x.clip(low, high)",
    "clone": "x.copy()", "contiguous": "tensors need no such care; leave it out", "copy_": "x.assign_(values)",
    "cpu": _CPU, "cuda": _CPU, "data": "x.detach() or x.numpy() to read, x.assign_(values) to write", "device": _CPU,
    "dim": "x.ndim", "double": "x.astype(np.float64)", "eq": "x == y", "fill": "x.assign_(np.full(x.shape, value))",
    "fill_": "x.assign_(np.full(x.shape, value))", "float": "x.astype(np.float32)", "grad_fn": "x.op",
    "half": "x.astype(np.float32), the smallest float here", "index_select": "x.take(indices, axis)",
    "int": "x.astype(np.int64)", "is_cuda": _CPU, "long": "x.astype(np.int64)",
    "masked_fill": "tg.where(mask, value, x)",
    "mm": "x @ y", "mul": "x * y", "mul_": "x.assign_(x.numpy() * y) of a leaf, or x = x * y", "neg": "-x",
    "nbytes": "x.numpy().nbytes", "itemsize": "x.dtype.itemsize", "nonzero": "np.nonzero(x)", "numel": "x.size",
    "pow": "x ** y", "sort": "tg.sort(x), a new tensor", "sub": "x - y", "t": "x.T", "to": "x.astype(dtype)",
    "type": "x.astype(dtype)", "view": "x.reshape(…)", "view_as": "x.reshape(y.shape)",
    "expand_as": "x.expand(y.shape)",
    "zero_": "x.assign_(np.zeros(x.shape))", "zero_grad": "x.grad = None",
}  # fmt: skip


def no_attribute(owner: str, name: str, known: Mapping[str, str], elsewhere: str | None = None) -> AttributeError:
    """The error for a name that is not there: what to write here, as far as a table or another place knows."""
    instead = known.get(name) or elsewhere
    return AttributeError(f"{owner} has no attribute {name!r}" + (f"; here: {instead}" if instead else ""))
