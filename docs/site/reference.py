"""The API reference, from docstrings: every public name of every public module."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import sources

import tinygrad_rnn as tg
from tinygrad_rnn import core, ops

_INNER = {"nn", "optim", "data", "strategies", "training", "onnx", "linalg", "errors"}

#: module → what it is for; the first is the package itself
MODULES = {
    "tg": "tensors, graphs, derivatives, and what reads a graph",
    "tg.ops": "the ops, all of them names of `tg`",
    "tg.linalg": "linear algebra",
    "tg.nn": "cells, layers and modules",
    "tg.optim": "optimisers",
    "tg.strategies": "how the gradient of a batch is computed",
    "tg.training": "the loop, schedules, checkpoints, prediction",
    "tg.data": "sequences to train on",
    "tg.onnx": "models to and from ONNX",
    "tg.errors": "errors",
}

#: A package that can be called: the functions that it calls.
_FORMS = {"compile": ("compile_step", "compile_cell")}


def public() -> dict[str, dict[str, Any]]:
    """module → name → what it is, in the order of the alphabet."""
    found: dict[str, dict[str, Any]] = {"tg": {n: getattr(tg, n) for n in {*core.__all__, *tg._LAZY} - _INNER}}
    found["tg"] = {n: v for n, v in found["tg"].items() if not isinstance(v, ModuleType) or callable(v)}
    found["tg.ops"] = {n: getattr(ops, n) for n in ops.__all__}
    for module in MODULES:
        if module not in found:
            inside = getattr(tg, module.removeprefix("tg."))
            names = getattr(inside, "__all__", None) or [
                n for n, v in vars(inside).items() if inspect.isclass(v) and v.__module__ == inside.__name__
            ]
            found[module] = {n: getattr(inside, n) for n in names}
    return {module: dict(sorted(names.items(), key=lambda pair: pair[0].lower())) for module, names in found.items()}


def methods(kind: type) -> dict[str, Any]:
    """The public methods that a class documents itself."""
    kinds = property | classmethod | staticmethod
    found = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    found = {name: value for name, value in found.items() if inspect.isfunction(value) or isinstance(value, kinds)}
    return {name: value for name, value in found.items() if (value.__doc__ or "").strip()}


def signature(name: str, thing: Any) -> str:
    """As it is called: on one line, or an argument a line."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    arguments = []
    for argument in found.parameters.values():
        if argument.name == "self":
            continue
        if callable(argument.default) and argument.default is not argument.empty:
            argument = argument.replace(default=_Named(argument.default))
        arguments.append((argument, _Named.unquoted(str(argument), argument.annotation)))
    written = [text for _, text in arguments]
    for k, (argument, _) in enumerate(arguments):
        if argument.kind is argument.KEYWORD_ONLY:
            if not any(a.kind is a.VAR_POSITIONAL for a, _ in arguments[:k]):
                written.insert(k, "*")
            break
    back = found.return_annotation
    returns = "" if back is found.empty else f" -> {back if isinstance(back, str) else getattr(back, '__name__', back)}"
    line = f"{name}({', '.join(written)}){returns}"
    return line if len(line) < 90 else f"{name}(\n    " + ",\n    ".join(written) + f",\n){returns}"


class _Named:
    """A default that is a function or class, shown by its name."""

    def __init__(self, thing: Any):
        self.name = getattr(thing, "__name__", type(thing).__name__)

    def __repr__(self) -> str:
        return self.name

    @staticmethod
    def unquoted(written: str, annotation: Any) -> str:
        """Annotations are kept as text; they are shown without its quotes."""
        return written.replace(repr(annotation), annotation, 1) if isinstance(annotation, str) else written


def blocks(text: str) -> str:
    """A docstring as Markdown: equations and lists as they stand, what is said of arguments as points."""
    lines = inspect.cleandoc(text).splitlines()
    out: list[str] = []
    k = 0
    while k < len(lines):
        line = lines[k]
        section = re.match(r"(Args|Raises|Returns|Attributes|Yields):$", line)
        if section:
            out += ["", f"**{section[1]}**", ""]
            k += 1
            while k < len(lines) and (lines[k].startswith("    ") or not lines[k].strip()):
                inner = lines[k].strip()
                entry = re.match(r"([*\w, .`]+):\s+(.*)", inner) if not lines[k].startswith("     ") else None
                out.append(f"* `{entry[1]}`: {_plain(entry[2])}" if entry else f"  {_plain(inner)}" if inner else "")
                k += 1
            out.append("")
        elif line.startswith("    ") or line.startswith(">>>"):
            indented = line.startswith("    ")
            out += ["", "```text" if indented else "```pycon"]
            while k < len(lines) and (lines[k].startswith("    ") or (not indented and lines[k].strip())):
                out.append(lines[k].removeprefix("    ") if indented else lines[k])
                k += 1
            out += ["```", ""]
        else:
            out.append(_plain(line))
            k += 1
    return "\n".join(out)


def _plain(line: str) -> str:
    """A line of prose, in which nothing but `code` means anything to Markdown."""
    parts = re.split(r"(``[^`]+``|`[^`]+`|\*\*\w[^*]*\*\*)", line)
    parts[::2] = [re.sub(r"([*_\[\]<>|$#\\])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def entry(module: str, name: str, thing: Any) -> str:
    """What the page says of one name."""
    shown = "tg" if module == "tg.ops" else module
    full = f"{shown}.{name}"
    text = f"## {name}\n\n"
    kind = inspect.isclass(thing)
    if name in _FORMS:
        text += _plain((thing.__doc__ or "").strip()) + "\n\n"
        for form in map(thing.__getattr__, _FORMS[name]):
            text += f"```python\n{signature(full, form)}\n```\n\n{blocks(form.__doc__ or '')}\n\n"
    elif callable(thing):
        text += f"```python\n{'class ' if kind else ''}{signature(full, thing)}\n```\n\n"
        text += blocks(thing.__doc__ or "") + "\n\n"
    else:
        text += f"`{full}`: {type(thing).__name__} of {len(thing)} entries.\n\n"
    if place := sources.address_of(thing):
        text += f"[source](site:{place})\n\n"
    if kind:
        for method, value in methods(thing).items():
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            text += f"### {name}.{method}\n\n"
            if not isinstance(value, property):
                text += f"```python\n{signature(method, function)}\n```\n\n"
            text += blocks(function.__doc__ or value.__doc__ or "") + "\n\n"
    return text


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Reference\n", "Every public name, from its docstring. `tg` is `import tinygrad_rnn as tg`.\n",
             "| Module | What is in it |", "| --- | --- |"]  # fmt: skip
    everything = public()
    for module, purpose in MODULES.items():
        page = module.replace(".", "-")
        lines.append(f"| [{module}]({page}.md) | {purpose} |")
        names = everything[module]
        text = f"# {module}\n\n{purpose[0].upper()}{purpose[1:]}.\n\n"
        (folder / f"{page}.md").write_text(
            text + "".join(entry(module, n, t) for n, t in names.items()), encoding="utf-8"
        )
    pages = "\n".join(module.replace(".", "-") for module in MODULES)
    (folder / "index.md").write_text(
        "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n", encoding="utf-8"
    )
