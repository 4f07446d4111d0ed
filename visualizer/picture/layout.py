"""Where the text of every position stands on a grid of character columns.

A grapheme is the unit: letters with their marks, emoji sequences and newlines stay whole even where a token boundary
runs through them. Lines wrap at spaces and between wide characters, tabs go to the next stop, right-to-left words
are read from the right. How wide a grapheme is drawn is the caller's to say, since fonts differ from the standard.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from wcwidth import iter_graphemes, wcswidth

from visualizer.picture.bidi import joined_forms, levels, mirrored, visual_order

TAB_COLUMNS = 4
RETURN_SIGN = "⏎"
MIN_COLUMNS = 4
_LINE_BREAKS = ("\n", "\r\n")
_BLANKS = (" ", "\t")


class Glyph(NamedTuple):
    """A grapheme in its place.

    row, column, width: on the grid; a width of 0 is not drawn (a space that hangs at a line's end). sign: what is
    drawn, with a newline as ⏎, a tab as nothing, Arabic letters joined. parts: the positions whose texts make up the
    grapheme, with their share of it; nearly always one.
    """

    row: int
    column: int
    width: int
    sign: str
    parts: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The grapheme exactly as it stands in the text."""
        return "".join(text for _, text in self.parts)

    @property
    def position(self) -> int:
        """The position that it belongs to: the one that it begins in."""
        return self.parts[0][0]


@dataclass(frozen=True)
class Layout:
    """Glyphs in the order of the text, on a grid of `columns`; `rows` of them are used, at least one."""

    columns: int
    rows: int
    glyphs: tuple[Glyph, ...]


class _Letter(NamedTuple):
    """A grapheme that has no place yet. width: what it takes; tabs and spaces at a line's end differ."""

    text: str
    parts: tuple[tuple[int, str], ...]
    width: int
    sign: str
    level: int = 0


class TextLines:
    """The texts of positions, one after the other, to be laid out on any number of columns.

    width_of: columns of a grapheme, 1 or more.
    """

    def __init__(self, texts: Sequence[str], width_of: Callable[[str], int]) -> None:
        self._lines = [
            line if all(letter.text.isascii() for letter in line) else _turned(line) for line in _lines(texts, width_of)
        ]

    def lay_out(self, columns: int, loose: Container[int] = frozenset()) -> Layout:
        """Place them on a grid.

        columns: at least MIN_COLUMNS; the last one is kept free for ⏎. loose: positions before which a line may break
        without a space.
        Every character of the texts is in exactly one glyph, no two glyphs overlap, none reaches out of the grid.
        """
        rows = [letters for line in self._lines for letters in _wrapped(line, columns - 1, loose)]
        glyphs = tuple(glyph for row, letters in enumerate(rows) for glyph in _placed(letters, row))
        ends_open = bool(glyphs) and glyphs[-1].text not in _LINE_BREAKS
        return Layout(columns, len(rows) if ends_open else len(rows) + 1, glyphs)


def terminal_columns(grapheme: str) -> int:
    """How many columns a terminal gives a grapheme; control and format characters and lone marks take one."""
    return max(1, wcswidth(grapheme))


def lay_out(
    texts: Sequence[str],
    columns: int,
    width_of: Callable[[str], int] = terminal_columns,
    loose: Container[int] = frozenset(),
) -> Layout:
    """Texts of positions on one grid, as `TextLines.lay_out` places them."""
    return TextLines(texts, width_of).lay_out(columns, loose)


def _graphemes(texts: Sequence[str]) -> Iterator[tuple[str, tuple[tuple[int, str], ...]]]:
    """Graphemes of the joined texts, each with the positions that it is made of."""
    ends = list(accumulate(len(text) for text in texts))
    position = place = 0
    for grapheme in iter_graphemes("".join(texts)):
        parts = []
        rest = grapheme
        while rest:
            while ends[position] <= place:
                position += 1
            share = rest[: ends[position] - place]
            parts.append((position, share))
            rest = rest[len(share) :]
            place += len(share)
        yield grapheme, tuple(parts)


def _lines(texts: Sequence[str], width_of: Callable[[str], int]) -> Iterator[list[_Letter]]:
    """Logical lines, each with the newline that ends it."""
    line: list[_Letter] = []
    for grapheme, parts in _graphemes(texts):
        if grapheme in _LINE_BREAKS:
            yield [*line, _Letter(grapheme, parts, 1, RETURN_SIGN)]
            line = []
        elif grapheme == "\t":
            line.append(_Letter(grapheme, parts, 0, ""))
        else:
            line.append(_Letter(grapheme, parts, width_of(grapheme), grapheme))
    if line:
        yield line


def _turned(line: list[_Letter]) -> list[_Letter]:
    """A line with the direction of every letter, and the form in which it joins its neighbours."""
    shapes = joined_forms([letter.sign for letter in line])
    return [
        letter._replace(sign=sign if level % 2 == 0 else mirrored(sign), level=level)
        for letter, sign, level in zip(line, shapes, levels([letter.text for letter in line]), strict=True)
    ]


def _wrapped(line: list[_Letter], columns: int, loose: Container[int]) -> Iterator[list[_Letter]]:
    """Rows of a line of at most so many columns; spaces where it breaks hang, and a newline always fits."""
    row: list[_Letter] = []
    column = chance = 0
    for letter in line:
        if letter.parts[0][0] in loose:
            chance = len(row)
        if letter.text in _BLANKS or letter.width > columns:
            letter = letter._replace(width=_width_at(letter, column, columns))
        while column + letter.width > columns and letter.text not in _LINE_BREAKS:
            cut = chance or len(row)
            yield row[:cut]
            row = row[cut:]
            column, chance = sum(before.width for before in row), 0
        row.append(letter)
        column += letter.width
        if letter.text in _BLANKS or (letter.width > 1 and not _is_right_to_left(letter.text)):
            chance = len(row)
    yield row


def _width_at(letter: _Letter, column: int, columns: int) -> int:
    """The width of a letter at a column: a tab reaches to the next stop, and no blank beyond the end."""
    if letter.text == "\t":
        return min(TAB_COLUMNS - column % TAB_COLUMNS, max(columns - column, 0))
    return min(1, columns - column) if letter.text == " " else min(letter.width, columns)


def _placed(letters: list[_Letter], row: int) -> list[Glyph]:
    """Glyphs of one row in the order of the text, standing in the order of reading."""
    starts = [0] * len(letters)
    column = 0
    for place in visual_order([letter.level for letter in letters]):
        starts[place] = column
        column += letters[place].width
    return [
        Glyph(row, start, letter.width, letter.sign, letter.parts)
        for letter, start in zip(letters, starts, strict=True)
    ]


def _is_right_to_left(grapheme: str) -> bool:
    return unicodedata.bidirectional(grapheme[0]) in ("R", "AL")
