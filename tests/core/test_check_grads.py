"""check_grads passes what is right and blames what is wrong: each op below with a fault is named by it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import REGISTRY, errors

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 3))


@pytest.fixture
def faulty():
    """Declares ops for one test."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def network(x, W, op=lambda h: h):
    for t in range(4):
        with tg.scope("cell"), tg.scope(f"t={t}", step=t):
            x = (x @ W).tanh().named("h")
            if t == 2:
                x = op(x).named("y")
    return x


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("modes", [("forward",), ("reverse",), ("forward", "reverse")])
def test_right_rules_pass(order, modes):
    tg.check_grads(network, (X, W), order=order, modes=modes)


def test_kinds_of_arguments_and_results():
    tg.check_grads(lambda x: x * x, 3.0)
    tg.check_grads(lambda x: x * x, X.astype(np.float32))  # computed in float64
    tg.check_grads(lambda p, k: {"y": p["x"] ** k, "n": 3, "m": p["x"] > 0}, ({"x": tg.tensor(X)}, 3))
    tg.check_grads(lambda x, i: x[i], (X, np.array([0, 1, 0])))
    tg.check_grads(lambda x: x * x, np.zeros((0, 3)))


def test_a_wrong_partial_is_located(faulty):
    @tg.elementwise([lambda y, x: 2 * y])
    def twice_exp(x):
        return np.exp(x)

    with pytest.raises(errors.GradientCheckError) as error:
        tg.check_grads(lambda x, W: network(x, W, twice_exp), (X, W))
    message = str(error.value)
    for part in [
        "twice_exp is wrong",
        "cell/t=2/y",
        "time step 2",
        "entry [0, 0] of operand x (cell/t=2/h)",
        "forward",
    ]:
        assert part in message, message
    derived, measured = numbers(message)
    assert derived / measured == pytest.approx(2, rel=1e-6)
    assert "test_check_grads.py" in message


def numbers(message):
    """The two numbers an error quotes: derived, measured."""
    derived = message.split(" mode")[0].rsplit(" is ", 1)[1].split()[0]
    return float(derived), float(message.split("by differences ")[1].split("\n")[0].split(";")[0])


def test_one_wrong_entry_of_one_operand(faulty):
    def second(g, y, a, b):
        wrong = np.ones(b.shape)
        wrong[1, 2] = 1.001
        return g * a * wrong

    @tg.primitive(shape=lambda a, b: a, vjps=[lambda g, y, a, b: g * b, second], linear="each")
    def product(a, b):
        return a * b

    with pytest.raises(errors.GradientCheckError) as error:
        tg.check_grads(lambda a, b: (product(a, b) ** 2).sum(), (X, X + 1), modes=("reverse",))
    assert "product is wrong" in str(error.value)
    assert "entry [1, 2] of operand b is" in str(error.value)
    derived, measured = numbers(str(error.value))
    assert derived / measured == pytest.approx(1.001, rel=1e-7)


def test_a_rule_that_cannot_be_differentiated_is_found_at_second_order(faulty):
    @tg.primitive(shape=lambda x: x, vjps=[lambda g, y, x: g * (x.numpy() if isinstance(x, tg.Tensor) else x)])
    def half_square(x):
        return x * x / 2

    tg.check_grads(lambda x: half_square(x), X, order=1)
    with pytest.raises(errors.GradientCheckError, match=r"half_square is wrong.*derivative of order 2.*is 0 in"):
        tg.check_grads(lambda x: half_square(x), X, modes=("reverse",))


def test_a_wrong_forward_rule_is_told_from_the_reverse_one(faulty):
    @tg.primitive(shape=lambda x: x, vjps=[lambda g, y, x: 2 * g], jvp=lambda tangents, y, x: 3 * tangents[0])
    def double(x):
        return 2 * x

    tg.check_grads(double, X, modes=("reverse",))
    with pytest.raises(errors.GradientCheckError, match=r"double is wrong.*is 3 in forward mode, by differences 2"):
        tg.check_grads(double, X)


def test_the_operand_of_a_variadic_op_is_numbered(faulty):
    @tg.primitive(shape=lambda *xs: xs[0], vjps=lambda g, y, *xs: lambda i: g * (1 + (i == 2)))
    def total(*xs):
        return sum(xs)

    with pytest.raises(errors.GradientCheckError, match=r"operand xs\[2\]"):
        tg.check_grads(total, (X, X, X, X), order=1)


def test_a_cut_graph_blames_no_op():
    with pytest.raises(errors.GradientCheckError) as error:
        tg.check_grads(lambda a, b: (b * b * b.detach()).sum(), (tg.tensor(X), tg.tensor(X, name="b")))
    assert "entry [0, 0] of argument 1 (b)" in str(error.value)
    assert "cut from the graph" in str(error.value)


def test_tolerance_and_eps():
    def nearly(x):
        return x * x + 1e-4 * x.detach()

    with pytest.raises(errors.GradientCheckError):
        tg.check_grads(nearly, X)
    tg.check_grads(nearly, X, atol=1e-2)
    tg.check_grads(lambda x: x.exp(), X, eps=1e-4, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: tg.check_grads(lambda x: x, X, order=0), errors.ArgumentError, "order ≥ 1"),
        (lambda: tg.check_grads(lambda x: x, X, modes=("backward",)), errors.ArgumentError, "'backward'"),
        (lambda: tg.check_grads(lambda x: x * RNG.normal(), X), errors.ArgumentError, "not deterministic"),
        (lambda: tg.check_grads(lambda x: tg.log(x * 0), 1.0), errors.NonFiniteError, "not finite"),
        (lambda: tg.check_grads(lambda x: x.astype(np.float32), X), errors.DTypeError, "float32"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_errors(call, kind, said):
    with pytest.raises(kind, match=said) as error:
        call()
    assert "test_check_grads.py" in str(error.value)
