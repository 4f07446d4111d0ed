"""How many syllables a line of English has, by the CMU Pronouncing Dictionary (`assets/syllables/`)."""

from __future__ import annotations

import lzma
import re
from collections.abc import Mapping
from functools import cache

from visualizer.bundled import ASSETS_FOLDER

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LONGEST_LINE = 200
"""Signs; no line of a poem is longer, and this is asked of any text."""


def syllable_totals(line: str) -> frozenset[int]:
    """The numbers of syllables that it may have: words are pronounced in several ways.

    Empty where a word is not in the dictionary: how many that has is not guessed.
    """
    totals = {0}
    for word in _WORD.findall(line[: _LONGEST_LINE + 1].lower().replace("’", "'")):
        counts = _dictionary().get(word, ()) if len(line) <= _LONGEST_LINE else ()
        totals = {total + count for total in totals for count in counts}
    return frozenset(totals - {0})


@cache
def _dictionary() -> Mapping[str, tuple[int, ...]]:
    packed = (ASSETS_FOLDER / "syllables" / "syllables.txt.xz").read_bytes()
    found = {}
    for line in lzma.decompress(packed).decode().splitlines():
        counts, *words = line.split(" ")
        found.update(dict.fromkeys(words, tuple(map(int, counts.split("/")))))
    return found
