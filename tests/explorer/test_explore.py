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
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", text)
    assert tg.explore(lstm(), tmp_path / "again.html").read_bytes() == path.read_bytes()


def written(equation):
    return "".join(part if isinstance(part, str) else part[3].replace("ℓ", "∂ℓ/∂") + part[0] for part in equation)


def test_every_node_and_step_is_there(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=3, level="op"))
    names = [n["name"] for n in data["nodes"]]
    assert {"c₀", "c₁", "c₂", "h₂", "i₀", "c̃₁", "weight_ih", "L"} <= set(names)
    assert all(n["ids"] for n in data["nodes"])
    stop = next(s for s in data["stops"]["forward"] if s["items"][0]["node"] == names.index("c₁"))
    assert written(stop["items"][0]["eq"]) == "c₁ = f₁ ⊙ c₀ + i₁ ⊙ c̃₁"
    assert stop["t"] == 1
    assert len(data["stops"]["forward"]) == sum(n["op"] != "" for n in data["nodes"])
    rules = [written(p["rule"]) for s in data["stops"]["topological"] for p in s["items"][0]["passes"]]
    assert "δ(f₁ ⊙ c₀) += δc₁" in rules
    assert "δf₁ += δ(f₁ ⊙ c₀) ⊙ c₀" in rules
    assert [data["nodes"][k]["t"] for k in data["states"]["h"]] == [0, 1, 2]


def test_by_gate_the_stops_are_those_a_person_would_make(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=3))
    assert len(data["stops"]["forward"]) + len(data["stops"]["topological"]) == 28
    there = [[written(item["eq"]) for item in stop["items"]] for stop in data["stops"]["forward"]]
    assert there[1] == ["i = σ(z)", "f = σ(z)", "c̃ = tanh(z)", "o = σ(z)"]
    assert there[6] == ["c = f ⊙ c + i ⊙ c̃"]
    back = [[written(item["eq"]) for item in stop["items"]] for stop in data["stops"]["topological"]]
    assert back[6] == ["δc = δh ⊙ o ⊙ (1 − tanh²(c)) + δc ⊙ f"]
    weights = {written(item["eq"]).split(" = ")[0] for item in data["stops"]["topological"][-1]["items"]}
    assert weights == {"δW", "δR", "δb"}


def test_shared_weights_add_up_over_time(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=4))
    for item in data["stops"]["topological"][-1]["items"]:
        assert [t for t, _ in item["parts"]] == [3, 2, 1, 0]
        assert len(item["factors"]) == 4


def test_the_naive_order_goes_wrong(tmp_path):
    data = data_of(tg.explore(lstm(), tmp_path / "lstm.html", steps=3, level="op"))
    right, naive = ([stop["items"][0] for stop in data["stops"][order]] for order in ("topological", "depth-first"))
    assert any(not item["complete"] for item in naive)
    assert all(item["complete"] for item in right)


def test_odd_numbers_are_kept(tmp_path):
    x = tg.tensor(np.ones((50, 40)), requires_grad=True, name="x")
    loss = (x * np.float64("inf")).sum().named("L")
    program = data_of(tg.explore(loss, tmp_path / "large.html"))["program"]
    assert ["Infinity"] in [node.get("v") for node in program["nodes"]]
    assert len(max((node.get("v", []) for node in program["nodes"]), key=len)) == 2000


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
        (3, "a.html", {}, "expected a cell, a scalar tensor, a function or a layer of one cell, got int"),
        (lstm(), "a.txt", {}, "a page ends in .html, not 'a.txt'"),
        (lstm(), "a.html", {"steps": 0}, "steps is the number of time steps, at least 1, not 0"),
        (lstm(), "a.html", {"level": "node"}, "level is one of gate, op, not 'node'"),
        (np.tanh, "a.html", {}, "give the shape of each argument of tanh"),
        (lambda x: 3, "a.html", {"input": (2,)}, "returned int, not a tensor"),
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
    assert {"r₀", "z₁", "n₁", "W_r"} <= {n["name"] for n in data_of(tmp_path / "gru.html")["nodes"]}
    assert main(["explore", "gru", "--steps", "2", "--level", "op"]) == 0
    assert "W_r" not in {n["name"] for n in data_of(tmp_path / "gru.html")["nodes"]}
    capsys.readouterr()
    assert main(["explore", "gru", "-o", "gru.pdf"]) == 2
    assert "a page ends in .html" in capsys.readouterr().err
