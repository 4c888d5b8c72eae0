"""Docstrings of public names say what a reader of the reference needs: what it is, and each error it raises."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_rnn as tg

sys.path.insert(0, str(Path(__file__).parents[2] / "docs/site"))
pytest.importorskip("pygments", reason="needs the extra docs")
import reference

NAMES = [
    (module, name, thing)
    for module, names in reference.public().items()
    for name, thing in names.items()
    if callable(thing)
]
#: methods that say what their class's docstring says, or what a person may read of any object
UNSAID = re.compile(r"\.(step|forward|extra_repr|initial_state)$")


def documented(name: str, thing: Any) -> Iterator[tuple[str, Callable, str]]:
    """The name itself and its methods: of each its full name, what runs, and its docstring."""
    yield name, thing.__init__ if inspect.isclass(thing) else thing, inspect.getdoc(thing) or ""
    for method in vars(thing) if inspect.isclass(thing) else ():
        value = inspect.getattr_static(thing, method)
        code = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not method.startswith("_") and inspect.isfunction(code):
            yield f"{name}.{method}", code, inspect.getdoc(code) or inspect.getdoc(getattr(thing, method)) or ""


def raised(code: Callable) -> set[str]:
    """The library's errors that a function raises in its own lines."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(code))))
    except (TypeError, OSError, SyntaxError):
        return set()
    calls = [node.exc.func for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name) and hasattr(tg.errors, call.id)}


def test_every_public_name_and_method_has_a_docstring() -> None:
    assert len(NAMES) > 400
    found = [f"{module}.{full}" for module, name, thing in NAMES for full, _, said in documented(name, thing)
             if not said.strip() and not UNSAID.search(full)]  # fmt: skip
    assert found == []


def test_errors_are_named() -> None:
    found = []
    for module, name, thing in NAMES:
        for full, code, said in documented(name, thing):
            everything = said + (inspect.getdoc(thing) or "")  # what a class says holds for its methods
            missing = sorted(error for error in raised(code) if error not in everything)
            if missing:
                found.append(f"{module}.{full}: {', '.join(missing)}")
    assert found == []


def test_cells_have_equations_shapes_and_a_source() -> None:
    for facts in tg.nn.catalogue().values():
        said = inspect.getdoc(facts.kind) or ""
        assert re.search(r"^ {4}.* = ", said, re.MULTILINE), f"{facts.kind.__name__}: no equation"
        assert "Shapes:" in said or "Otherwise" in said or "otherwise" in said, f"{facts.kind.__name__}: no shapes"
        assert len(facts.source) > 20


@pytest.mark.parametrize("module", ["optim", "strategies"])
def test_methods_of_training_say_their_rule_or_their_paper(module: str) -> None:
    base = {"optim": tg.optim.Optimizer, "strategies": tg.strategies.Strategy}[module]
    for name, kind in vars(getattr(tg, module)).items():
        if inspect.isclass(kind) and issubclass(kind, base) and kind is not base:
            said = inspect.getdoc(kind) or ""
            assert re.search(r"\d{4}|=|gradient", said), f"tg.{module}.{name}"
