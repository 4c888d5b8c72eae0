"""Addresses and atomic numbers inside compiled code: the few things Numba has no word for."""

from __future__ import annotations

import platform
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as _intrinsic
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from .saved import njit

#: Compiled code calls an intrinsic without its typing context, which a type checker cannot know.
intrinsic: Any = _intrinsic


@njit()
def address(array: np.ndarray) -> int:
    """Where an array's first entry is: a tenth of the time of ``array.ctypes.data`` from Python."""
    return array.ctypes.data


@intrinsic
def at(typingctx: Any, array: Any, offset: Any) -> Any:
    """The address of entry `offset` of a flat array."""
    pointer = types.CPointer(array.dtype)

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, b, arguments[0]).data
        return b.gep(data, [arguments[1]])

    return pointer(array, types.intp), codegen


@intrinsic
def keep(typingctx: Any, array: Any) -> Any:
    """An array is not freed before this: addresses taken of it (`at`) do not hold it."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return context.get_dummy_value()

    return types.void(array), codegen


@intrinsic
def moved(typingctx: Any, pointer: Any, offset: Any) -> Any:
    """The address `offset` entries further."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return b.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.intp), codegen


def _address_of(dtype: Any) -> Any:
    pointer = types.CPointer(numba.from_dtype(np.dtype(dtype)))

    @intrinsic
    def address(typingctx: Any, number: Any) -> Any:
        """An integer as the address of numbers."""

        def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            return b.inttoptr(arguments[0], context.get_value_type(pointer))

        return pointer(types.intp), codegen

    return address


@intrinsic
def pointed(typingctx: Any, number: Any, like: Any) -> Any:
    """An integer as the address of numbers of the kind of `like`."""
    pointer = types.CPointer(like)

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return b.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(types.intp, like), codegen


address32, address64 = _address_of(np.float32), _address_of(np.float64)


def zeros_like_pointed(pointer, count):
    """Inside compiled code: `count` zeros of the kind that `pointer` points to."""
    raise NotImplementedError("only inside compiled code")


@overload(zeros_like_pointed)
def _zeros_like_pointed(pointer, count):
    dtype = as_dtype(pointer.dtype)
    return lambda pointer, count: np.zeros(count, dtype)


@intrinsic
def atomic_add(typingctx: Any, array: Any, index: Any, amount: Any) -> Any:
    """Add to an entry of an int64 array; returns what it was before. Other threads see it at once."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, b, arguments[0]).data
        return b.atomic_rmw("add", b.gep(data, [arguments[1]]), arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), codegen


@intrinsic
def atomic_load(typingctx: Any, array: Any, index: Any) -> Any:
    """An entry of an int64 array as other threads last wrote it."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, b, arguments[0]).data
        return b.load_atomic(b.gep(data, [arguments[1]]), "seq_cst", 8)

    return types.int64(array, types.intp), codegen


@intrinsic
def atomic_store(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """Write an entry of an int64 array so that other threads see it, and all writes before it."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, b, arguments[0]).data
        b.store_atomic(arguments[2], b.gep(data, [arguments[1]]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


def _transfer(name: str) -> Any:
    @intrinsic
    def transfer(typingctx: Any, descriptor: Any) -> Any:
        """Read or write the number 1 (eight bytes): to sleep until somebody writes, or to wake who sleeps so."""

        def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            number, word, size = ir.IntType(64), ir.IntType(32), arguments[0].type
            function = ir.FunctionType(size, [word, number.as_pointer(), size])
            call = cgutils.get_or_insert_function(b.module, function, name)
            place = cgutils.alloca_once_value(b, ir.Constant(number, 1))
            return b.call(call, [b.trunc(arguments[0], word), place, ir.Constant(size, 8)])

        return types.intp(types.intp), codegen

    return transfer


#: The C library's own: a thread that sleeps and wakes without Python's lock is put on a processor that is free.
sleep_on = _transfer("_read" if platform.system() == "Windows" else "read")
wake_on = _transfer("_write" if platform.system() == "Windows" else "write")


@intrinsic
def let_others_run(typingctx: Any) -> Any:
    """Give the processor to another thread that waits for it, if there is one."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if platform.system() != "Windows":
            function = ir.FunctionType(ir.IntType(32), [])
            b.call(cgutils.get_or_insert_function(b.module, function, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def call_job(typingctx: Any, function: Any, arguments: Any, block: Any) -> Any:
    """Call the compiled job at an address: ``job(arguments, block)``."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, values: Any) -> Any:
        integer = values[0].type
        job = ir.FunctionType(ir.VoidType(), [integer.as_pointer(), integer])
        b.call(b.inttoptr(values[0], job.as_pointer()), [b.inttoptr(values[1], integer.as_pointer()), values[2]])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@intrinsic
def compare_and_swap(typingctx: Any, array: Any, index: Any, old: Any, new: Any) -> Any:
    """Write `new` to an entry of an int64 array if it still holds `old`; whether it did."""

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, b, arguments[0]).data
        pair = b.cmpxchg(b.gep(data, [arguments[1]]), arguments[2], arguments[3], "seq_cst", "seq_cst")
        return b.extract_value(pair, 1)

    return types.boolean(array, types.intp, types.int64, types.int64), codegen


@intrinsic
def pause(typingctx: Any) -> Any:
    """Tell the processor that this is a waiting loop."""
    machine = platform.machine().lower()

    def codegen(context: Any, b: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if machine in ("x86_64", "amd64"):
            b.call(
                cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"), []
            )
        elif machine in ("aarch64", "arm64"):
            hint = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
            hint_function = cgutils.get_or_insert_function(b.module, hint, "llvm.aarch64.hint")
            b.call(hint_function, [ir.Constant(ir.IntType(32), 1)])
        return context.get_dummy_value()

    return types.void(), codegen
