"""Every op that has a JavaScript form, in a browser, against NumPy: values and gradients of new operands."""

import json
from importlib.resources import files

import numpy as np
from ops.op_domains import NAMES, cases

import tinygrad_rnn as tg
from tinygrad_rnn.core.apply import apply
from tinygrad_rnn.core.mode import changed
from tinygrad_rnn.core.steps import recorded_backprop_steps
from tinygrad_rnn.explorer.javascript import NoJavaScript
from tinygrad_rnn.explorer.program import Program

#: What the page cannot compute: it shows a recording and names the op.
WITHOUT = {
    "argmax", "argmin", "argsort", "cholesky", "cofactors", "cumsum", "det", "dropout_mask",
    "eigh", "einsum", "inv", "log_likelihood", "logabsdet", "pad", "pinv",
    "prod", "qr", "signdet", "solve", "svd",
}  # fmt: skip
_RUN = """
const [jobs, FUNCTIONS] = [JOBS, FUNCTIONS_TEXT];
window.results = jobs.map(({ program, functions, given, wanted }) => {
  const made = new Program(program, functions.map(k => FUNCTIONS[k]));
  for (const [place, values] of given) values.forEach((v, i) => made.set(place, i, Number(v)));
  made.update();
  return wanted.map(place => Array.from(made.value(place), String));
});"""


def graph_of(op, operands, attrs):
    """[y, gradients of Σ w y] as tensors, for fixed weights w."""
    with changed(record="all"):
        y = apply(op, operands, attrs)
        if y.dtype.kind != "f" or not y.requires_grad or y.size == 0:
            return [y]
        weights = np.linspace(0.5, 1.5, y.size).reshape(y.shape)
        steps = recorded_backprop_steps((y * weights).sum())
    found = {c.operand.number: c.accumulated for s in steps for c in s.contributions}
    return [y, *(found[x.number] for x in operands if x.number in found)]


def test_every_op_with_a_form(browser, tmp_path):
    jobs, right, functions, without, kept = [], [], {}, set(), []
    for name in NAMES:
        op = tg.REGISTRY[name]
        for case in cases(op)[:6]:
            if op.kind == "random":
                without.add(name)
                continue
            xs = case.tensors(0)
            wanted = graph_of(op, xs, case.attrs)
            try:
                program = Program(wanted, live=True)
            except NoJavaScript:
                without.add(name)
                continue
            now = [
                a if x.dtype.kind == "f" or x.dtype.kind == "b" else x.numpy()
                for a, x in zip(case.arrays(5), xs, strict=True)
            ]
            again = [tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in now]
            right.append((name, repr(case), [w.numpy() for w in graph_of(op, again, case.attrs)]))
            given = [
                [program.place[x.number], [str(float(v)) for v in a.ravel()]]
                for x, a in zip(xs, now, strict=True) if x.number in program.place
            ]  # fmt: skip
            places = [functions.setdefault(text, len(functions)) for text in program.functions]
            wanted = [program.place[w.number] for w in wanted]
            jobs.append({"program": program.data(), "functions": places, "given": given, "wanted": wanted})
            kept.append(name)
    live = (files("tinygrad_rnn.explorer") / "live.js").read_text("utf-8")
    script = _RUN.replace("JOBS", json.dumps(jobs)).replace("FUNCTIONS_TEXT", "[" + ",".join(functions) + "]")
    page = tmp_path / "ops.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><script>{live}\n{script}</script>", encoding="utf-8")
    browser.get(page.as_uri())
    results = browser.execute_script("return window.results")
    assert results is not None, browser.get_log("browser")
    wrong = []
    for (name, case, arrays), found in zip(right, results, strict=True):
        for k, (a, b) in enumerate(zip(arrays, found, strict=True)):
            b = np.array([float({"true": 1, "false": 0}.get(v, v)) for v in b]).reshape(a.shape)
            if not np.allclose(b, a.astype(float), rtol=1e-13, atol=1e-14, equal_nan=True):
                wrong.append((name, case, k, a.ravel()[:3], b.ravel()[:3]))
    assert not wrong, wrong[:10]
    assert without == WITHOUT
    assert len(set(kept)) > 80
