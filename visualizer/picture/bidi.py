"""In which order the letters of a line stand when some of them are written from right to left, and in which form.

The part of the Unicode bidirectional algorithm that running text needs (See: UAX #9): the line runs from left to right,
as on the page; weak and neutral characters follow rules W1 to N2. Explicit embeddings and isolates are left out, since
their characters are shown and not obeyed, and so are bracket pairs (N0).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_STRONG = {"L", "R", "AL"}
_MIRRORED = str.maketrans("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤")
_TATWEEL = "\u0640"
_TATWEEL_FORMS = dict.fromkeys(range(4), _TATWEEL)
_FORMS = {"isolated": 0, "final": 1, "initial": 2, "medial": 3}


def levels(letters: Sequence[str]) -> list[int]:
    """The embedding level of every letter of one logical line: odd ones are read from right to left.

    letters: graphemes, none empty; the first character of each counts.
    """
    kinds = [unicodedata.bidirectional(letter[0]) or "ON" for letter in letters]
    if _RIGHT_TO_LEFT.isdisjoint(kinds):
        return [0] * len(kinds)
    whitespace = [kind in ("WS", "S", "B") for kind in kinds]
    _resolve_weak(kinds)
    _resolve_neutral(kinds)
    resolved = [{"L": 0, "R": 1}.get(kind, 2) for kind in kinds]
    for place in reversed(range(len(resolved))):
        if not whitespace[place]:
            break
        resolved[place] = 0
    return resolved


def visual_order(line_levels: Sequence[int]) -> list[int]:
    """Places of a row's letters from left to right (rule L2)."""
    order = list(range(len(line_levels)))
    for level in range(max(line_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and line_levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = max(end, start + 1)
    return order


def mirrored(letter: str) -> str:
    """A letter as it looks from right to left: brackets turn round."""
    return letter.translate(_MIRRORED)


def joined_forms(letters: Sequence[str]) -> list[str]:
    """Letters of one line with the Arabic ones in the form that their neighbours ask for; marks on them stay."""
    forms = [_TATWEEL_FORMS if letter[:1] == _TATWEEL else _arabic_forms().get(letter[:1], {}) for letter in letters]
    shapes = list(letters)
    for place, found in enumerate(forms):
        before = place > 0 and 1 in found and 2 in forms[place - 1]
        after = place + 1 < len(forms) and 2 in found and 1 in forms[place + 1]
        shape = found.get(before + 2 * after)
        if shape:
            shapes[place] = shape + letters[place][1:]
    return shapes


@cache
def _arabic_forms() -> dict[str, dict[int, str]]:
    """Presentation forms by letter (0 isolated, 1 final, 2 initial, 3 medial), as the character database gives them."""
    table: dict[str, dict[int, str]] = {}
    for code in (*range(0xFB50, 0xFBB2), *range(0xFBD3, 0xFC00), *range(0xFE80, 0xFEF5)):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if kind.strip("<>") in _FORMS and len(letters) == 1:
            table.setdefault(chr(int(letters[0], 16)), {})[_FORMS[kind.strip("<>")]] = chr(code)
    return table


def _resolve_weak(kinds: list[str]) -> None:
    """Rules W1 to W7, in place."""
    strong = "L"
    for place, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[place] = kinds[place - 1] if place else "L"
        if kinds[place] in _STRONG:
            strong = kinds[place]
        if kinds[place] == "EN" and strong == "AL":
            kinds[place] = "AN"
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]
    for place in range(1, len(kinds) - 1):
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and ((kind == "ES" and before == "EN") or (kind == "CS" and before in ("EN", "AN"))):
            kinds[place] = before
    _spread_numbers(kinds)
    strong = "L"
    for place, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
        elif kind in ("ES", "ET", "CS", "BN"):
            kinds[place] = "ON"


def _spread_numbers(kinds: list[str]) -> None:
    """Rule W5: signs of measure beside a number belong to it."""
    for direction in (1, -1):
        number = False
        for place in range(len(kinds))[::direction]:
            if kinds[place] == "ET" and number:
                kinds[place] = "EN"
            number = kinds[place] == "EN"


def _resolve_neutral(kinds: list[str]) -> None:
    """Rules N1 and N2, in place: between two of one direction its own, else the line's."""
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] not in ("L", "R", "EN", "AN"):
            end += 1
        sides = {_side(kinds[start - 1] if start else "L"), _side(kinds[end] if end < len(kinds) else "L")}
        kinds[start:end] = [sides.pop() if len(sides) == 1 else "L"] * (end - start)
        start = end + 1


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
