"""Reverse mode by its definition: the sum over all paths of the product of the local derivatives along each.

A program is a list of steps over one list of scalars that it extends: ``("add", i, j)``, ``("multiply", i, j)`` or
``("tanh", i)``. The number of paths grows exponentially: for small programs.
"""

import math


def evaluate(program, leaves):
    """The values of the leaves and of all steps."""
    values = list(leaves)
    for op, *operands in program:
        a = [values[i] for i in operands]
        values.append(a[0] + a[1] if op == "add" else a[0] * a[1] if op == "multiply" else math.tanh(a[0]))
    return values


def gradient(program, leaves):
    """∂(last value)/∂leaf for every leaf."""
    values = evaluate(program, leaves)
    totals = [0.0] * len(leaves)

    def follow(node, product):
        if node < len(leaves):
            totals[node] += product
            return
        op, *operands = program[node - len(leaves)]
        for place, i in enumerate(operands):
            if op == "add":
                local = 1.0
            elif op == "multiply":
                local = values[operands[1 - place]]
            else:
                local = 1 - values[node] ** 2
            follow(i, product * local)

    follow(len(values) - 1, 1.0)
    return totals
