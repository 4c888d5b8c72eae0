"""`tg.compile(step)`: to the bit what the step does as it is written; when it is traced again; why it is not."""

from __future__ import annotations

import gc
import os
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.nn import cells

pytestmark = pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
T, B, D, H, V = 5, 3, 2, 4, 8  # too many symbols for a table (compile.tables), which is equal to rounding only
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(T, B, D)), RANDOM.normal(size=(T, B, V))
SYMBOLS, CLASSES = RANDOM.integers(0, V, (T, B)), RANDOM.integers(0, V, (T, B))
Make = Callable[[], tuple[Callable[..., Any], tg.nn.Module]]


def network(cell: Any = tg.nn.LSTMCell, symbols: bool = False, **options: Any) -> tg.nn.Network:
    g = np.random.default_rng(1)
    inner = cell(D, H, dtype=np.float64, generator=g)
    return tg.nn.Network(inner, V, symbols=V if symbols else None, generator=g, **options)


def alike(make: Make, *batches: tuple[Any, ...], compiled: bool = True) -> Any:
    """Run a step as it is written and compiled, on the same batches: results, gradients and weights are the same."""
    (plain, net), (step, other) = make(), make()
    step = tg.compile(step)
    for batch in batches:
        expected, found = plain(*batch), step(*batch)
        for a, b in zip(flat(expected), flat(found), strict=True):
            np.testing.assert_array_equal(a, b, strict=True)
        for (name, p), (_, q) in zip(net.named_parameters(), other.named_parameters(), strict=True):
            np.testing.assert_array_equal(p.numpy(), q.numpy(), err_msg=name)
            assert (p.grad is None) == (q.grad is None), name
            if p.grad is not None and q.grad is not None:
                np.testing.assert_array_equal(p.grad.numpy(), q.grad.numpy(), err_msg=name)
    assert bool(step.traces) == compiled, step.reasons
    return step


def flat(results: Any) -> list[np.ndarray]:
    from tinygrad_rnn.core.trees import flatten

    return [np.asarray(x.numpy() if isinstance(x, tg.Tensor) else x) for x in flatten(results)[0]]


def training(
    net: tg.nn.Network, optimizer: Any = tg.optim.Adam, loss: Any = tg.mse, norm: float | None = 0.1, **options: Any
) -> tuple[Callable[..., Any], tg.nn.Module]:
    adapt = optimizer(net.parameters(), lr=0.01, **options)

    def step(x: Any, y: Any, lengths: Any = None) -> Any:
        adapt.zero_grad()
        outputs, state = net(x, None, lengths)
        error = loss(outputs, y)
        error.backward()
        size = None if norm is None else tg.optim.clip_grad_norm_(net.parameters(), norm)
        tg.optim.clip_grad_value_(net.parameters(), 0.05)
        adapt.step()
        return error, {"norm": size, "state": [s.detach() for s in flat_tensors(state)]}

    return step, net


def flat_tensors(state: Any) -> list[tg.Tensor]:
    from tinygrad_rnn.core.trees import flatten

    return flatten(state)[0]


@pytest.mark.parametrize("cell", [tg.nn.RNNCell, tg.nn.GRUCell, tg.nn.LSTMCell, tg.nn.PeepholeLSTMCell])
def test_cells(cell: Any) -> None:
    step = alike(lambda: training(network(cell)), *[(X * k, Y) for k in range(1, 5)])
    assert step.traces == 2  # without and with gradients of the step before


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (tg.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        (tg.optim.Adam, {"amsgrad": True}),
        (tg.optim.AdamW, {}),
        (tg.optim.RMSprop, {"centered": True, "momentum": 0.5}),
        (tg.optim.Adagrad, {}),
    ],
)
def test_optimizers(optimizer: Any, options: dict[str, Any]) -> None:
    alike(lambda: training(network(), optimizer, **options), *[(X, Y)] * 4)


def test_symbols_classes_and_lengths() -> None:
    batches = [(SYMBOLS, CLASSES), (SYMBOLS[::-1].copy(), CLASSES)] * 2
    alike(lambda: training(network(symbols=True), loss=tg.cross_entropy), *batches)
    for lengths in ([5, 2, 1], [3, 5, 4]):
        given = [(X, Y, np.array(lengths))] * 3
        alike(lambda: training(network()), *given)
        alike(lambda: training(network(at_end=True)), *[(X, Y[0], n) for *_, n in given])


def test_several_layers_and_carried_states() -> None:
    def make() -> Any:
        g = np.random.default_rng(1)
        layers = [
            tg.nn.GRUCell(D, H, dtype=np.float64, generator=g),
            tg.nn.LSTMCell(H, H, dtype=np.float64, generator=g),
        ]
        net = tg.nn.Network(layers, V, generator=g)
        adapt = tg.optim.Adam(net.parameters())
        carried: list[Any] = [net.initial_state(B)]

        def pulled(x: Any, y: Any, state: Any) -> Any:
            adapt.zero_grad()
            outputs, after = net(x, state)
            loss = tg.mse(outputs, y)
            loss.backward()
            adapt.step()
            return loss, tuple(tuple(s.detach() for s in flat_tensors(layer)) for layer in after)

        compiled = tg.compile(pulled)

        def step(x: Any, y: Any) -> Any:
            state = [layer[0] if len(layer) == 1 else layer for layer in map(tuple, map(flat_tensors, carried[0]))]
            loss, carried[0] = compiled(x, y, state)
            return loss

        def plain(x: Any, y: Any) -> Any:
            state = [layer[0] if len(layer) == 1 else layer for layer in map(tuple, map(flat_tensors, carried[0]))]
            loss, carried[0] = pulled(x, y, state)
            return loss

        return step, plain, compiled

    step, _, compiled = make()
    _, plain, _ = make()
    for k in range(4):
        np.testing.assert_array_equal(step(X + k, Y).numpy(), plain(X + k, Y).numpy())
    assert compiled.traces == 2


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda cell, g: cells.Zoneout(cell, 0.3, generator=g),
        lambda cell, g: cells.RecurrentDropout(cell, 0.3, generator=g),
        lambda cell, g: cells.VariationalDropout(cell, 0.3, generator=g),
    ],
)
def test_what_is_random_is_drawn_anew_and_alike(wrapped: Any) -> None:
    def make() -> Any:
        g = np.random.default_rng(1)
        inner = [wrapped(tg.nn.LSTMCell(D, H, dtype=np.float64, generator=g), g),
                 tg.nn.GRUCell(H, H, dtype=np.float64, generator=g)]  # fmt: skip
        return training(tg.nn.Network(inner, V, dropout=0.3, generator=g))

    alike(make, *[(X, Y)] * 5)


def test_a_cell_of_ones_own_that_mixes_rows() -> None:
    class Mixing(tg.nn.Cell):
        def __init__(self) -> None:
            self.input_size = D
            self.w = tg.nn.Parameter(np.eye(D))

        def initial_state(self, batch: int | None) -> Any:
            return tg.zeros((batch or 1, D))

        def step(self, x: Any, state: Any) -> Any:
            h = tg.tanh(x @ self.w + state.mean(axis=0, keepdims=True))
            return h, h

    def make() -> Any:
        cell = Mixing()

        def step(x: Any) -> Any:
            cell.zero_grad()
            outputs, _ = tg.unroll(cell, x)
            loss = (outputs**2).sum()
            loss.backward()
            return loss

        return step, cell

    alike(make, *[(X * k,) for k in range(1, 4)])


def test_gradients_are_added_up_where_the_step_does_not_clear_them() -> None:
    def make() -> Any:
        net = network()

        def step(x: Any, y: Any) -> Any:
            loss = tg.mse(net(x)[0], y)
            loss.backward()
            return loss

        return step, net

    assert alike(make, *[(X, Y)] * 4).traces == 2


def test_gradients_cleared_after_the_step() -> None:
    def make() -> Any:
        net = network()
        adapt = tg.optim.SGD(net.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            loss = tg.mse(net(x)[0], y)
            loss.backward()
            adapt.step()
            adapt.zero_grad()
            return loss

        return step, net

    assert alike(make, *[(X, Y)] * 3).traces == 1


def test_gradients_that_the_step_itself_changes() -> None:
    def make() -> Any:
        net = network()
        adapt = tg.optim.SGD(net.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            adapt.zero_grad()
            loss = tg.mse(net(x)[0], y)
            loss.backward()
            for p in net.parameters():
                assert p.grad is not None
                p.grad = p.grad * 0.5 + 0.01 * p.detach()
            tg.optim.clip_grad_norm_(net.parameters(), 0.01)
            sizes = [(p.grad**2).sum() for p in net.parameters() if p.grad is not None]  # as they are after clipping
            adapt.step()
            net.zero_grad()
            return loss, sizes

        return step, net

    alike(make, *[(X, Y)] * 3)


def test_two_backward_passes_and_a_penalty_on_the_gradient() -> None:
    def make() -> Any:
        net = network()
        adapt = tg.optim.SGD(net.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            adapt.zero_grad()
            first = tg.mse(net(x)[0], y)
            first.backward(create_graph=True)
            penalty = sum((p.grad**2).sum() for p in net.parameters() if p.grad is not None)
            adapt.zero_grad()
            (first + 0.1 * penalty).backward()
            adapt.step()
            second = tg.mse(net(x)[0], y)  # with the new weights
            second.backward(retain_graph=True)
            second.backward()
            adapt.step()
            return first.detach(), penalty.detach(), second

        return step, net

    alike(make, *[(X, Y)] * 3)


def test_gradients_as_values() -> None:
    def make() -> Any:
        layer = tg.nn.Linear(D, V, dtype=np.float64, generator=np.random.default_rng(0))

        def step(x: Any, y: Any) -> Any:
            value, gradient = tg.value_and_grad(lambda w: tg.mse(x @ w.mT + layer.bias, y))(layer.weight)
            return value.detach(), gradient.detach()

        return step, layer

    alike(make, *[(X, Y)] * 3)


def test_inference_and_a_module() -> None:
    net = network()
    compiled = tg.compile(net)
    with tg.no_grad():
        for k in range(3):
            np.testing.assert_array_equal(compiled(X * k)[0].numpy(), net(X * k)[0].numpy())
    assert compiled.traces == 1
    with pytest.warns(tg.UncompiledWarning, match="returned and requires a gradient"):
        loss = compiled(X)[0].sum()
    loss.backward()  # as it is written
    assert compiled(X)[0].requires_grad


def test_what_changes_between_calls_counts() -> None:
    scale, options = 2.0, {"shift": 1.0}

    def make() -> Any:
        net = network(dropout=0.5)
        adapt = tg.optim.SGD(net.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            adapt.zero_grad()
            loss = scale * tg.mse(net(x)[0], y) + options["shift"]
            loss.backward()
            adapt.step()
            return loss

        return step, net, adapt

    (plain, net, adapt), (step, other, own) = make(), make()
    compiled = tg.compile(step)

    def check() -> None:
        np.testing.assert_array_equal(plain(X, Y).numpy(), compiled(X, Y).numpy())

    for _ in range(3):
        check()
    traces = compiled.traces
    adapt.lr = own.lr = 0.01
    net.load_state_dict({k: v * 0.5 for k, v in net.state_dict().items()})
    other.load_state_dict({k: v * 0.5 for k, v in other.state_dict().items()})
    check()
    assert compiled.traces == traces  # read at every call
    scale = 3.0
    check()
    options["shift"] = 2.0
    check()
    net.eval(), other.eval()
    check()
    net.train(), other.train()
    check()
    for module in (net, other):
        module.readout.weight = tg.nn.Parameter(np.ones(module.readout.weight.shape))
    check()
    net.cells[0].weight_hh.requires_grad_(False), other.cells[0].weight_hh.requires_grad_(False)
    check()
    assert compiled.traces > traces
    assert not compiled.reasons


FACTOR = 1.0


def scaled(x: Any) -> Any:
    return (x * FACTOR).sum()


def test_globals_count_through_functions_that_are_called() -> None:
    global FACTOR
    step = tg.compile(lambda x: scaled(x))
    assert step(np.ones(3)).item() == 3
    assert step(np.ones(3)).item() == 3
    FACTOR = 2.0
    try:
        assert step(np.ones(3)).item() == 6
    finally:
        FACTOR = 1.0
    assert step.traces == 2


def test_shapes_and_other_arguments_are_traced_again() -> None:
    step = tg.compile(lambda x, power, *, name: (x**power).sum())
    for _ in range(2):
        for n, power in ((3, 2), (4, 2), (4, 3)):
            assert step(np.full(n, 2.0), power, name="a").item() == n * 2**power
    assert step.traces == 3
    for n in range(5, 40):  # of ever new shapes none is traced
        assert step(np.full(n, 2.0), 2, name="a").item() == 4 * n
    assert step.traces == 3
    assert step(np.full(3, 2, np.float32), 2, name="a").dtype == np.float32


def returning(result: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    layer = tg.nn.Linear(2, 1, dtype=np.float64, generator=np.random.default_rng(0))

    def step(x: Any) -> Any:
        layer.zero_grad()
        y = layer(x)
        y.sum().backward()
        return result(layer, y)

    return step


def zeroed(p: tg.Tensor) -> tg.Tensor:
    with tg.no_grad():
        return p.assign_(np.zeros(p.shape)).detach()


OUTSIDE = tg.tensor(np.ones(1), requires_grad=True) * 2


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (lambda layer, y: y.sum().item(), "has no value"),
        (lambda layer, y: y.detach() if float(y.detach().sum()) > 0 else -y.detach(), "has no value"),
        (lambda layer, y: layer.weight.numpy().sum(), "takes values of weight"),
        (lambda layer, y: zeroed(layer.bias), "overwritten"),
        (lambda layer, y: layer.weight * 2, "requires a gradient"),
        (lambda layer, y: (y * OUTSIDE).detach(), "was computed before the step"),
        (lambda layer, y: np.random.random(), "draws random numbers"),  # noqa: NPY002
        (
            lambda layer, y: vars(layer).update(calls=getattr(layer, "calls", 0) + 1) or y.detach(),
            "changes what it reads",
        ),
    ],
)
def test_it_says_why_it_does_not_compile_and_does_what_is_written(result: Any, why: str) -> None:
    x = np.ones((3, 2))
    step = tg.compile(returning(result))
    np.random.seed(0)  # noqa: NPY002
    with pytest.warns(tg.UncompiledWarning, match=why):
        found = flat(step(x))
    np.random.seed(0)  # noqa: NPY002
    np.testing.assert_array_equal(flat(returning(result)(x)), found)
    assert not step.traces
    step(x)  # the warning comes once: a second one is an error


def test_what_tracing_changed_is_put_back() -> None:
    losses, counts, best = [], {"steps": 0}, None
    filled = np.zeros(2)

    class Counting(tg.nn.Module):
        def __init__(self) -> None:
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return x * 2

    module = Counting()

    def step(x: Any) -> Any:
        nonlocal best
        loss = module(x).sum()
        losses.append(loss)
        counts["steps"] += 1
        filled[0] += 1
        best = loss
        return loss

    compiled = tg.compile(step)
    with pytest.warns(tg.UncompiledWarning, match="changes what it reads"):
        compiled(tg.ones(3))
    assert ([x.item() for x in losses], counts["steps"], module.calls, filled[0]) == ([6.0], 1, 1, 1)
    assert best is losses[0]
    compiled(tg.ones(3))
    assert (len(losses), counts["steps"], module.calls, filled[0]) == (2, 2, 2, 2)


def test_names_found_in_modules_count(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = types.ModuleType("theirs")
    theirs.__file__ = "/home/somebody/theirs.py"
    exec("SCALE = 2.0\ndef scaled(x):\n    return (x * SCALE).sum()", vars(theirs))
    monkeypatch.setitem(sys.modules, "theirs", theirs)
    step = tg.compile(lambda x: theirs.scaled(x) + theirs.SCALE)
    assert step(np.ones(3)).item() == 8
    theirs.SCALE = 3.0  # type: ignore[attr-defined]
    assert step(np.ones(3)).item() == 12


def test_there_is_an_end_to_the_kinds_that_are_kept() -> None:
    step = tg.compile(lambda x: (x * 2).sum())
    for n in [*range(60), *range(60), *range(60)]:
        assert step(np.ones(n)).item() == 2 * n
    assert step.traces == 32


def test_its_own_error_comes_first() -> None:
    step = tg.compile(lambda x: x @ np.ones((7, 7)))
    with pytest.raises(tg.errors.ShapeError, match=r"test_whole_step\.py"):
        step(tg.ones((2, 3)))

    layer = tg.nn.Embedding(4, 2)
    looked_up = tg.compile(lambda i: layer(i).detach())
    looked_up(np.array([0, 3]))
    with pytest.raises(tg.errors.OutOfRangeError, match="index 4 at"):
        looked_up(np.array([0, 4]))
    assert looked_up(np.array([1, 1])).shape == (2, 2)


def test_arguments_that_require_gradients() -> None:
    x = tg.tensor(np.ones(3), requires_grad=True)
    step = tg.compile(lambda x: (x * x).sum())
    with pytest.warns(tg.UncompiledWarning, match="the argument .* requires a gradient"):
        step(x).backward()
    assert x.grad is not None


def test_hooks_on_parameters_run_and_those_inside_do_not_compile() -> None:
    heard: list[float] = []

    def make() -> Any:
        net = network()
        net.readout.bias.register_hook(lambda g: heard.append(g.sum().item()) or g * 2)
        return training(net)

    alike(make, *[(X, Y)] * 3)
    assert len(heard) == 6
    assert heard[::2] == heard[1::2]

    def step(x: Any) -> Any:
        y = (x * tg.nn.Parameter(np.ones(3))).named("y")
        y.register_hook(lambda g: None)
        y.sum().backward()

    with pytest.warns(tg.UncompiledWarning, match="y has a hook"):
        tg.compile(step)(np.ones(3))


def test_an_anomaly_is_found_as_in_the_step_as_written() -> None:
    step, _ = training(network())
    compiled = tg.compile(step)
    compiled(X, Y)
    with tg.detect_anomaly(), pytest.raises(tg.errors.NonFiniteError, match="time step 2"):
        compiled(np.where(np.arange(T)[:, None, None] == 2, np.nan, X), Y)


def test_nothing_that_was_returned_changes() -> None:
    step, net = training(network())
    compiled = tg.compile(step)
    kept, copies = [], []
    given = X.copy()
    for k in range(4):
        given[...] = X + k  # the same array, filled again
        results = compiled(given, Y)
        found = [*flat(results), *[p.grad.numpy() for p in net.parameters() if p.grad is not None]]
        kept.append(found)
        copies.append([x.copy() for x in found])
    for found, copy in zip(kept, copies, strict=True):
        for a, b in zip(found, copy, strict=True):
            np.testing.assert_array_equal(a, b)
    same = tg.compile(lambda x: x.reshape(-1))
    returned = same(given)
    before = returned.numpy().copy()
    given[...] = 0
    np.testing.assert_array_equal(returned.numpy(), before)


def test_threads_share_a_step() -> None:
    with tg.no_grad():
        net = network()
    compiled = tg.compile(net)
    expected = {k: net(X * k)[0].numpy().copy() for k in range(4)}
    wrong: list[int] = []

    def work(k: int) -> None:
        with tg.no_grad():
            for _ in range(50):
                if not np.array_equal(compiled(X * k)[0].numpy(), expected[k]):
                    wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_it_keeps_no_values_and_goes_with_its_owner() -> None:
    step, net = training(network())
    compiled = tg.compile(step)
    x = X.copy()
    for _ in range(3):
        compiled(x, Y)
    given, owner = weakref.ref(x), weakref.ref(net)
    del x
    assert given() is None
    del step, net, compiled
    gc.collect()
    assert owner() is None


def test_what_is_no_function() -> None:
    with pytest.raises(tg.errors.ArgumentError, match="expected a function"):
        tg.compile(3)

    class Stepping:
        def initial_state(self, batch: int | None) -> Any: ...
        def step(self, x: Any, state: Any) -> Any: ...

    with pytest.raises(tg.errors.ArgumentError, match="Stepping is a cell"):
        tg.compile(Stepping())


def test_a_large_array_is_to_be_an_argument() -> None:
    large = np.ones(100_000)
    with pytest.warns(tg.UncompiledWarning, match="give it as one"):
        assert tg.compile(lambda x: (x * large).sum())(np.ones(1)).item() == 100_000


def test_parameters_in_a_namespace_are_found_and_its_attributes_count() -> None:
    inside = types.SimpleNamespace(W=tg.nn.Parameter(np.ones((2, 2))), factor=2.0)
    step = tg.compile(lambda x: (x @ inside.W * inside.factor).sum())
    x = np.ones((3, 2))
    with tg.no_grad():
        assert step(x).item() == 24
        inside.W.assign_(np.full((2, 2), 0.5))
        assert step(x).item() == 12
        inside.factor = 3.0
        assert step(x).item() == 18
    assert step.traces == 2, step.reasons
