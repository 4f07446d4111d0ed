"""How large everything in a picture is: one unit that grows with the picture, and the margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

_TALL_SHARE = 1.4


@dataclass(frozen=True)
class Measures:
    """Of a picture of so many pixels at 1×; a height of None is as tall as the text needs.

    unit_of: the picture that this is a part of, whose unit it has.
    """

    width: int
    height: int | None
    unit_of: Measures | None = None

    @cached_property
    def unit(self) -> float:
        """Pixels that stand for one of 720p."""
        if self.unit_of is not None:
            return self.unit_of.unit
        short, area = 0.0, self.width * 0.98
        if self.height is not None:
            short, area = min(self.width, self.height), math.sqrt(self.width * self.height)
        return min(4.0, max(0.62, short / 720, area / 960))

    def px(self, units: float) -> int:
        """So many units in pixels, at least one."""
        return max(1, round(units * self.unit))

    @property
    def margin(self) -> int:
        """Pixels left free at each side."""
        return self.px(40)

    @property
    def room(self) -> int:
        """Pixels between the margins."""
        return self.width - 2 * self.margin

    @property
    def right(self) -> int:
        """Where the right margin begins."""
        return self.width - self.margin

    @property
    def is_upright(self) -> bool:
        """Whether it is at least as tall as wide."""
        return self.height is not None and self.height >= self.width

    @property
    def is_tall(self) -> bool:
        """Whether it is so tall that it is looked at on a phone."""
        return self.height is not None and self.height >= _TALL_SHARE * self.width
