"""What a grapheme is made of, and the order in which a line of them is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from visualizer.picture.bidi import joined_forms, levels, mirrored, visual_order

_CONTROL_PICTURES = 0x2400
_DOTTED_CIRCLE = "◌"


def components(grapheme: str) -> str:
    """The characters of a grapheme that are drawn; controls as their pictures, nothing for invisible ones."""
    if len(grapheme) == 1 and (ord(grapheme) < 0x20 or grapheme == "\x7f"):
        return chr(_CONTROL_PICTURES + (0x21 if grapheme == "\x7f" else ord(grapheme)))
    drawn = "".join(character for character in grapheme if not _is_joiner(character))
    if any("\u1100" <= character <= "\u11ff" for character in drawn):  # the parts of a Korean syllable
        drawn = unicodedata.normalize("NFC", drawn)
    tone_free = "".join(c for place, c in enumerate(drawn) if not (place and "\U0001f3fb" <= c <= "\U0001f3ff"))
    if tone_free and unicodedata.category(tone_free[0]) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"):
        return ""
    return tone_free


def with_marks(parts: str) -> Iterator[tuple[str, str]]:
    """Letters with the marks that lie on them; marks without a letter get a dotted circle."""
    base, marks = "", ""
    for character in parts:
        if unicodedata.category(character) in ("Mn", "Me") or (base and unicodedata.category(character) == "Mc"):
            base = base or _DOTTED_CIRCLE
            marks += character
            continue
        if base:
            yield base, marks
        base, marks = character, ""
    if base:
        yield base, marks


def is_above(mark: str) -> bool:
    """Whether a mark stands over its letter."""
    return unicodedata.combining(mark) in (228, 230, 232, 234)


def is_below(mark: str) -> bool:
    """Whether a mark stands under its letter."""
    return unicodedata.combining(mark) in (218, 220, 222, 233)


def read_in_turn(graphemes: Iterable[str]) -> list[str]:
    """Graphemes of a line from left to right, Arabic letters joined."""
    letters = list(graphemes)
    directions = levels(letters)
    shapes = [
        mirrored(shape) if level % 2 else shape for shape, level in zip(joined_forms(letters), directions, strict=True)
    ]
    return [shapes[place] for place in visual_order(directions)]


def _is_joiner(character: str) -> bool:
    """Variation selectors, joiners and tags shape their neighbours and are not drawn."""
    return character in "\u200c\u200d" or "\ufe00" <= character <= "\ufe0f" or "\U000e0020" <= character <= "\U000e01ef"
