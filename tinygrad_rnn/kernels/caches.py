"""How large this processor's caches are: products keep in them what they read again."""

from __future__ import annotations

from functools import cache
from pathlib import Path

#: Bytes of the second level where the system does not say: that of most processors of the last ten years, or less.
USUAL = 512 << 10


@cache
def second_level(place: str = "/sys/devices/system/cpu/cpu0/cache") -> int:
    """Bytes of the second-level cache of a core, as Linux tells them; elsewhere the usual."""
    for index in sorted(Path(place).glob("index*")):
        try:
            if (index / "level").read_text().strip() == "2":
                size = (index / "size").read_text().strip()
                return int(size[:-1]) << {"K": 10, "M": 20}[size[-1]]
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return USUAL
