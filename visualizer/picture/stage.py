"""A picture without its cells, as a value: where its words, its legend and the grid of cells stand.

Measured in pixels at 1×; `scaled` multiplies the finished whole, so 2× has the same layout with twice the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Box

SEPARATOR = "   ·   "
"""Between words of one line that do not belong together."""


class Words(NamedTuple):
    """A line of text. left, top: of its box, in pixels; right: the box ends there instead. ink: the colour's name."""

    left: int
    top: int
    text: str
    font_px: int
    bold: bool
    ink: str
    right: int | None = None


class Mark(NamedTuple):
    """Where a constraint's sign stands, and its label behind that."""

    sign: Words
    label: Words


@dataclass(frozen=True)
class Legend:
    """Where the samples of the cells stand, and their size. holds: one of them is of what a draft holds."""

    metrics: Metrics
    left: int
    top: int
    holds: bool = False


@dataclass(frozen=True)
class Stage:
    """A picture without its cells.

    size: width and height in pixels, both even. metrics, left, top: of the grid of cells; columns, rows: of the grid.
    words: what does not change. rules: hairlines. pill: the frame around the first words of the label. status: where
    what changes is written, right-aligned. caption: the lines of one. marks: of what the prompt asked for. above,
    below: where it says that there is more. progress: the bar's room.
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
    caption: tuple[Words, ...] = ()
    marks: tuple[Mark, ...] = ()
    above: Words | None = None
    below: Words | None = None
    legend: Legend | None = None
    progress: Box | None = None

    def scaled(self, scale: int) -> Stage:
        """The same picture with so many times the pixels."""
        if scale == 1:
            return self
        legend = self.legend and Legend(
            self.legend.metrics.scaled(scale), self.legend.left * scale, self.legend.top * scale, self.legend.holds
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
            caption=tuple(_times(words, scale) for words in self.caption),
            above=self.above and _times(self.above, scale),
            below=self.below and _times(self.below, scale),
            legend=legend,
            progress=self.progress and Box(*(edge * scale for edge in self.progress)),
        )


@dataclass(frozen=True)
class Billing:
    """The words that a stage shows; empty ones take no room.

    label: "recorded", or "drawn" of what was not run. facts: checkpoint, seed, and what was asked for beside the
    prompt. longest_status: the widest text that the status will be. note: what the layout is, in a few words, then in
    fewer. captions: all that will be said. holds: a draft holds some tokens, which the legend explains.
    """

    prompt: str
    label: str
    facts: tuple[str, ...]
    longest_status: str
    legend_columns: int
    notes: tuple[str, str]
    progress: bool
    captions: frozenset[str] = frozenset()
    holds: bool = False


def _times(words: Words, scale: int) -> Words:
    right = None if words.right is None else words.right * scale
    return words._replace(left=words.left * scale, top=words.top * scale, font_px=words.font_px * scale, right=right)
