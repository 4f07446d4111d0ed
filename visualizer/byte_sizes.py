"""Numbers of bytes in words, in decimal units, and back."""

from __future__ import annotations

import re

from visualizer.errors import SettingsError

_UNITS = {"": 10**6, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_MAX_BYTES = 10**12


def spoken_size(count: int) -> str:
    """Memory, disk and downloads for a reader, to the nearest: "16.6 GB", "11 MB", "640 kB"."""
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 100 * size and unit == "GB" else f"{count / size:.0f} {unit}"
    return f"{max(count, 0) / 1000:.0f} kB"


def spoken_file_size(count: int) -> str:
    """A file's size for a reader, rounded up, so that a size over a promise never reads as kept: "2.4 MB", "57 kB"."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            tenths = -(-count * 10 // size)
            whole = tenths >= 1000 or tenths % 10 == 0
            return f"{-(-tenths // 10)} {unit}" if whole else f"{tenths / 10:.1f} {unit}"
    return f"{count} bytes"


def read_file_size(text: str) -> int:
    """A size such as `10MB`, `500 kB` or `2.5 MiB`, in bytes; a number alone is megabytes.

    Raises SettingsError when it is none.
    """
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([a-zA-Z]*)\s*", text)
    count = round(float(found[1]) * _UNITS.get(found[2].lower(), 0)) if found else 0
    if not 0 < count <= _MAX_BYTES:
        raise SettingsError(f"{text!r:.40} is not a file size; write it as 10MB, 500kB or 2.5MiB.")
    return count
