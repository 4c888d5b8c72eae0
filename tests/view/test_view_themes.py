"""Themes, their contrast, and the legend."""

import re

import pytest
from view_cases import cells, texts

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError
from tinygrad_rnn.view.legend import EDGES, SAYS
from tinygrad_rnn.view.theme import DARK, LIGHT, PRINT, STROKES, colours_in_the_dark, contrast

ALL = [LIGHT, DARK, PRINT]
NAMES = [theme.name for theme in ALL]


def test_contrast_is_the_ratio_of_wcag():
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ff0000", "#0000ff") == pytest.approx(2.15, abs=0.01)


@pytest.mark.parametrize("theme", ALL, ids=NAMES)
def test_text_is_legible_and_lines_are_visible(theme):
    grounds = {theme.paper, *theme.frame_fills}
    for role, look in theme.looks.items():
        assert contrast(look.text, look.fill) >= 4.5, role
        assert contrast(look.detail, look.fill) >= 4.5, role
        assert contrast(look.text, theme.paper) >= 4.5, role  # a ghost has the paper's colour
        if look.line != look.fill:
            assert min(contrast(look.line, ground) for ground in {*grounds, look.fill}) >= 3, role
    for kind, stroke in theme.strokes.items():
        assert min(contrast(stroke.line, ground) for ground in grounds) >= 3, kind
    assert min(contrast(theme.frame_text, ground) for ground in grounds) >= 4.5
    assert min(contrast(theme.mark, ground) for ground in grounds) >= 3
    assert contrast(theme.frame_line, theme.paper) >= 3


@pytest.mark.parametrize("theme", ALL, ids=NAMES)
def test_no_two_kinds_look_the_same_without_colour(theme):
    shapes = {role: (look.shape, look.weight, look.double, look.small) for role, look in theme.looks.items()}
    told = {}
    for role, shape in shapes.items():
        told.setdefault(shape, []).append(role)
    # what shares a shape is told apart by its sign: σ, ⊙, Σ; by having one at all: a constant, a slice
    assert set(map(frozenset, (roles for roles in told.values() if len(roles) > 1))) == {
        frozenset({"function", "pointwise", "op", "saved"}),
        frozenset({"constant", "structure", "joint"}),
        frozenset({"gate", "group"}),
    }


def test_each_light_colour_has_one_dark_one():
    dark = colours_in_the_dark()
    for role, look in LIGHT.looks.items():
        other = DARK.looks[role]
        assert [dark[c] for c in (look.fill, look.line, look.text)] == [other.fill, other.line, other.text], role
    assert {kind: dark[stroke.line] for kind, stroke in STROKES.items()} == {k: s.line for k, s in DARK.strokes.items()}
    assert [dark[c] for c in LIGHT.frame_fills] == list(DARK.frame_fills)


def test_drawings_follow_the_readers_device_unless_told():
    svg = tg.draw(cells()["lstm"], steps=2, direction="both").svg
    (style,) = re.findall(r"<style>(.*)</style>", svg)
    assert style.startswith("@media (prefers-color-scheme: dark)")
    used = set(re.findall(r'(?:fill|stroke)="(#\w{6})"', svg))
    assert {c for c in used if f'[fill="{c}"]' not in style} == set()
    for theme in ("light", "dark", "print"):
        svg = tg.draw(cells()["rnn"], theme=theme).svg
        assert "<style>" not in svg
        assert f'fill="{ {t.name: t for t in ALL}[theme].paper }"' in svg


def test_print_has_no_colour():
    svg = tg.draw(cells()["lstm"], steps=2, direction="both", theme="print", legend=True).svg
    assert all(c[1:3] == c[3:5] == c[5:7] for c in re.findall(r"#\w{6}\b", svg))


def test_themes_reach_every_format():
    drawing = tg.draw(cells()["rnn"], theme="dark")
    assert DARK.paper in drawing.dot
    assert DARK.looks["state"].fill in drawing.mermaid
    assert DARK.paper in drawing.html
    assert drawing.png != tg.draw(cells()["rnn"], theme="light").png
    assert drawing.pdf != tg.draw(cells()["rnn"], theme="light").pdf
    with pytest.raises(ArgumentError, match="theme is one of auto, light, dark, print, not 'sepia'"):
        tg.draw(cells()["rnn"], theme="sepia")


@pytest.mark.parametrize("options", [{}, {"level": "gate"}, {"steps": 20, "direction": "both"}, {"view": "fold"}])
def test_the_legend_says_what_occurs_and_nothing_else(options):
    drawing, plain = (tg.draw(cells()["lstm"], legend=legend, **options) for legend in (True, False))
    said = set(texts(drawing.svg))
    kinds = {n.kind for n in plain.placed.nodes.values() if not n.ghost and n.look.shape != "point"}
    assert {kind for kind, (_, meaning) in SAYS.items() if meaning in said} == kinds
    edges = {"lane" if e.kind == "through" else e.kind for e in plain.placed.edges}
    assert {meaning for meaning in EDGES.values() if meaning in said} == {EDGES[kind] for kind in edges}
    assert "dashed: drawn elsewhere" in said or not any(n.ghost for n in plain.placed.nodes.values())
    assert set(texts(plain.svg)) < said
    for text in ("dot", "mermaid"):
        assert "double rim" in getattr(drawing, text)
        assert "double rim" not in getattr(plain, text)


def test_the_legend_lies_below_the_picture_and_on_the_canvas():
    placed, plain = (tg.draw(cells()["gru"], legend=legend).placed for legend in (True, False))
    samples = [n for i, n in placed.nodes.items() if i.startswith("legend")]
    assert samples
    for n in samples:
        assert n.y - n.extent[1] / 2 > plain.high
        assert n.y + n.extent[1] / 2 <= placed.high
        assert 0 <= n.x - n.extent[0] / 2 <= n.x + n.extent[0] / 2 <= placed.wide
