"""Derivations as text, LaTeX, Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..step.language import Say, spoken
from ..step.terms import Term
from .writing import LATEX, PLAIN, latex_text

STYLE = """:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9aa4af; --line: #30363d; } }
body { font: 17px/1.5 Georgia, 'Times New Roman', serif; color: var(--ink); background: var(--paper); }
main { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { font-weight: 600; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2rem; }
ol { list-style: none; padding: 0; } li { padding: .35rem 0; border-bottom: 1px solid var(--line); overflow-x: auto; }
math { font-size: 1.1em; } .why { display: block; color: var(--soft); font-size: .85em; }
table { border-collapse: collapse; } td { padding: .1rem 1rem .1rem 0; } .names { color: var(--soft); }"""


@dataclass(frozen=True)
class Reason:
    """Why a term stands in an equation.

    Attributes:
        says: a sentence, with ``{}`` for the equation if there is one.
        equation: both sides of the one it comes from.
    """

    says: str
    equation: tuple[Term, Term] | None = None

    def __str__(self) -> str:
        return self.written(*[PLAIN.write(side) for side in self.equation or ()])

    def written(self, *sides: str) -> str:
        """With the equation written as it is given."""
        return self.says.replace("{}", " = ".join(sides)) if sides else self.says


@dataclass(frozen=True)
class Line:
    """An equation of a derivation.

    Attributes:
        left, right: its sides.
        reasons: why, a rule for each term that needs one.
        nodes: the names of the graph's nodes it is about, as drawings have them.
    """

    left: Term
    right: Term
    reasons: tuple[Reason, ...] = ()
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Some lines under a heading, after a sentence."""

    title: str
    text: str
    lines: tuple[Line, ...] = ()


@dataclass
class Page:
    """What is written in a format.

    Attributes:
        title: of what.
        sections: what it consists of.
        symbols: what the symbols for parameters stand for, such as W_i: rows 0 to 3 of weight_ih.
        language: of the words.
    """

    title: str
    sections: list[Section]
    symbols: dict[str, str]
    language: str

    @property
    def say(self) -> Say:
        """Says the few words between them."""
        return spoken("derive", self.language)


def to_text(page: Page) -> str:
    lines = [page.title]
    for section in page.sections:
        lines += ["", section.title, *([section.text] if section.text else [])]
        texts = [f"{PLAIN.write(line.left)} = {PLAIN.write(line.right)}" for line in section.lines]
        for text, line in zip(texts, section.lines, strict=True):
            lines += [f"  {text}", *[f"      {reason}" for reason in line.reasons]]
    if page.symbols:
        lines += ["", page.say("where")]
        lines += [f"  {name}: {meaning}" for name, meaning in page.symbols.items()]
    return "\n".join(lines)


def to_latex(page: Page, document: bool) -> str:
    lines = []
    for section in page.sections:
        lines.append(rf"\paragraph{{{latex_text(section.title)}}} {latex_text(section.text)}".rstrip())
        rows = [rf"  {LATEX.write(line.left)} &= {LATEX.write(line.right)}" for line in section.lines]
        lines += [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]
    if page.symbols:
        meanings = [f"${LATEX.name(name)}$: {latex_text(meaning)}" for name, meaning in page.symbols.items()]
        lines.append(page.say("Here") + " " + "; ".join(meanings) + ".")
    text = "\n".join(lines) + "\n"
    if not document:
        return text
    cjk = "\\usepackage[UTF8]{ctex}\n" if page.language == "zh" else ""
    head = (
        "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n" + cjk + "\\allowdisplaybreaks\n\\begin{document}\n"
    )
    return rf"{head}\section*{{{latex_text(page.title)}}}" + f"\n{text}\\end{{document}}\n"


def to_markdown(page: Page) -> str:
    lines = [f"# {_markdown(page.title)}"]
    for section in page.sections:
        lines += ["", f"## {section.title}", "", section.text, ""]
        for line in section.lines:
            lines.append(f"$${LATEX.write(line.left)} = {LATEX.write(line.right)}$$")
            lines += ["", *[f"* {_markdown(str(reason))}" for reason in line.reasons], *([""] if line.reasons else [])]
    if page.symbols:
        lines += ["", page.say("where"), ""]
        lines += [f"* ${LATEX.name(name)}$: {_markdown(meaning)}" for name, meaning in page.symbols.items()]
    return "\n".join(lines) + "\n"


def _markdown(text: str) -> str:
    return "".join("\\" + c if c in "\\`*_{}[]<>#|$" else c for c in text)


def to_html(page: Page) -> str:
    head = [
        f'<!DOCTYPE html>\n<html lang="{page.language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(page.title)}</title><style>{STYLE}</style></head>\n<body><main>",
    ]
    return "\n".join([*head, to_fragment(page), "</main></body></html>\n"])


def to_fragment(page: Page) -> str:
    """The same without a page around it, for a notebook."""
    parts = [f"<h1>{escape(page.title)}</h1>"]
    for k, section in enumerate(page.sections):
        text = f"<p>{escape(section.text)}</p>" if section.text else ""
        parts.append(f"<section><h2>{escape(section.title)}</h2>{text}<ol>")
        parts += [_item(line, f"s{k}-{n}") for n, line in enumerate(section.lines)]
        parts.append("</ol></section>")
    if page.symbols:
        rows = [f"<tr><td>{mathml(LATEX.name(n))}</td><td>{escape(m)}</td></tr>" for n, m in page.symbols.items()]
        parts.append(f'<section class="names"><h2>{page.say("Symbols")}</h2><table>{"".join(rows)}</table></section>')
    return "\n".join(parts)


def _item(line: Line, anchor: str) -> str:
    equation = mathml(f"{LATEX.write(line.left)} = {LATEX.write(line.right)}")
    why = "".join(f'<span class="why">{_reason(reason)}</span>' for reason in line.reasons)
    return f'<li id="{anchor}" data-nodes="{escape(" ".join(line.nodes), quote=True)}">{equation}{why}</li>'


def _reason(reason: Reason) -> str:
    if reason.equation is None:
        return escape(reason.says)
    before, _, after = reason.says.partition("{}")
    left, right = (LATEX.write(side) for side in reason.equation)
    return escape(before) + mathml(f"{left} = {right}") + escape(after)


def mathml(latex: str) -> str:
    """A formula as MathML."""
    from latex2mathml.converter import convert

    return convert(latex)
