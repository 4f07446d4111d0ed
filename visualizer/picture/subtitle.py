"""The room under the canvas in which one caption at a time stands."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.line_breaks import LineBreaker
from visualizer.picture.measures import Measures
from visualizer.picture.stage import Words

_FONT_UNITS, _TALL_FONT_UNITS, _PART_FONT_UNITS, _SMALLEST_UNITS = 22, 30, 17, 13
_MOST_LINES, _MOST_NARROW_LINES = 1, 2


class Subtitle:
    """As large as lets every caption stand in the lines there are: one, in an upright picture or a part of one two.

    height: pixels that it takes, 0 where there are no captions.
    """

    def __init__(self, captions: Iterable[str], measures: Measures, lettering: Lettering) -> None:
        self._measures, self._lettering = measures, lettering
        whole = measures.unit_of
        self._most = _MOST_NARROW_LINES if measures.is_upright or whole is not None else _MOST_LINES
        kinds = sorted({caption for caption in captions if caption})
        low, high = _SMALLEST_UNITS, _TALL_FONT_UNITS if measures.is_tall else _FONT_UNITS
        if whole is not None and not whole.is_tall:
            high = _PART_FONT_UNITS
        sizes = (measures.px(units) for units in range(high, low, -1))
        fitting = (size for size in sizes if all(self._fits(caption, size) for caption in kinds))
        self._font_px = next(fitting, measures.px(low))
        if whole is not None and not all(self._fits(caption, self._font_px) for caption in kinds):
            self._most += 1
        self._lines = max((len(self._broken(caption)) for caption in kinds), default=0)
        self.height = self._lines * self._line_px + measures.px(26) if kinds else 0

    def lines_of(self, caption: str) -> tuple[str, ...]:
        """A caption as it stands."""
        return tuple(self._broken(caption)) if caption and self.height else ()

    def places(self, bottom: int) -> tuple[Words, ...]:
        """Where the lines stand, above so many pixels."""
        top = bottom - self.height + self._measures.px(18)
        return tuple(
            Words(self._measures.margin, top + number * self._line_px, "", self._font_px, False, "text")
            for number in range(self._lines)
        )

    @property
    def _line_px(self) -> int:
        return line_metrics(self._font_px).line_px

    def _fits(self, caption: str, font_px: int) -> bool:
        lines = self._broken(caption, font_px)
        return " ".join(lines) == caption

    def _broken(self, caption: str, font_px: int | None = None) -> list[str]:
        font_px = font_px or self._font_px
        breaker = LineBreaker(font_px, lambda line: self._lettering.width(line, font_px))
        return breaker.balanced(caption, self._most, self._measures.room)
