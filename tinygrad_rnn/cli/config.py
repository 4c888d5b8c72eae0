"""What the configuration of a run says, and what each of it must be: a checkpoint may be of anybody."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import data, training
from ..core.errors import FileFormatError

Config = dict[str, Any]
Check = Callable[[Any], bool]


def _whole(x: Any) -> bool:
    return type(x) is int and 1 <= x < 2**40


def _from_zero(x: Any) -> bool:
    return type(x) is int and 0 <= x < 2**63


def _number(x: Any) -> bool:
    return (type(x) is int and abs(x) < 2**63) or (type(x) is float and math.isfinite(x))


def _share(x: Any) -> bool:
    return _number(x) and 0 <= x < 1


def _text(x: Any) -> bool:
    return isinstance(x, str)


def _texts(x: Any) -> bool:
    return isinstance(x, list) and bool(x) and all(map(_text, x))


def _numbers(x: Any) -> bool:
    return isinstance(x, list) and all(map(_number, x))


def _or_none(check: Check) -> Check:
    return lambda x: x is None or check(x)


def _boolean(x: Any) -> bool:
    return isinstance(x, bool)


def _facts(x: Any) -> bool:
    return isinstance(x, dict) and x.keys() >= {"files", "rows"} and isinstance(x["files"], list) and _whole(x["rows"])


_ALL: dict[str, Check] = {
    "cell": _text,
    "layers": _whole,
    "hidden": _whole,
    "dropout": _share,
    "chrono": _or_none(_whole),
    "embedding": _or_none(_whole),
    "seed": _from_zero,
    "inputs": _whole,
    "outputs": _whole,
    "symbols": _boolean,
    "at_end": _boolean,
    "strategy": _text,
    "batch": _whole,
    "lr": lambda x: _number(x) and x > 0,
    "schedule": _text,
    "warmup": _from_zero,
    "clip": lambda x: _number(x) and x > 0,
    "patience": _or_none(_whole),
    "steps": _whole,
    "save_every": _whole,
    "validate_every": _whole,
}
_FILES: dict[str, Check] = {
    "files": _texts,
    "data": _facts,
    "window": _whole,
    "validation": _share,
    "encoding": _text,
}
_KINDS: dict[str, dict[str, Check]] = {
    "text": _FILES | {"level": lambda x: x in ("char", "byte"), "vocabulary": _or_none(_texts)},
    "series": _FILES
    | {
        "columns": _or_none(_texts),
        "known": _or_none(_texts),
        "names": _texts,
        "mean": _numbers,
        "deviation": lambda x: _numbers(x) and all(v > 0 for v in x),
        "delimiter": _or_none(_text),
        "header": _or_none(_boolean),
        "decimal": _text,
        "thousands": _or_none(_text),
        "skip_rows": _from_zero,
    },
    "task": {"task": lambda x: x in data.TASKS, "length": _or_none(_whole)},
}


def config_of(read: training.Checkpoint, path: Path) -> Config:
    """The configuration in a checkpoint.

    Raises:
        FileFormatError: the checkpoint is not of a run that ``train`` began, or something it says makes no sense.
    """
    config = read.facts["config"]
    if not _text(config.get("kind")) or config["kind"] not in _KINDS:
        raise FileFormatError(f"{path}: a checkpoint, but not of a run that tinygrad-rnn train began")
    expected = _ALL | _KINDS[config["kind"]]
    missing = sorted(expected.keys() - config.keys())
    if missing:
        raise FileFormatError(f"{path}: its configuration does not say {', '.join(missing)}")
    entries = sum(x.size for x in read.part("network").values())
    for name, right in expected.items():
        large = name in ("layers", "hidden", "inputs", "outputs", "embedding") and (config[name] or 0)
        if not right(config[name]) or large > entries:
            raise FileFormatError(f"{path}: its configuration says {config[name]!r:.60} as {name}")
    width = len(config["names"]) if config["kind"] == "series" else 0
    if width and not (len(config["mean"]) == len(config["deviation"]) == width == config["inputs"]):
        raise FileFormatError(f"{path}: its configuration has scales of other columns than {config['names']!r:.60}")
    return config
