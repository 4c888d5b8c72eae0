"""Damaged files: a seeded stream of mutants of a sound one."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

#: What is put in somewhere: signs that mean something to one reader or another, and numbers at their limits.
TOKENS = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b",", b";", b"\n", b"\r", b"\t", b"#", b"#N/A",
    b"\\", b"{", b"}", b"[", b"[" * 3000,
    b'"' + b"x" * 140_000, b"-", b"+", b"1e999", b"-1", b"0", b"nan", b"inf", b"null", b"true", b"1_0",
    b"9" * 25, b"9" * 5000, "é".encode(), b"\xc3", b"\x80", b"\xed\xa0\x80", "水".encode(),
    b"sep=;\n", b"PK\x03\x04", b"\x1f\x8b",
    b"F64", b"BF16", b"<f8", b"|O", b"(1000000000000,)", b"__import__('os')",
]  # fmt: skip

#: What stands in for a value of a configuration.
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 7, 2**31, 2**63, 10**30, 10**400, 0.5, -0.5, 1e308, float("nan"), float("inf"),
    "", "x", "1", "\0", "\udcff", "a" * 5000, "/", "..", [], [1], ["x"], [None], [[]],
    {}, {"x": 1}, {"files": [], "rows": 1},
]  # fmt: skip


def mutants(sound: bytes, count: int, seed: int) -> Iterator[bytes]:
    """So many mutants, each of one to four changes."""
    draw = random.Random(seed)
    for _ in range(count):
        data = bytearray(sound)
        for _ in range(draw.choice((1, 1, 2, 4))):
            at, more = draw.randrange(len(data) + 1), draw.choice((1, 2, 8, 64, 1024))
            draw.choice(CHANGES)(data, at, more, draw)
        yield bytes(data)


def _flip(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    if data:
        data[at % len(data)] ^= 1 << draw.randrange(8)


def _put(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    token = draw.choice(TOKENS)
    data[at : at + draw.choice((0, len(token)))] = token


def _cut(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    del data[at:]


def _drop(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    del data[at : at + more]


def _repeat(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    data[at:at] = data[at : at + more]


def _noise(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    data[at : at + more] = draw.randbytes(more)


def _digit(data: bytearray, at: int, more: int, draw: random.Random) -> None:
    places = [k for k, byte in enumerate(data[:20_000]) if 48 <= byte < 58]
    if places:
        data[draw.choice(places)] = draw.choice(b"0123456789-.eE")


Change = Callable[[bytearray, int, int, random.Random], None]
CHANGES: list[Change] = [_flip, _put, _cut, _drop, _repeat, _noise, _digit]


def altered(facts: dict[str, Any], count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many variants of nested facts, with one to three values replaced or left out."""
    draw = random.Random(seed)
    for _ in range(count):
        made = copy.deepcopy(facts)
        for _ in range(draw.choice((1, 1, 1, 3))):
            place: Any = made
            while True:
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = draw.choice(keys)
                if isinstance(place[key], (dict, list)) and place[key] and draw.random() < 0.8:
                    place = place[key]
                    continue
                if isinstance(place, dict) and draw.random() < 0.2:
                    del place[key]
                else:
                    place[key] = copy.deepcopy(draw.choice(VALUES))
                break
        yield made
