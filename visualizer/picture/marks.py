"""What the prompt asked for, as quiet marks in a row under the canvas: each turns to a tick when it stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from visualizer.measure import STAND_SIGNS, Course
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.measures import Measures
from visualizer.picture.stage import Mark, Words

_FONT_UNITS, _TALL_FONT_UNITS, _SMALLEST_UNITS = 15, 21, 12
_TOO_MANY_LINES = 99
_LEAST_PX = 480
"""A smaller picture has no room for them."""


class Marks:
    """The marks of some constraints, those of one group behind its name; none where they do not fit.

    height: pixels that they take, 0 where there are none.
    """

    def __init__(self, courses: Sequence[Course], measures: Measures, lettering: Lettering) -> None:
        self._measures, self._lettering = measures, lettering
        self._groups = [(name, [*group]) for name, group in groupby(courses, lambda course: course.check.group)]
        most = 2 if measures.is_upright else 1
        high = _TALL_FONT_UNITS if measures.is_tall else _FONT_UNITS
        sizes = (measures.px(units) for units in range(high, _SMALLEST_UNITS - 1, -1))
        has_room = min(measures.width, measures.height or measures.width) >= _LEAST_PX
        self._font_px = next((px for px in sizes if self._lines(px) <= most), 0) if courses and has_room else 0
        self.height = 0
        if self._font_px:
            self.height = self._lines(self._font_px) * self._line_px(self._font_px) + measures.px(10)

    def places(self, bottom: int) -> tuple[tuple[Words, ...], tuple[Mark, ...]]:
        """The names of the groups, and the marks, above so many pixels."""
        return self._set(self._font_px, bottom - self.height)[:2] if self.height else ((), ())

    def _lines(self, font_px: int) -> int:
        return self._set(font_px, 0)[2]

    def _set(self, font_px: int, top: int) -> tuple[tuple[Words, ...], tuple[Mark, ...], int]:
        """Set from left to right, and how many lines that takes; a group's name stays with its first mark."""
        left, right = self._measures.margin, self._measures.right
        at, line, names, marks = left, 0, list[Words](), list[Mark]()
        sign_px = max(self._lettering.width(sign, font_px, bold=True) for sign in STAND_SIGNS.values()) + round(
            font_px * 0.35
        )
        for name, courses in self._groups:
            for number, course in enumerate(courses):
                head = name if name and not number else ""
                head_px = self._lettering.width(head, font_px) + round(font_px * 0.8) if head else 0
                wide = head_px + sign_px + self._lettering.width(course.check.label, font_px)
                if at > left and at + wide > right:
                    at, line = left, line + 1
                y = top + line * self._line_px(font_px)
                if head:
                    names.append(Words(at, y, head, font_px, False, "quiet"))
                marks.append(
                    Mark(
                        Words(at + head_px, y, "", font_px, True, "quiet"),
                        Words(at + head_px + sign_px, y, course.check.label, font_px, False, "quiet"),
                    )
                )
                at += wide + round(font_px * 1.1)
            at += round(font_px * 0.9)
        is_cut = any(mark.label.left + self._lettering.width(mark.label.text, font_px) > right for mark in marks)
        return tuple(names), tuple(marks), line + 1 if not is_cut else _TOO_MANY_LINES

    @staticmethod
    def _line_px(font_px: int) -> int:
        return line_metrics(font_px).line_px + round(font_px * 0.2)
