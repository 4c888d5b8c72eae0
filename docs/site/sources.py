"""The library's source and the examples as pages, with a place for every line: what "source" leads to."""

from __future__ import annotations

import inspect
import posixpath
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from staged import ROOT

import tinygrad_rnn as tg

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="{up}source.css"></head>
<body><p class="way">{way}</p><h1>{title}</h1>{body}</body></html>
"""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
body { background: #fff; color: #222; }
h1 { font-size: 1.2rem; } a { color: #0a4bff; } .way { margin: 0; font-size: .9rem; }
pre { font-size: 13px; line-height: 1.45; overflow-x: auto; }
pre a[id] { color: #999; text-decoration: none; } .linenos { color: #999; padding-right: 1em; user-select: none; }
@media (prefers-color-scheme: dark) { body { background: #131416; color: #cfd0d0; } a { color: #7ea6ff; } }
"""


def address(file: Path, line: int = 0) -> str:
    """Where a line of a file of the repository stands, from the root of the site."""
    place = file.resolve().relative_to(ROOT).as_posix().removesuffix(".py")
    return f"source/{place}.html" + (f"#line-{line}" if line else "")


def address_of(thing: object) -> str:
    """Where the source of a function or class begins; nothing if it has none in the package."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    try:
        file, (_, line) = inspect.getsourcefile(thing), inspect.getsourcelines(thing)  # type: ignore[arg-type]
    except (TypeError, OSError):
        return ""
    return address(Path(file), line) if file and ROOT in Path(file).resolve().parents else ""


def address_of_cell(name: str) -> str:
    return address_of(tg.nn.catalogue()[name].kind)


def write(folder: Path) -> None:
    formatter = HtmlFormatter(linenos="inline", lineanchors="line", wrapcode=True, style="tango")
    dark = HtmlFormatter(style="monokai").get_style_defs(".highlight")
    files = [*(ROOT / "tinygrad_rnn").rglob("*.py"), *(ROOT / "examples").glob("*.py")]
    files += [file for file in ROOT.iterdir() if file.is_file() and file.suffix in ("", ".yml") and file.name[0] != "."]
    folders: dict[Path, list[str]] = {}
    for file in sorted(files):
        place = file.relative_to(ROOT)
        text = file.read_text(encoding="utf-8")
        body = highlight(text, PythonLexer(), formatter) if file.suffix == ".py" else f"<pre>{escape(text)}</pre>"
        _write(folder, place.as_posix().removesuffix(".py"), place.as_posix(), body)
        folders.setdefault(place.parent, []).append(place.name)
    for above in {above for place in folders for above in place.parents if above != Path()} - set(folders):
        folders[above] = []
    for place in set(folders) - {Path()}:
        inner = sorted(other.name for other in folders if other.parent == place and other != place)
        lines = [f'<li><a href="{name}/index.html">{name}/</a></li>' for name in inner]
        lines += [f'<li><a href="{name.removesuffix(".py")}.html">{name}</a></li>' for name in folders[place]]
        _write(folder, f"{place.as_posix()}/index", f"{place.as_posix()}/", f"<ul>{''.join(lines)}</ul>")
    (folder / "source.css").write_text(
        _STYLE + formatter.get_style_defs(".highlight") + "\n@media (prefers-color-scheme: dark) {\n" + dark + "\n}\n"
    )


def _write(folder: Path, place: str, title: str, body: str) -> None:
    depth = place.count("/")
    up = "../" * depth
    parts = posixpath.dirname(place).split("/") if depth else []
    way = [f'<a href="{up}../index.html">tinygrad_rnn</a>']
    way += [f'<a href="{"../" * (len(parts) - k - 1)}index.html">{part}</a>' for k, part in enumerate(parts)]
    file = folder / f"{place}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_PAGE.format(title=escape(title), up=up, way=" / ".join(way), body=body), encoding="utf-8")
