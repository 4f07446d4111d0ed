"""Where the parts of a picture stand: the words above and below, and the grid of cells between them.

Measured in pixels at 1×, from one unit that grows with the picture; `scaled` multiplies the finished whole, so 2× has
the same layout with twice the pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from visualizer.picture.fonts import Metrics
from visualizer.picture.glyphs import UI_LINE_SHARE, Glyphs
from visualizer.picture.layout import MIN_COLUMNS
from visualizer.picture.pixels import Box

MIN_FONT_UNITS, MAX_FONT_UNITS = 14, 33
"""The canvas's text is never smaller, in units (1 px at 720p): what does not fit then scrolls."""
_README_FONT_UNITS = 21
_TALLEST_UNITS, _LOWEST_UNITS = 1300, 320
_LEAST_COLUMNS = 38
"""Text is not made larger than leaves so many columns."""
_KEEP_LINES_WHOLE_SHARE = 0.75
"""How much smaller the text may be so that no line has to be broken."""
_DENSE_BELOW_UNITS, _DENSE_LINE_SHARE = 18, 1.55
_TALL_SHARE = 1.4
_TALL_FOOT_SHARE = 1.4
"""A tall picture is looked at on a phone and has room: its legend is larger."""
_SEPARATOR = "   ·   "
_ELLIPSIS = "…"


class Words(NamedTuple):
    """A line of text. left, top: of its box, in pixels; right: the box ends there instead. ink: the colour's name."""

    left: int
    top: int
    text: str
    font_px: int
    bold: bool
    ink: str
    right: int | None = None


@dataclass(frozen=True)
class Legend:
    """Where the samples of the cells stand, and their size."""

    metrics: Metrics
    left: int
    top: int


@dataclass(frozen=True)
class Stage:
    """A picture without its cells.

    size: width and height in pixels, both even. metrics, left, top: of the grid of cells; columns, rows: of the grid.
    words: what does not change. rules: hairlines. pill: the frame around the first words of the label. status: where
    what changes is written, right-aligned. above, below: where it says that there is more. progress: the bar's room.
    """

    size: tuple[int, int]
    metrics: Metrics
    left: int
    top: int
    columns: int
    rows: int
    words: tuple[Words, ...] = ()
    rules: tuple[Box, ...] = ()
    pill: Box | None = None
    status: Words | None = None
    above: Words | None = None
    below: Words | None = None
    legend: Legend | None = None
    progress: Box | None = None

    def scaled(self, scale: int) -> Stage:
        """The same picture with so many times the pixels."""
        if scale == 1:
            return self
        legend = self.legend and Legend(
            self.legend.metrics.scaled(scale), self.legend.left * scale, self.legend.top * scale
        )
        return replace(
            self,
            size=(self.size[0] * scale, self.size[1] * scale),
            metrics=self.metrics.scaled(scale),
            left=self.left * scale,
            top=self.top * scale,
            words=tuple(_times(words, scale) for words in self.words),
            rules=tuple(Box(*(edge * scale for edge in rule)) for rule in self.rules),
            pill=self.pill and Box(*(edge * scale for edge in self.pill)),
            status=self.status and _times(self.status, scale),
            above=self.above and _times(self.above, scale),
            below=self.below and _times(self.below, scale),
            legend=legend,
            progress=self.progress and Box(*(edge * scale for edge in self.progress)),
        )


@dataclass(frozen=True)
class Billing:
    """The words that a stage shows; empty ones take no room.

    label: "recorded" or "live". facts: checkpoint and seed. longest_status: the widest text that the status will be.
    note: what the layout is, in a few words, then in fewer.
    """

    prompt: str
    label: str
    facts: tuple[str, ...]
    longest_status: str
    legend_columns: int
    notes: tuple[str, str]
    progress: bool


class Need(NamedTuple):
    """The room that a run needs: rows by columns, and the columns on which no line is broken."""

    rows_of: Callable[[int], int]
    unbroken_columns: int


def set_stage(width: int, height: int | None, billing: Billing, need: Need, glyphs: Glyphs) -> Stage:
    """Lay a picture out at 1×. height: None is as tall as the text needs, within limits."""
    return _Builder(width, height, billing, need, glyphs).build()


def shortened(text: str, width_of: Callable[[str], int], room: int, ending: str = _ELLIPSIS) -> str:
    """The longest start of a text that fits with its ending, cut visibly; the text itself if it fits."""
    if width_of(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(text[:middle].rstrip() + ending) <= room else (low, middle - 1)
    return text[:low].rstrip() + ending


class _Builder:
    """Puts a stage together from the top and from the bottom; the canvas takes what is left."""

    def __init__(self, width: int, height: int | None, billing: Billing, need: Need, glyphs: Glyphs) -> None:
        self._width, self._height, self._billing, self._need, self._glyphs = width, height, billing, need, glyphs
        short, area = (min(width, height), math.sqrt(width * height)) if height else (0, width * 0.98)
        self._unit = min(4.0, max(0.62, short / 720, area / 960))
        self._margin = self._px(40)
        self._room = width - 2 * self._margin
        is_tall = height is not None and height >= _TALL_SHARE * width
        foot_share = _TALL_FOOT_SHARE if is_tall else 1.0
        self._legend_px, self._note_px = self._px(13.5 * foot_share), self._px(13 * foot_share)
        self._words: list[Words] = []
        self._rules: list[Box] = []
        self._pill: Box | None = None
        self._status: Words | None = None
        self._legend: Legend | None = None

    def build(self) -> Stage:
        top = self._head()
        foot = self._foot_height()
        if self._height is None:
            metrics, columns, rows, height = self._open_canvas(top, foot)
        else:
            height = self._height
            metrics, columns, rows = self._canvas(max(1, height - top - foot))
        self._foot(height)
        spare = max(0, height - foot - top - rows * metrics.line_px)
        canvas_top = top + spare // 3
        mark_px = self._px(13)
        mark_top = Metrics.of(mark_px, UI_LINE_SHARE).line_px // 2
        right = self._width - self._margin
        return Stage(
            size=(self._width, height),
            metrics=metrics,
            left=self._margin,
            top=canvas_top,
            columns=columns,
            rows=max(1, (height - foot - canvas_top) // metrics.line_px),
            words=tuple(self._words),
            rules=tuple(self._rules),
            pill=self._pill,
            status=self._status,
            above=Words(0, top - self._px(10) - mark_top, "", mark_px, False, "quiet", right),
            below=Words(0, height - foot + self._px(8) - mark_top, "", mark_px, False, "quiet", right),
            legend=self._legend,
            progress=Box(0, height - self._px(5), self._width, self._px(5)) if self._billing.progress else None,
        )

    def _px(self, units: float) -> int:
        return max(1, round(units * self._unit))

    def _head(self) -> int:
        """Prompt, facts and status; returns where the canvas may begin."""
        top = round(self._margin * 0.8)
        begin = top
        if self._billing.prompt:
            top = self._prompt(top) + self._px(8)
        if self._billing.label or self._billing.facts or self._billing.longest_status:
            top = self._facts(top)
        if top == begin:
            return self._margin
        top += self._px(12)
        self._rule(top)
        return top + self._px(10)

    def _prompt(self, top: int) -> int:
        """The prompt in as many lines as may be; what is left out is counted."""
        tall = self._height is not None and self._height >= self._width
        most = 4 if tall else 2
        text = " ".join(self._billing.prompt.split())
        font_px = self._px(23)
        line_px = Metrics.of(font_px, UI_LINE_SHARE).line_px
        for line in self._prompt_lines(text, font_px, most):
            self._words.append(Words(self._margin, top, line, font_px, True, "text"))
            top += line_px
        return top

    def _prompt_lines(self, text: str, font_px: int, most: int) -> list[str]:
        """The prompt's lines, about equally long where all of it fits."""
        lines = self._broken(text, font_px, most, self._room)
        room = self._room
        while len(lines) > 1 and " ".join(lines) == text:
            room -= self._room // 20
            narrower = self._broken(text, font_px, most, room)
            if len(narrower) != len(lines) or " ".join(narrower) != text:
                break
            lines = narrower
        return lines

    def _broken(self, text: str, font_px: int, most: int, room: int) -> list[str]:
        lines: list[str] = []
        while text and len(lines) < most:
            line = self._prompt_line(text, font_px, room, is_last=len(lines) == most - 1)
            lines.append(line)
            text = text[len(line) :].lstrip() if text.startswith(line) else ""
        return lines

    def _prompt_line(self, text: str, font_px: int, room: int, is_last: bool) -> str:
        def width_of(line: str) -> int:
            return self._glyphs.run_width(line, font_px, bold=True)

        head = shortened(text[: _most_characters(room, font_px)], width_of, room, "")
        if head == text:
            return text
        if is_last:
            ending = f"{_ELLIPSIS}  and {len(text) - len(head):,} more characters"
            cut = shortened(text[: len(head)] + "  ", width_of, room - width_of(ending), "")
            return f"{cut}{_ELLIPSIS}  and {len(text) - len(cut):,} more characters"
        at_space = head.rfind(" ")
        return head[:at_space] if at_space > len(head) // 2 and text[len(head) : len(head) + 1] != " " else head

    def _facts(self, top: int) -> int:
        """Label, checkpoint and seed at the left, the status at the right, or below where the line is too short."""
        font_px = self._px(15)
        line_px = Metrics.of(font_px, UI_LINE_SHARE).line_px
        pad_px, pill_px = self._px(11), line_px + self._px(4)
        left = self._margin
        words_top = top + (pill_px - line_px) // 2
        status_px = self._width_of(self._billing.longest_status, font_px)
        if self._billing.label:
            text = f"●  {self._billing.label}"
            self._pill = Box(left, top, self._width_of(text, font_px, bold=True) + 2 * pad_px, pill_px)
            self._words.append(Words(left + pad_px, words_top, text, font_px, True, "accent"))
            left += self._pill.width + self._px(14)
        beside = self._room - (left - self._margin)
        facts = _SEPARATOR.join(self._billing.facts)
        if facts:
            text = shortened(facts, lambda line: self._width_of(line, font_px), beside)
            self._words.append(Words(left, words_top, text, font_px, False, "quiet"))
            left += self._width_of(text, font_px) + self._px(24)
        if not status_px:
            return top + pill_px
        if left + status_px <= self._width - self._margin:
            self._status = Words(0, words_top, "", font_px, False, "text", self._width - self._margin)
            return top + pill_px
        below = top + pill_px + self._px(4)
        self._status = Words(self._margin, below, "", font_px, False, "text")
        return below + line_px

    def _legend_metrics(self) -> Metrics:
        """As large as its samples fit side by side."""
        largest_px = self._room / max(1, self._billing.legend_columns) / 0.62
        return Metrics.of(max(5, min(self._legend_px, int(largest_px))), 1.9)

    def _note(self) -> tuple[str, bool]:
        """The longest note that fits beside the legend, and whether it must stand in a line of its own."""
        beside = self._room - self._billing.legend_columns * self._legend_metrics().column_px - self._px(30)
        for note in self._billing.notes:
            if self._width_of(note, self._note_px) <= beside:
                return note, False
        return self._billing.notes[0], True

    def _foot_height(self) -> int:
        """Pixels between the canvas's end and the picture's."""
        line_px = self._legend_metrics().line_px
        lines = 1 + (self._billing.legend_columns > 0 and self._note()[1])
        return self._px(8) + self._px(10) + lines * line_px + self._px(14)

    def _foot(self, height: int) -> None:
        """Legend and note under a hairline."""
        metrics = self._legend_metrics()
        top = height - self._foot_height() + self._px(8)
        self._rule(top)
        top += self._px(9)
        if self._billing.legend_columns:
            self._legend = Legend(metrics, self._margin, top)
        note, is_below = self._note()
        font_px = self._note_px
        words_top = top + (metrics.line_px - Metrics.of(font_px, UI_LINE_SHARE).line_px) // 2
        if is_below and self._billing.legend_columns:
            words_top += metrics.line_px
            self._words.append(Words(self._margin, words_top, note, font_px, False, "quiet"))
        else:
            self._words.append(Words(0, words_top, note, font_px, False, "quiet", self._width - self._margin))

    def _rule(self, top: int) -> None:
        self._rules.append(Box(0, top, self._width, max(1, round(self._unit))))

    def _open_canvas(self, top: int, foot: int) -> tuple[Metrics, int, int, int]:
        """The canvas of a picture that is as tall as its text, within limits."""
        tallest = self._px(_TALLEST_UNITS)
        metrics, columns, rows = self._fit(tallest - top - foot, self._px(_README_FONT_UNITS))
        wanted = top + foot + rows * metrics.line_px + self._px(10)
        height = max(self._px(_LOWEST_UNITS), wanted)
        return metrics, columns, rows, height + height % 2

    def _canvas(self, height: int) -> tuple[Metrics, int, int]:
        return self._fit(height, self._px(MAX_FONT_UNITS))

    def _fit(self, height: int, largest_px: int) -> tuple[Metrics, int, int]:
        """Size, columns and rows of the largest text that fits, or a little smaller if that keeps its lines whole."""
        smallest_px = min(self._px(MIN_FONT_UNITS), largest_px)
        low, high = smallest_px, max(smallest_px, min(largest_px, round(self._room / _LEAST_COLUMNS / 0.6)))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._fits(middle, height) else (low, middle - 1)
        least_px = max(smallest_px, round(low * _KEEP_LINES_WHOLE_SHARE))
        whole = [
            font_px
            for font_px in range(low, least_px - 1, -1)
            if self._columns(self._metrics(font_px)) >= self._need.unbroken_columns
        ]
        metrics = self._metrics(whole[0] if whole else low)
        columns = self._columns(metrics)
        return metrics, columns, min(self._need.rows_of(columns), max(1, height // metrics.line_px))

    def _fits(self, font_px: int, height: int) -> bool:
        metrics = self._metrics(font_px)
        return self._need.rows_of(self._columns(metrics)) * metrics.line_px <= height

    def _metrics(self, font_px: int) -> Metrics:
        is_dense = font_px < self._px(_DENSE_BELOW_UNITS)
        return Metrics.of(font_px, _DENSE_LINE_SHARE) if is_dense else Metrics.of(font_px)

    def _columns(self, metrics: Metrics) -> int:
        return max(MIN_COLUMNS, self._room // metrics.column_px)

    def _width_of(self, text: str, font_px: int, bold: bool = False) -> int:
        return self._glyphs.run_width(text, font_px, bold)


def _most_characters(room_px: int, font_px: int) -> int:
    """More characters than ever fit; long prompts are not measured whole."""
    return 8 * room_px // max(1, font_px) + 1


def _times(words: Words, scale: int) -> Words:
    right = None if words.right is None else words.right * scale
    return words._replace(left=words.left * scale, top=words.top * scale, font_px=words.font_px * scale, right=right)
