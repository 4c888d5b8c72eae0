"""Graph and trace: kinds of nodes, evaluation, listings (golden), the backward graph and its own backward graph."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core import errors

X = np.arange(6.0).reshape(2, 3) / 5


def cell(W, b):
    """A recurrent step with roles as layers give them."""

    def step(x, h):
        with tg.scope("cell"), tg.scope("t=1", step=1):
            return (x @ W + h * 0.5 + b).tanh().named("h", role="state")

    return step


def parts():
    W = tg.tensor(np.eye(3), requires_grad=True).named("W", role="parameter")
    b = tg.tensor(np.ones(3), requires_grad=True).named("b", role="parameter")
    return W, b


@pytest.fixture(params=["captured", "traced"])
def graph(request):
    W, b = parts()
    step = cell(W, b)

    def f(x, h):
        return (step(x, h) ** 2).sum() * np.array([1.0, 2.0])

    if request.param == "traced":
        graph = tg.trace(f, ((2, 3), np.float64), ((2, 3), np.float64))
    else:
        x, h = tg.tensor(X, name="x0"), tg.tensor(X, requires_grad=True, name="x1")
        graph = tg.Graph(f(x, h), [x, h])
    return graph


def test_kinds(graph):
    assert [x.name for x in graph.inputs] == ["x0", "x1"]
    assert [x.name for x in graph.parameters] == ["W", "b"]
    assert [x.name for x in graph.states] == ["h"]
    assert [c.shape for c in graph.constants if c.shape] == [(2,)]
    assert 0.5 in [c.item() for c in graph.constants if not c.shape]
    assert [graph.role(y) for y in graph.outputs] == ["output"]
    assert {graph.role(n) for n in graph.nodes} == {"input", "parameter", "state", "constant", "output", "op"}


def test_nodes_come_after_their_inputs_and_edges_connect_them(graph):
    place = {node.number: k for k, node in enumerate(graph.nodes)}
    assert len(place) == len(graph) == len(graph.nodes)
    for edge in graph.edges:
        assert place[edge.source.number] < place[edge.target.number]
        assert edge.target.inputs[edge.operand] is edge.source
    assert graph.flops > 2 * 2 * 3 * 3


def test_evaluation(graph):
    def expected(x, h):
        return (np.tanh(x + h * 0.5 + 1) ** 2).sum() * np.array([1.0, 2.0])

    for x, h in [(X, X), (X + 1, X * 2)]:
        assert np.allclose(graph(x, h), expected(x, h))


def test_evaluation_reads_the_parameters_of_now():
    W, b = parts()
    graph = tg.trace(lambda x: x @ W + b, ((2, 3), np.float64))
    with tg.no_grad():
        b.assign_(np.zeros(3))
    assert np.array_equal(graph(X), X)


def test_an_input_that_went_unrecorded_is_no_input():
    x, w = tg.tensor(2.0, name="x"), tg.tensor(3.0, requires_grad=True)
    graph = tg.Graph((x * x) * w, [x])
    with pytest.raises(errors.ArgumentError, match=r"no output depends on input x \(\) float64 'x'.*was not recorded"):
        graph(5.0)


def test_evaluation_of_several_outputs():
    graph = tg.trace(lambda x: {"a": x + 1, "b": [x * 2]}, ((3,), np.float64))
    a, b = graph(X[0])
    assert np.array_equal(a, X[0] + 1)
    assert np.array_equal(b, X[0] * 2)


def test_backward_graph(graph):
    derived = graph.backward()
    assert [y.name for y in derived.outputs] == ["δW", "δb", "δx0", "δx1"]
    assert [x.name for x in derived.inputs] == ["∂ℓ/∂y"]
    forward = {n.number for n in graph.nodes}
    for node in derived.nodes:
        if node.op is not None and not derived.is_leaf(node):
            assert node.origin is not None
            assert node.origin.number in forward
    saved = [n for n in derived.nodes if derived.role(n) == "saved"]
    assert {n.number for n in saved} <= forward
    assert "h" in [n.name for n in saved]
    in_step = [n for n in derived.nodes if n.op and not derived.is_leaf(n) and n.scope and n.scope.step == 1]
    assert in_step  # backward nodes lie where their forward nodes lie


def test_backward_graph_computes_the_gradients_of_backward():
    W, b = parts()
    x, h = tg.tensor(X), tg.tensor(X)
    loss = (cell(W, b)(x, h) ** 2).sum()
    gW, gb = tg.Graph(loss).backward([W, b])()
    loss.backward()
    assert np.allclose(gW, W.grad)
    assert np.allclose(gb, b.grad)


def test_backward_graph_of_a_traced_one_can_be_evaluated_from_its_inputs():
    graph = tg.trace(lambda x: (x.tanh() * x).sum(), ((3,), np.float64))
    derived = graph.backward()
    with pytest.raises(errors.AbstractValueError, match=r"reads x \(3,\).*traced with a shape only.*inputs"):
        derived()
    whole = tg.Graph(derived.outputs, graph.inputs)
    t = np.tanh(X[1])
    assert np.allclose(whole(X[1]), t + X[1] * (1 - t * t))


def test_second_order_graph():
    graph = tg.trace(lambda x: (x**3).sum(), ((3,), np.float64))
    second = graph.backward().backward()
    assert [y.name for y in second.outputs] == ["δx"]
    assert [x.name for x in second.inputs] == ["δδx"]
    whole = tg.Graph(second.outputs, [*graph.inputs, *second.inputs])
    assert np.allclose(whole(X[1], np.array([1.0, 2.0, 3.0])), 6 * X[1] * [1.0, 2.0, 3.0])
    third = second.backward(graph.inputs)
    whole = tg.Graph(third.outputs, [*graph.inputs, *second.inputs, *third.inputs])
    assert np.allclose(whole(X[1], np.ones(3), np.ones(3)), 6)


def test_backward_of_several_outputs_adds_up():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    assert tg.Graph([x * x, x * 3]).backward()() == 7


def test_asked_for_what_is_not_there():
    x, other = tg.tensor(2.0, requires_grad=True, name="x"), tg.tensor(2.0, requires_grad=True, name="other")
    graph = tg.trace(lambda x: [x * x, (x[1:] > 1) * 1.0 + x[0].detach()], ((3,), np.float64))
    past = next(n for n in graph.nodes if n.op and n.op.name == "getitem")
    with pytest.raises(errors.NotInGraphError, match=r"no output depends on getitem \(2,\).*\n.*test_graph"):
        graph.backward([past])
    with pytest.raises(errors.NotInGraphError, match=r"does not contain w .*'w'\n.*test_graph"):
        graph.backward([tg.tensor(1.0, name="w")])
    with pytest.raises(errors.NotInGraphError):
        tg.Graph([x * x]).backward([other])


def test_graphs_with_the_same_nodes_leave_no_trace_in_them():
    x = tg.tensor(2.0, name="x")
    graph = tg.trace(lambda x: x * x, ())
    flags = [n.requires_grad for n in graph.nodes]
    graph.backward()
    assert flags == [n.requires_grad for n in graph.nodes]
    assert not x.requires_grad


def test_inputs_may_lie_inside():
    x = tg.tensor(X, requires_grad=True, name="x")
    h = (x * 2).named("h")
    graph = tg.Graph((h * h).sum(), [h])
    assert "x" not in [n.name for n in graph.nodes]
    assert graph.role(h) == "input"
    assert graph(np.ones((2, 3))) == 6
    assert np.allclose(graph.backward()(), 4 * X)


# -- listings -------------------------------------------------------------------------------------


def test_listing_of_a_forward_graph():
    W, b = parts()
    step = cell(W, b)
    graph = tg.trace(lambda x, h: (step(x, h)[:, 1:3] * 2.0).sum(axis=0), ((2, 3), np.float64), ((2, 3), np.float64))
    assert repr(graph) == (
        """\
Graph: 14 nodes, 13 edges, 68 FLOPs
  W: (3, 3)  [parameter]
  b: (3,)  [parameter]
  x0: (2, 3)  [input]
  x1: (2, 3)  [input]
  %4 = matmul(x0, W): (2, 3)
  %6 = multiply(x1, 0.5): (2, 3)
  %7 = add(%4, %6): (2, 3)
  %8 = add(%7, b): (2, 3)
  h_1 = tanh(%8): (2, 3)
  %10 = getitem(h_1, index=(:, 1:3)): (2, 2)
  %12 = multiply(%10, 2.0): (2, 2)
  %13 = sum(%12, axis=0): (2,)
  → %13"""
    )


def test_listing_of_a_backward_graph():
    graph = tg.trace(lambda x: x.named("x").tanh().named("y") * 3.0, (2,))
    assert repr(graph.backward()) == (
        """\
Graph: 8 nodes, 8 edges, 8 FLOPs
  y: (2,) float32  [saved]
  ∂ℓ/∂y: (2,) float32  [input]
  δy = multiply(∂ℓ/∂y, 3.0): (2,) float32
  %4 = multiply(y, y): (2,) float32
  %6 = subtract(1.0, %4): (2,) float32
  δx = multiply(δy, %6): (2,) float32
  → δx"""
    )


def test_listing_tells_equal_names_apart_and_shortens():
    x = tg.tensor(1.0, requires_grad=True, name="x")
    y = x
    for _ in range(100):
        y = (y * 2.0).named("y")
    lines = repr(tg.Graph(y)).splitlines()
    assert len(lines) < 65
    assert "  … 41 more nodes …" in lines
    assert lines[2:4] == ["  y = multiply(x, 2.0): ()", "  y#2 = multiply(y, 2.0): ()"]
    assert lines[-1] == "  → y#100"


# -- trace ------------------------------------------------------------------------------------------


def test_specs():
    state = ((2, 4), (2, 4))
    graph = tg.trace(lambda x, s, d: x + s[0] + s[1] + d["a"].sum(), (2, 4), state, {"a": (np.ones(3)), "b": ()})
    assert [(x.shape, x.dtype) for x in graph.inputs] == [
        ((2, 4), np.float32), ((2, 4), np.float32), ((2, 4), np.float32), ((3,), np.float64), ((), np.float32),
    ]  # fmt: skip
    named = tg.trace(lambda t: t * 2, tg.tensor(X, name="sequence"))
    assert named.inputs[0].name == "sequence"
    assert named.inputs[0].dtype == np.float64
    assert tg.trace(lambda i: i + 1, ((3,), np.int64)).outputs[0].dtype == np.int64


def test_a_traced_function_runs_no_array():
    graph = tg.trace(lambda x, W: (x @ W).sum(), (10**6, 10**6), (10**6, 10**6))
    assert graph.flops > 10**18


def branches(x):
    return x * 2 if x.sum() > 0 else x


@pytest.mark.parametrize(
    "f",
    [branches, lambda x: x * float(x.sum()), lambda x: x * x.numpy(), lambda x: x.sum().item() * x, lambda x: not x],
)
def test_a_traced_function_cannot_ask_for_values(f):
    with pytest.raises(errors.AbstractValueError, match=r"traced with a shape only.*\n.*test_graph"):
        tg.trace(f, (2, 3))


def test_a_shape_error_while_tracing_names_the_operands():
    W = tg.tensor(np.ones((4, 5)), name="W")
    with pytest.raises(errors.ShapeError) as error:
        tg.trace(lambda x: x @ W, ((2, 3), np.float64))
    for part in ["matmul(a: (2, 3) float64 'x', b: (4, 5) float64 'W')", "3 != 4", "test_graph.py"]:
        assert part in str(error.value)


def test_backward_inside_a_traced_function():
    def f(x):
        w = tg.tensor(np.ones(3), requires_grad=True)
        (x * w * w).sum().backward()
        return w.grad

    assert np.allclose(tg.trace(f, ((3,), np.float64))(X[1]), 2 * X[1])


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda g: g(X), errors.ArgumentError, r"2 inputs \(x0, x1\), got 1"),
        (lambda g: g(X, X[0]), errors.ShapeError, r"\(2, 3\) float64 'x1': got shape \(3,\)"),
        (lambda g: g(X, X + 1j), errors.DTypeError, "complex128"),
        (lambda g: tg.trace(lambda x: x, "shape"), errors.ArgumentError, "'shape'"),
        (lambda g: tg.trace(lambda x: 3, (2,)), errors.ArgumentError, "returned a int"),
    ],
)
def test_errors(call, kind, said, graph):
    with pytest.raises(kind, match=said) as error:
        call(graph)
    assert "test_graph.py" in str(error.value)


def test_graph_of_a_freed_computation():
    x = tg.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(errors.FreedGraphError, match=r"retain_graph=True\n.*test_graph"):
        _ = tg.Graph(y).nodes
