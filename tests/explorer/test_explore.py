"""What the page contains, without a browser."""

import json
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli import main
from tinygrad_rnn.core.errors import ArgumentError, ShapeError


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def lstm(**options):
    return tg.nn.LSTMCell(3, 4, generator=np.random.default_rng(0), **options)


def test_the_page_is_small_and_stands_alone(tmp_path):
    path = tg.explore(lstm(), tmp_path / "lstm.html")
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 1_000_000
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "default-src 'none'" in text
    assert tg.explore(lstm(), tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_every_node_and_step_is_there(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=3))
    names = [n["name"] for n in data["nodes"]]
    assert {"c₀", "c₁", "c₂", "h₂", "i₀", "c̃₁", "weight_ih", "L"} <= set(names)
    assert all(n["ids"] for n in data["nodes"])
    c1 = data["nodes"][names.index("c₁")]
    assert c1["formula"] == "c₁ = f₁ ⊙ c₀ + i₁ ⊙ c̃₁"
    assert c1["t"] == 1
    passes = [p["rule"] for s in data["backward"]["topological"] for p in s["passes"]]
    assert "δ(f₁ ⊙ c₀) += δc₁" in passes
    assert "δf₁ += δ(f₁ ⊙ c₀) ⊙ c₀" in passes
    assert [p[0] for p in data["states"]["h"]] == [0, 1, 2]


def test_shared_weights_add_up_over_time(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=4))
    bias = next(k for k, n in enumerate(data["nodes"]) if n["name"] == "bias_ih")
    passes = [p for s in data["backward"]["topological"] for p in s["passes"] if p["to"] == bias]
    assert len(passes) == 4
    assert [p["complete"] for p in passes] == [False, False, False, True]
    total = np.sum([p["gradient"]["rows"] for p in passes], axis=0)
    np.testing.assert_allclose(total, data["gradients"][str(bias)]["rows"], rtol=1e-4, atol=1e-6)


def test_the_naive_order_goes_wrong(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=3))
    naive = data["backward"]["depth-first"]
    assert any(not s["complete"] for s in naive)
    assert all(s["complete"] for s in data["backward"]["topological"])
    weight = next(k for k, n in enumerate(data["nodes"]) if n["name"] == "weight_hh")
    last = [s for s in naive if s["node"] == weight][-1]
    assert last["gradient"]["rows"] != data["gradients"][str(weight)]["rows"]


def test_large_arrays_are_shortened_and_odd_numbers_kept(tmp_path):
    x = tg.tensor(np.ones((50, 40)), requires_grad=True, name="x")
    loss = (x * np.float64("inf")).sum().named("L")
    data = data_of(tg.explore(loss, tmp_path / "large.html"))
    value = next(n["value"] for n in data["nodes"] if n["name"] == "x")
    assert value["shape"] == [50, 40]
    assert (len(value["rows"]), len(value["rows"][0])) == (32, 32)
    assert value["norm"] == pytest.approx(np.sqrt(2000), rel=1e-5)
    assert data["nodes"][-1]["value"]["rows"] == [["inf"]]


@pytest.mark.parametrize("name", ["</script><script>document.title='run'</script>", "\u2028<!--", "a\"b'c&d"])
def test_hostile_names_are_data(tmp_path, name):
    x = tg.tensor([1.0, 2.0], requires_grad=True, name=name)
    path = tg.explore((x * 2).sum().named(name + "L"), tmp_path / "hostile.html")
    text = path.read_text(encoding="utf-8")
    assert text.count("<script") == 2
    assert text.count("</script>") == 2
    assert len(data_of(path)["nodes"]) == 4


@pytest.mark.parametrize(
    ("thing", "file", "options", "message"),
    [
        (3, "a.html", {}, "expected a cell, a scalar tensor or a layer of one cell, got int"),
        (lstm(), "a.txt", {}, "a page ends in .html, not 'a.txt'"),
        (lstm(), "a.html", {"steps": 0}, "steps is the number of time steps, at least 1, not 0"),
        (lstm(), "a.html", {"input": np.ones((2, 3))}, r"the input is \(2, 3\), expected \(T, B, D\)"),
        (lstm(), "a.html", {"steps": 500}, "nodes are more than 4000; use fewer steps"),
        (tg.tensor([1.0, 2.0], requires_grad=True) * 2, "a.html", {}, "is no loss: a computed scalar with a gradient"),
    ],
)
def test_bad_arguments(thing, file, options, message, tmp_path):
    with pytest.raises((ArgumentError, ShapeError), match=message):
        tg.explore(thing, tmp_path / file, **options)
    assert not list(tmp_path.iterdir())


def test_compiled_steps_cannot_be_entered(tmp_path):
    outputs, _ = tg.scan(lstm(), tg.tensor(np.ones((3, 1, 3), np.float32), requires_grad=True))
    if outputs.inputs and outputs.inputs[0].op.name == "scan":  # with Numba's compiler
        with pytest.raises(ArgumentError, match=r"contains tg.scan.*tg.unroll"):
            tg.explore(outputs.sum(), tmp_path / "a.html")


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["explore", "gru", "--steps", "2"]) == 0
    assert capsys.readouterr().out == "gru.html\n"
    assert {"r₀", "z₁", "n₁"} <= {n["name"] for n in data_of(tmp_path / "gru.html")["nodes"]}
    assert main(["explore", "gru", "-o", "gru.pdf"]) == 2
    assert "a page ends in .html" in capsys.readouterr().err
