"""Programs on disk: found again by the next process, rewritten when damaged, done without if nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numba.core import config

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="programs need Numba's compiler")

SCRIPT = """
import numpy as np, tinygrad_rnn as tg
layer = tg.nn.RNN(2, 3, generator=np.random.default_rng(0))
xs = tg.tensor(np.ones((4, 2, 2), np.float32), requires_grad=True)
outputs, _ = layer(xs)
outputs.sum().backward()
print(outputs.numpy().sum(), xs.grad.numpy().sum())
"""


def run(place: Path, **more: str) -> str:
    environment = os.environ | {"TINYGRAD_RNN_CACHE": str(place), "NUMBA_CACHE_DIR": ""} | more
    made = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_the_next_process_finds_them_and_damage_is_repaired(tmp_path: Path) -> None:
    expected = run(tmp_path)
    sources = {path: path.read_text() for path in tmp_path.glob("*.py")}
    compiled = {path: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*.nbc")}
    assert len(sources) == 2  # forward and backward
    assert compiled
    assert run(tmp_path) == expected
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*.nbc")} == compiled
    for path in sources:
        path.write_text("raise SystemExit('a file was executed that is not ours')")
    assert run(tmp_path) == expected
    assert {path: path.read_text() for path in tmp_path.glob("*.py")} == sources


@pytest.mark.parametrize("damage", ["garbage", "nothing", "half", "one bit"])
def test_damaged_machine_code_is_compiled_again(compiled_once: tuple[Path, str], damage: str) -> None:
    """The index of one program is damaged, and the code of the other."""
    place, expected = compiled_once
    damaged = [sorted(place.glob(f"numba/**/tinygrad_rnn_program*.{kind}"))[k] for kind, k in (("nbi", 0), ("nbc", -1))]
    assert damaged[0].name.split("-")[0] != damaged[1].name.split("-")[0]
    for path in damaged:
        whole = path.read_bytes()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        path.write_bytes({"garbage": b"?", "nothing": b"", "half": whole[:middle], "one bit": flipped}[damage])
    for _ in range(2):
        assert run(place, NUMBA_CACHE_DIR=str(place / "numba")) == expected


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    place = tmp_path_factory.mktemp("programs")
    return place, run(place, NUMBA_CACHE_DIR=str(place / "numba"))


def test_a_place_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert run(blocked) == run(tmp_path / "folder")


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Which folder a process would choose, given one; the temporary one lies in ``tmp_path/private``."""
    from tinygrad_rnn.compile import cache

    (tmp_path / "private").mkdir()
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path / "private"))

    def choose(place: Path) -> Path:
        monkeypatch.setenv("TINYGRAD_RNN_CACHE", str(place))
        return cache.folder.__wrapped__()

    return choose


def test_a_folder_of_ones_own_is_used_and_closed_to_others(chosen: Any, tmp_path: Path) -> None:
    place = chosen(tmp_path / "own")
    assert place == tmp_path / "own"
    if os.name == "posix":
        assert place.stat().st_mode & 0o077 == (place / "__pycache__").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
@pytest.mark.parametrize("inner", ["", "__pycache__"])
def test_a_folder_that_others_can_write_is_not_used(chosen: Any, tmp_path: Path, mode: int, inner: str) -> None:
    place = tmp_path / "open"
    (place / "__pycache__").mkdir(parents=True, mode=0o700)
    (place / inner).chmod(mode)
    said = r"open, which other users can write to \(mode 1?7.*TINYGRAD_RNN_CACHE"
    with pytest.warns(RuntimeWarning, match=said) as told:
        private = chosen(place)
    assert len(told) == 1
    assert private.parent == tmp_path / "private"
    assert private.stat().st_mode & 0o077 == 0
    assert [path.name for path in place.iterdir()] == ["__pycache__"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners of POSIX")
def test_a_folder_of_somebody_else_is_not_used(chosen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    own = os.geteuid()
    answers = iter([own + 1])  # asked once about their folder, as another user
    monkeypatch.setattr(os, "geteuid", lambda: next(answers, own))
    with pytest.warns(RuntimeWarning, match=f"theirs, which belongs to another user .number {own}."):
        assert chosen(tmp_path / "theirs").parent == tmp_path / "private"


def test_where_users_have_no_numbers_the_folder_is_used(
    chosen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "geteuid", raising=False)  # Windows
    assert chosen(tmp_path / "own") == tmp_path / "own"


def test_the_warning_comes_once_in_a_process(tmp_path: Path) -> None:
    if os.name == "posix":
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o777)
        script = "from tinygrad_rnn.compile import cache\nfor _ in range(3):\n    print(cache.folder())"
        environment = os.environ | {"TINYGRAD_RNN_CACHE": str(tmp_path / "open"), "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", script]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert made.stderr.count("RuntimeWarning") == 1
        assert len(set(made.stdout.split())) == 1


def test_two_processes_at_once(tmp_path: Path) -> None:
    environment = os.environ | {"TINYGRAD_RNN_CACHE": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (process.communicate(timeout=300)[0] for process in runs)
    assert first == second != ""


def test_room_is_made_for_new_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_rnn.compile import cache

    monkeypatch.setattr(cache, "KEPT", 3)
    for k in range(5):
        path = cache._written(tmp_path / f"tinygrad_rnn_program_{k}.py", f"x = {k}\n")
        os.utime(path.with_suffix(".used"), (k, k))
    kept = sorted(path.name for path in tmp_path.glob("*.py"))
    assert kept == [f"tinygrad_rnn_program_{k}.py" for k in (2, 3, 4)]


def test_a_program_whose_files_another_process_drops_is_written_again_or_compiled_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinygrad_rnn.compile import cache

    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    source = f"def block(a):\n    return a + {os.getpid()}\n"
    cache.compiled(source, lambda block, cache: block)
    (path,) = tmp_path.glob("*.py")
    path.unlink()
    cache.compiled(source, lambda block, cache: block)
    assert path.read_text() == source

    def vanishing(block: Any, cache: bool) -> bool:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return cache

    assert cache.compiled(source, vanishing) is False
