"""What generated programs import."""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.np.numpy_support import carray

from .native import address32, address64, at, intrinsic, pointed
from .products import FAST
from .saved import inner

__all__ = ["ORDERED", "at", "compiled", "float32s", "float64s", "int64s", "plus", "product"]

#: Generated loops keep the order of a formula: (x − m) − s is not x − (m + s), which loses digits where m is large.
ORDERED: Any = FAST | {"fastmath": FAST["fastmath"] - {"reassoc"}}

_MANY = 1 << 48

# LLVM checks at run time whether the rows that a loop reads and writes overlap, and by default hoists the check out of
# the loop over rows, where the rows of one array do overlap: the scalar loop, five times as slow, would always run.
# The option is the process's, and changes only where such checks stand.
binding.set_option("", "--hoist-runtime-checks=false")


def compiled(function: Any) -> Any:
    """The loops of a program, whose arrays are distinct."""
    return inner(noalias=True, **ORDERED)(function)


@inner(forceinline=True, **FAST)
def plus(total, value):
    """total + value, in a sum whose order is free: so it becomes vector instructions."""
    return total + value


@inner(**FAST)
def float32s(number):
    """A flat array at an address."""
    return carray(address32(number), (_MANY,))


@inner(**FAST)
def float64s(number):
    """A flat array at an address."""
    return carray(address64(number), (_MANY,))


@inner(**FAST)
def int64s(number):
    """A flat array at an address."""
    return carray(pointed(number, number), (_MANY,))


@intrinsic
def _call(
    typingctx: Any, function: Any, M: Any, K: Any, A: Any, lda: Any, P: Any, N: Any, C: Any, ldc: Any, add: Any
) -> Any:
    n = types.intp
    signature = types.void(n, n, n, A, n, P, n, C, n, types.boolean)

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, v: Any) -> Any:
        integer, pointer = v[0].type, v[3].type
        kinds = [integer, integer, pointer, integer, integer, pointer, integer, pointer, integer, ir.IntType(8)]
        target = b.inttoptr(v[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        one = ir.Constant(integer, 1)
        flag = b.zext(v[9], ir.IntType(8)) if v[9].type.width == 1 else v[9]
        b.call(target, [v[1], v[2], v[3], v[4], one, v[5], v[6], v[7], v[8], flag])
        return context.get_dummy_value()

    return signature, codegen


@inner(**FAST)
def product(multiply, M, K, A, lda, P, N, C, ldc, add):
    """C (M × N) = or += A (M × K) @ packed weights, by the compiled function at the address `multiply`."""
    _call(multiply, M, K, A, lda, P, N, C, ldc, add)
