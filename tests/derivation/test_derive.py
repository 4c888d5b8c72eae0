"""Derivations as pages."""

import re

import pytest
from derivation_cases import CELLS

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError


def lines(page, section):
    found = next(s for s in page.sections if s.title.startswith(section))
    return [text.strip() for text in str(page).split(found.title, 1)[1].split("\n\n")[0].splitlines()]


def test_the_lstm_reads_like_a_textbook():
    page = tg.derive(CELLS["lstm"]())
    assert lines(page, "Backward, simplified")[2:] == [
        "δhₜ = ∂ℓ/∂hₜ + R_iᵀ δz_iₜ₊₁ + R_fᵀ δz_fₜ₊₁ + R_c̃ᵀ δz_c̃ₜ₊₁ + R_oᵀ δz_oₜ₊₁",
        "δcₜ = δhₜ ⊙ oₜ ⊙ (1 − tanh²(cₜ)) + δcₜ₊₁ ⊙ fₜ₊₁",
        "δz_oₜ = δhₜ ⊙ oₜ ⊙ tanh(cₜ) ⊙ (1 − oₜ)",
        "δz_c̃ₜ = δcₜ ⊙ iₜ ⊙ (1 − c̃ₜ²)",
        "δz_fₜ = δcₜ ⊙ cₜ₋₁ ⊙ fₜ ⊙ (1 − fₜ)",
        "δz_iₜ = δcₜ ⊙ c̃ₜ ⊙ iₜ ⊙ (1 − iₜ)",
    ]
    gradients = lines(page, "Gradients")
    assert "δW_i = Σₜ δz_iₜ xₜᵀ" in gradients
    assert "δR_f = Σₜ δz_fₜ hₜ₋₁ᵀ" in gradients
    assert "δcₜ₋₁ = δcₜ ⊙ fₜ" in gradients
    assert page.symbols["W_f"] == "rows 4 to 7 of weight_ih"


def test_every_line_of_the_chain_rule_says_why():
    page = tg.derive(CELLS["lstm"]())
    chain = page.sections[1].lines
    assert [line.left.name for line in chain] == ["h", "c", "o", "c̃", "f", "i", "z_o", "z_c̃", "z_f", "z_i"]
    assert all(line.reasons for line in chain)
    assert tuple(map(str, chain[1].reasons)) == (
        "from hₜ = oₜ ⊙ tanh(cₜ), by ⊙ (δb = δy ⊙ a); tanh (δx = δy ⊙ (1 − y²))",
        "from cₜ₊₁ = fₜ₊₁ ⊙ cₜ + iₜ₊₁ ⊙ c̃ₜ₊₁, by ⊙ (δb = δy ⊙ a)",
    )
    drawn = tg.draw(CELLS["lstm"]()).svg
    assert all(name in drawn for line in chain[:6] for name in line.nodes)


def test_the_gru_and_the_rnn():
    gru = lines(tg.derive(CELLS["gru"]()), "Backward, simplified")
    assert "δhₜ = ∂ℓ/∂hₜ + R_rᵀ δz_rₜ₊₁ + R_zᵀ δz_zₜ₊₁ + R_nᵀ (δz_nₜ₊₁ ⊙ rₜ₊₁) + δhₜ₊₁ ⊙ zₜ₊₁" in gru
    assert "δz_zₜ = δhₜ ⊙ zₜ ⊙ (hₜ₋₁ − nₜ) ⊙ (1 − zₜ)" in gru
    rnn = lines(tg.derive(CELLS["rnn"]()), "Backward, simplified")
    assert rnn[2:] == ["δhₜ = ∂ℓ/∂hₜ + Rᵀ δzₜ₊₁", "δzₜ = δhₜ ⊙ (1 − hₜ²)"]


def test_a_delay_reaches_as_many_steps_ahead():
    page = tg.derive(CELLS["delayed"]())
    assert "δhₜ = ∂ℓ/∂hₜ + R_1 δzₜ₊₁ + R_2 δzₜ₊₂" in lines(page, "Backward, simplified")
    assert "δR_2 = Σₜ hₜ₋₂ δzₜᵀ" in lines(page, "Gradients")


def test_a_matrix_computed_from_weights_has_an_adjoint_without_time():
    text = str(tg.derive(CELLS["antisymmetric"]()))
    assert "  A = M − Mᵀ\n" in text
    assert "δM = δA − δAᵀ" in text
    assert re.search(r"δA = Σₜ hₜ₋₁ δzₜᵀ", text)


def test_functions_are_derived_without_time():
    page = tg.derive(lambda x, W: tg.tanh(x @ W).named("a").sum().named("L"), (2, 3), (3, 4))
    text = str(page)
    assert "ₜ" not in text
    assert "a = tanh(z)" in text or "a = tanh(x W)" in text
    assert page.sections[-1].lines[0].left.name == "x"


@pytest.mark.parametrize("name", CELLS)
def test_every_format_of_every_cell(name, tmp_path):
    from xml.etree import ElementTree

    page = tg.derive(CELLS[name]())
    latex, html, markdown = page.to_latex(document=True), page.to_html(), page.to_markdown()
    assert latex.count(r"\begin{align*}") == latex.count(r"\end{align*}") == 4
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert markdown.count("$$") == 2 * sum(len(s.lines) for s in page.sections)
    assert html.count("<math") >= sum(len(s.lines) for s in page.sections)
    for math in re.findall(r"<math.*?</math>", html, re.S):
        ElementTree.fromstring(math)
    assert "<script" not in html
    assert "//" not in html.replace("http://www.w3.org/1998/Math/MathML", "")
    for suffix in (".tex", ".md", ".html", ".txt", ".py"):
        assert page.save(tmp_path / f"page{suffix}").read_text(encoding="utf-8")


def test_only_what_is_wanted():
    page = tg.derive(CELLS["lstm"](), wrt=["weight_hh"])
    assert [line.left.name for line in page.sections[-1].lines] == ["R_i", "R_f", "R_c̃", "R_o"]
    with pytest.raises(ArgumentError, match=r"no gradient of weigth_hh; there are x, h, c, W_i"):
        tg.derive(CELLS["lstm"](), wrt="weigth_hh")


def test_a_simplified_page_is_a_short_one():
    page = tg.derive(CELLS["gru"](), style="simplified")
    assert [s.title for s in page.sections] == ["Forward", "Backward, simplified", "Gradients"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "expected a cell, a function or a layer of one cell, got int"),
        ((lambda x: x,), "give the shape of each argument"),
        ((CELLS["rnn"](), (2, 3)), "specs are for functions"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        tg.derive(*arguments)
    with pytest.raises(ArgumentError, match="style is one of bptt, simplified, not 'BPTT'"):
        tg.derive(CELLS["rnn"](), style="BPTT")
    with pytest.raises(ArgumentError, match=r"ends in .tex, .md, .html, .txt, .py, not 'page.doc'"):
        tg.derive(CELLS["rnn"]()).save("page.doc")


def test_a_step_that_mixes_samples_is_refused():
    class Mixing(tg.nn.RNNCell):
        def step(self, x, h):
            h = (x.mean() + h).named("h")
            return h, h

    page = tg.derive(Mixing(4, 4))  # a mean over the batch is no row: it is written as it is
    assert "mean" in str(page)


def test_pages_and_notebooks_show_mathematics_offline_reasons_too():
    page = tg.derive(tg.nn.LSTMCell(3, 4))
    html = page.to_html()
    why = [part.split("</span>")[0] for part in html.split('<span class="why">')[1:]]
    assert len([w for w in why if "<math" in w]) > 10
    shown = page._repr_mimebundle_()
    assert "<math" in shown["text/html"]
    assert not any(mark in shown["text/html"] for mark in ("$$", "<script", "http://www.w3.org/1999/xhtml", "<body"))
