"""Every error says what went wrong, of which op and operands, what was expected, and on which line of the user."""

import copy
import json
import os
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors
from tinygrad_rnn.core.tensor import abstract


def named(name, *shape, dtype=np.float64, requires_grad=True):
    return tg.tensor(np.ones(shape, dtype), requires_grad=requires_grad, name=name)


def freed():
    y = (named("x", 3) * 2.0).named("y").sum().named("loss")
    y.backward()
    y.backward()


def overwritten():
    x, w = named("x", 3), named("w", 3)
    with tg.scope("cell"), tg.scope("t=2", step=2):
        y = (x * w).named("y")
    with tg.no_grad():
        w.assign_(np.zeros(3))
    y.sum().backward()


def wrong_gradient(dtype=np.float64, shape=(3,)):
    named("x", 2, 3).backward(tg.tensor(np.ones(shape, dtype)))


def in_scope():
    with tg.scope("lstm"), tg.scope("t=3", step=3):
        named("x", 2, 3) @ named("W", 4, 5)


def assigned():
    x = named("x", 3)
    with tg.no_grad():
        x.assign_(np.ones(4))


def assigned_result():
    y = (named("x", 3) * 2.0).named("y")
    y[0] = 1.0


CASES = {
    "shapes that do not broadcast": (
        lambda: named("a", 2, 3) + named("b", 4), errors.ShapeError,
        ["add(a: (2, 3) float64 'a', b: (4,) float64 'b')", "do not broadcast", "3 != 4"],
    ),
    "shapes of a product, in a time step": (
        in_scope, errors.ShapeError,
        ["matmul(a: (2, 3) float64 'x', b: (4, 5) float64 'W')", "3 != 4", "in lstm/t=3 at time step 3"],
    ),
    "an axis that is not there": (
        lambda: named("x", 2, 3).sum(axis=2), errors.ShapeError, ["sum(x: (2, 3)", "axis 2", "out of range"],
    ),
    "a reshape that does not fit": (
        lambda: named("x", 2, 3).reshape(4, 2), errors.ShapeError, ["reshape(x: (2, 3)", "6 entries", "(4, 2)"],
    ),
    "no number": (
        lambda: named("x", 3) + "three", errors.DTypeError, ["add", "str", "'three'"],
    ),
    "an unknown argument": (
        lambda: tg.sum(named("x", 3), axes=0), TypeError, ["sum", "'axes'", "axis, keepdims"],
    ),
    "too many operands": (
        lambda: tg.tanh(named("x", 3), 1, 2), TypeError, ["tanh", "x"],
    ),
    "gradient of integers": (
        lambda: tg.tensor([1, 2], requires_grad=True), errors.DTypeError, ["floating-point", "int64"],
    ),
    "non-scalar backward": (
        lambda: (named("x", 2, 3) * 2.0).named("y").backward(), errors.NonScalarBackwardError,
        ["backward", "y (2, 3) float64", "6 entries", "shape (2, 3)", ".sum()"],
    ),
    "backward without a gradient": (
        lambda: named("x", requires_grad=False).backward(), errors.GradientError, ["x ()", "does not require"],
    ),
    "a given gradient of the wrong shape": (
        wrong_gradient, errors.ShapeError, ["gradient of", "(2, 3) float64 'x'", "shape (3,)"],
    ),
    "a given gradient of the wrong dtype": (
        lambda: wrong_gradient(np.float32, (2, 3)), errors.DTypeError, ["gradient of", "(2, 3) float64", "float32"],
    ),
    "a second backward": (
        freed, errors.FreedGraphError, ["loss", "freed by an earlier backward()", "retain_graph=True"],
    ),
    "an overwritten operand": (
        overwritten, errors.MutatedTensorError,
        ["cell/t=2/y (multiply) at time step 2", "its b (3,) float64 'w'", "overwritten after multiply had used it"],
    ),
    "writing into a result": (
        assigned_result, errors.MutatedTensorError, ["item assignment", "y (3,)", "by multiply", "only leaves"],
    ),
    "writing outside no_grad": (
        lambda: named("x", 3).assign_(np.zeros(3)), errors.GradientError, ["assign_", "x (3,)", "no_grad()"],
    ),
    "writing another shape": (assigned, errors.ShapeError, ["assign_", "(3,) float64 'x'", "not (4,)"]),
    "a format of many": (
        lambda: f"{named('x', 3):.3f}", errors.ShapeError, ["format", "(3,) float64 'x'", "3 entries", "'.3f'"],
    ),
    "item of many": (lambda: named("x", 3).item(), errors.ShapeError, ["item()", "(3,) float64 'x'", "3 entries"]),
    "truth of many": (lambda: bool(named("x", 3)), errors.ShapeError, ["bool()", "(3,) float64 'x'", "3 entries"]),
    "hook without gradient": (
        lambda: named("x", requires_grad=False).register_hook(print), errors.GradientError, ["register_hook", "x"],
    ),
    "retain_grad without gradient": (
        lambda: named("x", requires_grad=False).retain_grad(), errors.GradientError, ["retain_grad", "x"],
    ),
    "requires_grad_ of a result": (
        lambda: (named("x", 3) * 2.0).requires_grad_(), errors.GradientError, ["multiply", "not a leaf", "detach()"],
    ),
    "a value of a traced tensor": (
        lambda: tg.trace(lambda x: x.named("x").numpy(), (2, 3)), errors.AbstractValueError,
        ["x: (2, 3) float32 'x'", "traced with a shape only"],
    ),
    "something the graph does not have": (
        lambda: tg.Graph(named("x") * 2.0).backward([named("w", 3)]), errors.NotInGraphError, ["w (3,) float64 'w'"],
    ),
    "an op with a missing rule": (
        lambda: tg.primitive(shape=lambda a, b: a, vjps=[None])(lambda a, b: a), errors.DeclarationError,
        ["2 operands", "1 rules in vjps"],
    ),
    "an elementwise op with a missing partial": (
        lambda: tg.elementwise([1, 1, 1])(lambda a, b: a), errors.DeclarationError, ["2 operands", "3 partials"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name):
    call, kind, said = CASES[name]
    with pytest.raises(kind) as error:
        call()
    for part in [*said, "test_core_errors.py:"]:
        assert part in str(error.value), str(error.value)


THROUGH = {
    "NumPy": lambda: np.testing.assert_allclose(abstract((2, 3)), 1.0),
    "copy": lambda: copy.deepcopy({"y": [named("x", 3) * 2.0]}),
    "pickle": lambda: pickle._dumps([named("x", 3) * 2.0]),  # the one written in Python, as `dumps` is without C
    "json": lambda: json.dumps([named("x", 3)], default=float),
}


@pytest.mark.parametrize("library", THROUGH)
def test_an_error_that_comes_through_a_library_names_the_users_line(library):
    with pytest.raises(errors.TinygradError) as error:
        THROUGH[library]()
    assert f"\n  at {__file__}:" in str(error.value)
    assert f'"{library}": lambda:' in str(error.value)


def test_a_package_installed_inside_pythons_own_folder_is_a_users():
    own = os.path.dirname(os.__file__)
    assert errors.between(os.path.join(own, "copy.py"))
    assert errors.between("<frozen runpy>")
    assert not errors.between(os.path.join(own, "site-packages", "theirs", "model.py"))


def test_errors_are_public():
    assert tg.errors is errors


def test_errors_are_also_what_python_calls_them():
    for kind, builtin in {
        errors.ShapeError: ValueError,
        errors.DTypeError: TypeError,
        errors.AbstractValueError: TypeError,
        errors.GradientError: RuntimeError,
        errors.NonFiniteError: FloatingPointError,
        errors.GradientCheckError: AssertionError,
        errors.ArgumentError: ValueError,
    }.items():
        assert issubclass(kind, builtin)
        assert issubclass(kind, errors.TinygradError)
    for kind in (
        errors.NonScalarBackwardError,
        errors.FreedGraphError,
        errors.MutatedTensorError,
        errors.NotInGraphError,
    ):
        assert issubclass(kind, errors.GradientError)
