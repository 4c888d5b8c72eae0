"""Training: it learns; a run that is killed and resumed equals one that is not, to the bit."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from train_cases import B, Cycle, T, V, network, numbers, same, trainer

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import ArgumentError, FileFormatError, NonFiniteError
from tinygrad_rnn.strategies import Checkpointed, ScheduledSampling, Truncated
from tinygrad_rnn.training import Cosine, History, Plateau, StepDecay, evaluate, read


def test_it_learns_what_follows_what() -> None:
    run = trainer(validation=Cycle(1))
    history = run.run(300)
    assert history[0].loss == pytest.approx(np.log(V), abs=0.3)
    assert history[-1].loss < 0.05
    assert run.best[0] < 0.05
    assert [m.step for m in history] == list(range(1, 301))
    assert [m.step for m in history if m.validation is not None] == list(range(5, 301, 5))
    assert all(m.tokens == T * B and m.gradient_norm > 0 for m in history)


SETTINGS: dict[str, Any] = {
    "plain": {},
    "dropout": {"dropout": 0.3},
    "zoneout": {"zoneout": 0.2},
    "cosine": {"schedule": lambda: Cosine(20, warmup=3)},
    "plateau": {"schedule": lambda: Plateau(1), "validation": Cycle(1)},
    "truncated": {"strategy": Truncated(4)},
    "checkpointed": {"strategy": Checkpointed(3)},
    "scheduled": {"strategy": ScheduledSampling("linear", 10)},
    "gru": {"cell": tg.nn.GRUCell},
}


def made(case: str, folder: Path | None = None) -> tg.Trainer:
    settings = dict(SETTINGS[case])
    net = network(**{name: settings.pop(name) for name in ("dropout", "zoneout", "cell") if name in settings})
    if "schedule" in settings:
        settings["schedule"] = settings["schedule"]()
    return trainer(folder, net, **settings)


@pytest.mark.parametrize("case", SETTINGS)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(case: str, tmp_path: Path) -> None:
    whole = made(case)
    whole.run(13)
    first = made(case, tmp_path)
    first.run(7)
    second = made(case, tmp_path)
    second.load(tmp_path / "checkpoint.safetensors")
    second.run(13)
    assert numbers(second.history) == numbers(whole.history)
    assert same(second.network.state_dict(), whole.network.state_dict())
    assert same(second.optimizer.state_dict(), whole.optimizer.state_dict())
    assert second.best == whole.best
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 14))
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 14


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="one thread does all")
def test_a_run_is_the_same_with_any_number_of_threads() -> None:
    def once(threads: int) -> Any:
        tg.set_num_threads(threads)
        net = tg.nn.Network(tg.nn.LSTMCell(16, 64, generator=np.random.default_rng(0)), V, symbols=V,
                            generator=np.random.default_rng(0))  # fmt: skip
        run = trainer(net=net)
        run.source.batch = lambda k: tg.data.Batch(*np.random.default_rng(k).integers(0, V, (2, 40, 32)))  # type: ignore[method-assign]
        run.run(3)
        return numbers(run.history), net.state_dict()

    before = tg.get_num_threads()
    try:
        results = [once(threads) for threads in (1, 2, 3)]
    finally:
        tg.set_num_threads(before)
    for losses, weights in results[1:]:
        assert losses == results[0][0]
        assert same(weights, results[0][1])


def test_it_trains_in_a_thread_too() -> None:
    run, errors = trainer(), []
    thread = threading.Thread(target=lambda: errors.append(run.run(3)))
    thread.start()
    thread.join()
    assert len(errors[0]) == 3


def test_patience_ends_it_with_the_best_weights(tmp_path: Path) -> None:
    run = trainer(tmp_path, validation=Cycle(1), validate_every=2, patience=3)
    run.optimizer.lr = 3.0  # it gets worse
    run.run(200)
    assert run.step == run.best[1] + 6 < 200
    assert evaluate(run.network, Cycle(1)) == pytest.approx(run.best[0], rel=1e-6)
    assert same(tg.load(tmp_path / "best.safetensors"), run.network.state_dict())


@pytest.mark.parametrize("how", ["steps", "patience", "interrupt", "error"])
@pytest.mark.parametrize("restore", [True, False])
def test_the_best_weights_are_what_a_run_ends_with_however_it_ends(how: str, restore: bool, tmp_path: Path) -> None:
    """And the next run, and a checkpoint, go on from the last ones."""
    settings = {"validation": Cycle(1), "validate_every": 2, "restore_best": restore}
    run = trainer(tmp_path, patience=2 if how == "patience" else None, **settings)
    run.optimizer.lr = 3.0
    advance, seen = run._advance, []

    def watched(seconds: float) -> Any:
        if run.step == 9 and how in ("interrupt", "error"):
            raise KeyboardInterrupt if how == "interrupt" else NonFiniteError("as if")
        measured = advance(seconds)
        seen.append((measured.step, run.network.state_dict()))
        return measured

    run._advance = watched  # type: ignore[method-assign]
    with contextlib.suppress(KeyboardInterrupt, NonFiniteError):
        run.run(11)
    step, last = seen[-1]
    assert run.best[1] < step == run.step
    assert same(run.network.state_dict(), dict(seen)[run.best[1]] if restore else last)
    if how in ("steps", "patience"):
        assert same(read(tmp_path / "checkpoint.safetensors").part("network"), last)
    run.patience, run._advance = None, advance  # type: ignore[method-assign]
    run.run(16)
    whole = trainer(**settings)
    whole.optimizer.lr = 3.0
    whole.run(16)
    assert same(run.network.state_dict(), whole.network.state_dict())


def test_weights_given_by_hand_between_two_runs_are_trained_on() -> None:
    run = trainer(validation=Cycle(1), validate_every=2)
    run.optimizer.lr = 3.0
    run.run(7)
    given = {name: np.zeros_like(x) for name, x in run.network.state_dict().items()}
    run.network.load_state_dict(given)
    run.optimizer.lr = 0.0
    run.run(8)
    assert same(run.network.state_dict() if run.best[1] == 8 else run.last_weights or {}, given)


@pytest.mark.parametrize("name", ["lr", "weight_decay", "betas", "eps"])
def test_an_option_of_the_optimiser_set_by_hand_acts_from_the_next_step(name: str, tmp_path: Path) -> None:
    value = {"lr": 0.5, "weight_decay": 0.9, "betas": (0.1, 0.2), "eps": 0.3}[name]
    ends = []
    for given in (True, False):
        run = trainer(tmp_path / str(given), schedule=StepDecay(2))
        run.run(3)
        if given:
            setattr(run.optimizer, name, value)
        rates = [m.lr for m in run.run(5)[3:]]
        ends.append(run.network.state_dict())
        assert getattr(run.optimizer, name) == (value if given else getattr(trainer().optimizer, name))
    assert not same(*ends)
    assert rates == [0.005, 0.0025]
    again = trainer()
    again.load(tmp_path / "True" / "checkpoint.safetensors")
    assert getattr(again.optimizer, name) == value


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_measurement_that_was_cut_short_is_lost_and_nothing_else(cut: int, tmp_path: Path) -> None:
    run = trainer(tmp_path)
    run.run(4)
    path = tmp_path / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][: len(lines[3]) * cut // 120])
    again = trainer(tmp_path)
    again.load(tmp_path / "checkpoint.safetensors")
    assert numbers(again.history) == numbers(run.history)[:3]
    again.run(6)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"step": 1}', "null", "\udcff", "[" * 100_000])
def test_a_damaged_measurement_is_named(line: str, tmp_path: Path) -> None:
    trainer(tmp_path).run(3)
    path = tmp_path / "metrics.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, lines[2], ""]), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(FileFormatError, match="line 2: no measurement of a step"):
        History(path).resume(3)


def test_epochs_and_seconds() -> None:
    run = trainer()
    assert len(run.run(epochs=1.5)) == 8
    assert len(run.run(seconds=1e-9)) == 9  # the first step, which may compile, does not count


def test_metrics_of_an_earlier_run_are_not_continued_by_a_new_one(tmp_path: Path) -> None:
    trainer(tmp_path).run(4)
    trainer(tmp_path).run(2)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_plot_of_what_was_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run = trainer(validation=Cycle(1))
    run.run(12)
    run.history.plot(tmp_path / "loss.svg")
    assert "gradient norm" in run.history.plot().axes[1].get_ylabel()
    assert (tmp_path / "loss.svg").read_text(encoding="utf-8").count("<path") > 10


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda: Cosine(4), [1, 0.8535534, 0.5, 0.1464466, 0, 0]),
        (lambda: Cosine(4, floor=0.5, warmup=2), [0.5, 0.9267767, 0.75, 0.5732233, 0.5, 0.5]),
        (lambda: StepDecay(2, 0.1), [1, 1, 0.1, 0.1, 0.01, 0.01]),
    ],
)
def test_schedules(schedule: Any, expected: list[float]) -> None:
    run = trainer(schedule=schedule())
    run.optimizer.lr = 0.02
    np.testing.assert_allclose([m.lr for m in run.run(6)], 0.02 * np.array(expected), atol=1e-9)


def test_a_plateau_lowers_the_rate() -> None:
    plateau = Plateau(2, 0.5)
    for loss in (1.0, 0.9, 0.95, 0.93, 0.94, 0.91, 0.8):
        plateau.observe(loss)
    assert plateau.rate(1.0, 0) == 0.25


def test_a_loss_that_is_not_finite_stops_it_before_the_weights_are_hurt() -> None:
    run = trainer()
    before = run.network.state_dict()
    with tg.no_grad():
        run.network.readout.bias.assign_(np.full(V, np.nan, np.float32))
    with pytest.raises(NonFiniteError, match="the loss of step 1 is nan: a lower learning rate"):
        run.run(3)
    assert run.step == 0
    assert np.array_equal(run.network.cells[0].weight_ih.numpy(), before["cells.0.weight_ih"])


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: trainer().run(), "say how many steps, epochs or seconds"),
        (lambda: trainer(patience=2), "patience needs a validation source"),
        (lambda: trainer(validate_every=-1), "validate_every must be at least 1, got -1"),
        (lambda: trainer().validate(), "there is no validation source"),
        (
            lambda: trainer(net=tg.nn.Network(tg.nn.GRUCell(4, 4), V, symbols=V + 1)),
            "gives 6 symbols, the network reads 7",
        ),
        (lambda: trainer(net=tg.nn.Network(tg.nn.GRUCell(4, 4), V)), "gives 6 symbols, the network reads 4 numbers"),
        (lambda: tg.Trainer(network(), tg.data.Adding(10)), "as a task makes them: .*; got Adding"),
        (
            lambda: trainer(net=tg.nn.Network(tg.nn.GRUCell(4, 4), V, symbols=V, at_end=True)),
            "asks for 6 outputs at every step, the network says 6 at the end",
        ),
        (lambda: Cosine(0), "steps ≥ 1"),
        (lambda: StepDecay(0), "every ≥ 1"),
        (lambda: Plateau(0), "patience ≥ 1"),
        (lambda: Cosine(3, warmup=-1), "warmup must be at least 0"),
    ],
)
def test_errors(use: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        use()
