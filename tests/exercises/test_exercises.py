"""Every exercise: its solution is right, its beginning is not, and each typical mistake is answered by its name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.exercises import Exercise, check, exercise, exercises
from tinygrad_rnn.exercises.answer import answer
from tinygrad_rnn.exercises.description import LANGUAGES
from tinygrad_rnn.exercises.grading import grade, loaded
from tinygrad_rnn.exercises.paper import WIDTH, code_in, columns, starter_file
from tinygrad_rnn.exercises.reader_folder import ReaderFolder
from tinygrad_rnn.exercises.running import run
from tinygrad_rnn.exercises.sentences import SENTENCES
from tinygrad_rnn.exercises.slips import slips

CHINESE = re.compile(r"[\u4e00-\u9fff]")
each = pytest.mark.parametrize("e", exercises(), ids=lambda e: e.name)


@each
def test_the_solution_is_right_in_every_draw(e: Exercise) -> None:
    assert grade(e, loaded(e.solution)) is None


@each
def test_what_the_reader_begins_with_is_not(e: Exercise) -> None:
    found = grade(e, loaded(e.starter))
    assert found is not None
    for language in LANGUAGES:
        said = "\n".join(text for _, text in answer(e, found, language))
        assert "Traceback" not in said


@each
def test_a_typical_mistake_gets_its_own_sentence(e: Exercise) -> None:
    assert len(e.mistakes) >= 3
    assert len({m.says for m in e.mistakes}) == len(e.mistakes)
    for m in e.mistakes:
        found = grade(e, loaded(m.code(e.solution)))
        assert found is not None, m.says
        assert found.named == m.says


@each
def test_it_is_told_in_both_languages(e: Exercise) -> None:
    texts = [e.title, e.task, e.after, *e.hints, *(m.says for m in e.mistakes)]
    for english, chinese in texts:
        assert english
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese) or not re.search("[a-z]{3,} [a-z]{3,}", chinese)  # a formula, or code
    for code in (e.starter, e.solution):
        assert not CHINESE.search(code_in(code, "en"))
    for language in LANGUAGES:
        head = [line for line in starter_file(e, language).splitlines() if line.startswith("#")]
        assert all(columns(line) <= WIDTH + 4 for line in head)


def test_so_is_what_is_said_around_them() -> None:
    for key, (english, chinese) in SENTENCES.items():
        assert CHINESE.search(chinese) or not re.search("[a-z]", english), key
        assert sorted(re.findall(r"\{\d?\}", english)).__len__() == len(re.findall(r"\{\d?\}", chinese)), key


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def backward(a, b, g):\n    while True:\n        pass\n", "still running"),
        ("def backward(a, b, g):\n    return g * b\n", "2 results"),
        ("def backward(a, b, g):\n    return g * b, undefined\n", "line 2: return g * b, undefined"),
        ("def backward(a, b, g)\n", "Python cannot read"),
        ("import os\nos._exit(3)\n", "Python itself ended"),
        ("raise SystemExit\n", "ends the program"),
        ("x = 1\n", "There is no backward"),
        ("def backward(a, b, g):\n    print('here')\n    return g, g\n", "sum"),
    ],
)
def test_whatever_the_file_does_there_is_an_answer(code: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "01_product.py"
    file.write_text(code)
    right, lines = run(exercise("product"), file, "en", seconds=3.0)
    text = "\n".join(line for _, line in lines)
    assert not right
    assert says in text
    assert "Traceback" not in text
    assert "tinygrad_rnn/exercises" not in text


def test_nothing_of_the_readers_is_overwritten(tmp_path: Path) -> None:
    folder = ReaderFolder(tmp_path, "en")
    assert folder.fill() == len(exercises())
    e = exercise("2")
    folder.file(e).write_text("mine")
    again = ReaderFolder(tmp_path, "zh")
    assert again.fill() == len(exercises()) - 1  # untouched files change their language
    assert folder.file(e).read_text() == "mine"
    copy = again.reset(e)
    assert copy is not None
    assert copy.read_text() == "mine"
    assert folder.file(e).read_text(encoding="utf-8") == starter_file(e, "zh")
    assert again.reset(e) is None


def test_progress_survives(tmp_path: Path) -> None:
    folder = ReaderFolder(tmp_path, "en")
    folder.fill()
    folder.mark(exercises()[0], True)
    later = ReaderFolder(tmp_path)
    assert later.done == [exercises()[0].name]
    assert later.next() == exercises()[1]


def test_a_mistake_is_told_from_another_that_gives_the_same_numbers_once() -> None:
    """In the first draw b is −a, so a wrong sign looks like exchanged factors; in the next ones it does not."""
    code = exercise("product").solution.replace("g * b", "-g * b").replace("g * a", "-g * a")
    wrong = grade(exercise("product"), loaded(code))
    assert wrong is not None
    assert wrong.named is None


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("bptt", "d_a @ R.T", "d_a @ R", "R is to be transposed"),
        ("bptt", "d_h * (1 - states[t + 1] ** 2)", "d_h", "The factor 1 - states[t + 1] ** 2 is missing"),
        ("bptt", "1 - states[t + 1] ** 2", "1 - states[t] ** 2", "It is states[t + 1] that is wanted"),
        ("lstm_gates", "d_h * np.tanh(new) * o * (1 - o)", "np.tanh(new) * o * (1 - o)", "The factor d_h is missing"),
        ("lstm_gates", "return d_ai, d_af, d_ag, d_ao, d_c * f", "return d_ai, d_af, d_ag, d_ao, d_c", "factor f"),
        ("adam", "/ (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t))", ") / (np.sqrt(v)", "neither m nor v is corrected"),
        ("differences", "found[index] = (f(up) - f(down)) / (2 * eps)",
         "found[index] = (f(up) - f(down)) / (2 * eps)\n        x[index] -= eps", "put x[index] back"),
    ],
)  # fmt: skip
def test_slips_that_students_made(name: str, right: str, wrong: str, says: str) -> None:
    solution = exercise(name).solution
    assert right in solution
    found = grade(exercise(name), loaded(solution.replace(right, wrong)))
    assert found is not None
    assert found.named is not None
    assert says in found.named[0]


@pytest.mark.parametrize("name", ["product", "matmul", "activations", "rnn_step", "clipping", "lstm_step"])
def test_every_slip_is_named(name: str) -> None:
    e, seen = exercise(name), 0
    for code, says in slips(e.solution):
        wrong = grade(e, loaded(code))
        if wrong is not None:
            assert wrong.named is not None, (code, says)
            seen += 1
    assert seen > 3


def test_a_notebooks_names_are_graded(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("product", loaded(exercise("product").solution))
    assert not check("product", {"backward": lambda a, b, g: (np.float64(g * a), g * a)}, "zh")
    assert "δa 不对" in capsys.readouterr().out
