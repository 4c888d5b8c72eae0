"""Topological order; a naive order loses contributions."""

from ..description import Exercise, Quantity, mistake

# b = 2a, c = 2b, d = b + c … every arrow has the local derivative written beside it
GRAPH = {"L": [("d", 2.0), ("b", 1.0)], "d": [("b", 1.0), ("c", 3.0)], "c": [("b", 2.0)], "b": [("a", 1.0)], "a": []}


def _names(nodes, random):
    """The same graph with its nodes and operands in another order, and a node that L does not need."""
    names = [[*nodes, "z"][i] for i in random.permutation(len(nodes) + 1)]
    found = dict(nodes) | {"z": [("c", 1.0), ("a", 1.0)]}
    return {n: [found[n][i] for i in random.permutation(len(found[n]))] for n in names}


def check(mine, random):
    graph = _names(GRAPH, random)
    found = mine.order({n: [i for i, _ in operands] for n, operands in graph.items()}, "L")
    listed = list(found) if isinstance(found, (list, tuple)) else found
    shown = f"{listed}"
    if not isinstance(listed, list) or any(n not in GRAPH for n in listed):
        yield Quantity(
            "order", found, "a, b, c, d, L", ("a list of the five nodes that L depends on", "L 所依赖的五个节点的列表")
        )
        return
    yield Quantity("len(order)", len(listed), 5, ("every node once", "每个节点恰好一次"), shown)
    formula = ("the last is L, from which the backward pass sets out", "最后一个是 L，反向传播由它出发")
    yield Quantity("order[-1]", listed[-1], "L", formula, shown)
    gradients = dict.fromkeys(graph, 0.0) | {"L": 1.0}
    for n in reversed(listed):
        for i, d in graph[n]:
            gradients[i] += gradients[n] * d
    formula = (
        "every node after all it was computed from; then going back, δa = 15",
        "每个节点都在其操作数之后；这样往回走得 δa = 15",
    )
    yield Quantity("δa", gradients["a"], 15.0, formula, shown)


EXERCISE = Exercise(
    title=("In which order?", "按什么顺序？"),
    task=("A graph is a dict: inputs[node] lists what the node was computed from. Return a list of all nodes that `last` "
          "depends on, each once, every node AFTER all of its inputs. The backward pass will walk your list from its end; in a wrong "
          "order a node hands its gradient on before all of it has arrived, and the gradient of a comes out too small.",
          "图是一个字典：inputs[节点] 列出该节点由哪些节点算出。请返回 `last` 所依赖的全部节点的列表：每个节点一次，并且排在它的所有输入之后。"
          "反向传播将从列表末尾往回走；顺序错了，节点会在梯度到齐之前就把它传下去，a 的梯度就偏小了。"),
    starter="""
def order(inputs, last):
    found = []
    ...
    return found
""",
    solution="""
def order(inputs, last):
    found = []

    def visit(node):
        if node in found:
            return
        for i in inputs[node]:
            visit(i)
        found.append(node)

    visit(last)
    return found
""",
    check=check,
    hints=(("Depth first: first visit everything that a node was computed from, and only then append the node itself.", "深度优先：先访问节点的所有输入，然后才把节点自己加入列表。"),
           ("A node that is in the list already is not visited again.", "已在列表中的节点不再访问。")),
    mistakes=(
        mistake("        for i in inputs[node]:\n            visit(i)\n        found.append(node)", "        found.append(node)\n        for i in inputs[node]:\n            visit(i)",
                "You append a node BEFORE what it was computed from. Walking back, a would come first, while its gradient is still 0.",
                "你在节点的输入之前就加入了节点。往回走时 a 会最先，而它的梯度还是 0。"),
        mistake("        if node in found:\n            return\n", "", "A node that is reached on two paths stands in your list twice, and hands on its gradient twice. Skip what is there already.",
                "从两条路径到达的节点在你的列表里出现了两次，梯度也会传两次。已有的要跳过。"),
        mistake("    visit(last)\n    return found", "    visit(last)\n    return found[:-1]", "`last` itself is missing in your list: without the loss nothing arrives anywhere.",
                "你的列表缺了 `last` 自己：没有损失，哪里都收不到梯度。"),
        mistake("        for i in inputs[node]:\n            visit(i)\n        found.append(node)\n\n    visit(last)\n    return found",
                "        found.append(node)\n        for i in inputs[node]:\n            visit(i)\n\n    visit(last)\n    return found[::-1]",
                "You append a node before what it was computed from, and turn the list round: then a node may still stand before an input "
                "that was reached on another path first.",
                "你先加入节点再访问它的输入，最后把列表倒过来：这样，节点仍可能排在先从另一条路径到达的输入之前。"),
        mistake("    visit(last)\n    return found", "    visit(last)\n    return found[::-1]", "Your list is the right one backwards: it begins with the loss. Inputs come first.",
                "你的列表正好反了：以损失开头。输入应在前面。"),
    ),
    after=("A node hands its gradient on only when all of it has arrived. An engine that numbers its nodes as it makes them has this order for nothing.",
           "节点只有在梯度到齐之后才传下去。若引擎在创建节点时就编号，这个顺序便是现成的。"),
)  # fmt: skip
