"""A register tile: the innermost loop of every matrix product, emitted as vector instructions.

    C[i, j] (+)= Σ_k A[i, k] · P[k, j]      for MR rows i and NV vectors of columns j

All MR × NV accumulators stay in registers; each step of k loads NV vectors of P, one scalar of A per row, and does
MR × NV fused multiply-adds. k runs in order in every variant, so a row's result does not depend on its neighbours.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding as binding
import numba.np.numpy_support
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, config

from .native import intrinsic


class Tile(NamedTuple):
    """`lanes` numbers in a vector, `vectors` vectors in a panel, and the heights to cut rows into, tallest first."""

    lanes: int
    vectors: int
    heights: tuple[int, ...]

    @property
    def width(self) -> int:
        return self.lanes * self.vectors


def heights() -> tuple[int, ...]:
    """How many rows the tiles have, tallest first, whatever the dtype."""
    return tile_for(np.dtype(np.float32)).heights


@cache
def tile_for(dtype: np.dtype) -> Tile:
    """The tile that fills the vector registers that Numba may use: AVX-512, AVX2, or 128 bits (SSE2, NEON).

    They are this processor's, or those that the environment variable ``NUMBA_CPU_FEATURES`` names.
    """
    given = config.CPU_FEATURES  # type: ignore[attr-defined]
    features = binding.get_host_cpu_features() if given is None else {x[1:]: x[0] == "+" for x in given.split(",") if x}
    size = np.dtype(dtype).itemsize
    if features.get("avx512f"):
        return Tile(64 // size, 2, (8, 4, 2, 1))
    if features.get("avx"):
        return Tile(32 // size, 2, (6, 4, 2, 1))
    many = "aarch64" in binding.get_process_triple()  # 32 registers there, 16 on x86-64
    return Tile(16 // size, 4 if many else 2, (6, 4, 2, 1))


def padded(columns: int, dtype: Any) -> int:
    """Columns rounded up to whole panels: the row length that a product writes."""
    width = tile_for(np.dtype(dtype)).width
    return -(-columns // width) * width


@intrinsic
def panel_width(typingctx: Any, pointer: Any) -> Any:
    """The columns of a panel of numbers of the kind `pointer` points to."""
    width = tile_for(_dtype(pointer)).width

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.intp, width)

    return types.intp(pointer), codegen


def _dtype(pointer: Any) -> np.dtype:
    return numba.np.numpy_support.as_dtype(pointer.dtype)


def tile_of(rows: int) -> Any:
    """The tile of `rows` rows as a function (K, A, row stride, column stride, P, C, row stride, accumulate)."""

    @intrinsic
    def tile(typingctx: Any, K: Any, A: Any, row: Any, column: Any, P: Any, C: Any, ldc: Any, accumulate: Any) -> Any:
        n = types.intp
        signature = types.void(n, A, n, n, A, A, n, types.boolean)
        lanes, vectors, _ = tile_for(_dtype(A))
        size = _dtype(A).itemsize
        number = ir.FloatType() if size == 4 else ir.DoubleType()
        vector = ir.VectorType(number, lanes)
        fma_name = f"llvm.fma.v{lanes}f{8 * size}"

        def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            K, A, row, column, P, C, ldc, accumulate = arguments
            integer = K.type

            def constant(k: int) -> ir.Constant:
                return ir.Constant(integer, k)

            def vector_at(base: Any, offset: Any) -> Any:
                return b.bitcast(b.gep(base, [offset]), vector.as_pointer())

            def load(base: Any, offset: Any) -> Any:
                value: Any = b.load(vector_at(base, offset))
                value.align = size
                return value

            def c_offset(i: int, j: int) -> Any:
                return b.add(b.mul(ldc, constant(i)), constant(j * lanes))

            cells = [(i, j) for i in range(rows) for j in range(vectors)]
            from_c, from_zero, loop, done = (
                b.append_basic_block(name) for name in ("from_c", "from_zero", "k", "done")
            )
            a_rows = [b.gep(A, [b.mul(row, constant(i))]) for i in range(rows)]
            b.cbranch(accumulate, from_c, from_zero)
            b.position_at_end(from_c)
            old = {cell: load(C, c_offset(*cell)) for cell in cells}
            b.cbranch(b.icmp_signed(">", K, constant(0)), loop, done)
            b.position_at_end(from_zero)
            zero = ir.Constant(vector, None)
            b.cbranch(b.icmp_signed(">", K, constant(0)), loop, done)

            b.position_at_end(loop)
            k = b.phi(integer)
            k.add_incoming(constant(0), from_c)
            k.add_incoming(constant(0), from_zero)
            sums = {cell: b.phi(vector) for cell in cells}
            for cell in cells:
                sums[cell].add_incoming(old[cell], from_c)
                sums[cell].add_incoming(zero, from_zero)
            panel = b.gep(P, [b.mul(k, constant(lanes * vectors))])
            p = [load(panel, constant(j * lanes)) for j in range(vectors)]
            fma = cgutils.get_or_insert_function(b.module, ir.FunctionType(vector, [vector] * 3), fma_name)
            a_offset = b.mul(k, column)
            undefined = ir.Constant(vector, ir.Undefined)
            lanes_of_zero = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
            added = {}
            for i in range(rows):
                one = b.insert_element(undefined, b.load(b.gep(a_rows[i], [a_offset])), ir.Constant(ir.IntType(32), 0))
                spread = b.shuffle_vector(one, undefined, lanes_of_zero)
                for j in range(vectors):
                    added[i, j] = b.call(fma, [spread, p[j], sums[i, j]])
            following = b.add(k, constant(1))
            k.add_incoming(following, loop)
            for cell in cells:
                sums[cell].add_incoming(added[cell], loop)
            b.cbranch(b.icmp_signed("<", following, K), loop, done)

            b.position_at_end(done)
            for cell in cells:
                result = b.phi(vector)
                result.add_incoming(old[cell], from_c)
                result.add_incoming(zero, from_zero)
                result.add_incoming(added[cell], loop)
                sums[cell] = result
            for cell in cells:
                stored: Any = b.store(sums[cell], vector_at(C, c_offset(*cell)))
                stored.align = size
            return context.get_dummy_value()

        return signature, codegen

    return tile
