"""`make test-plain` runs what may differ without Numba's compiler; what its list in the Makefile lacks shows here."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAIN = re.search(r"^PLAIN = ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.M).group(1).replace("\\", "").split()
#: What differs: a kernel, the question itself, and a recurrence, which runs op by op.
CODE = re.compile(r"DISABLE_JIT|from \.+kernels|import kernels|(?<!def )\bscan\(")
TEST = re.compile(r"\btg\.scan\b|\bnn\.(?:LSTM|GRU|RNN|Recurrent|Network)\(")


def test_every_floor_that_calls_a_kernel_or_runs_a_recurrence_is_tested():
    package = ROOT / "tinygrad_rnn"
    floors = {f.relative_to(package).parts[0] for f in package.rglob("*.py") if CODE.search(f.read_text("utf-8"))}
    assert {"kernels", "compile", "ops", "nn", "optim"} <= floors
    assert [floor for floor in floors if not any(part.startswith(f"tests/{floor}") for part in PLAIN)] == []


def test_so_is_every_test_that_runs_a_recurrence():
    files = [f for f in (ROOT / "tests").rglob("test_*.py") if TEST.search(f.read_text("utf-8"))]
    names = [f.relative_to(ROOT).as_posix() for f in files]
    assert [name for name in names if not name.startswith(tuple(PLAIN))] == []


def test_what_the_list_names_is_there():
    assert [name for name in PLAIN if not (ROOT / name).exists()] == []
