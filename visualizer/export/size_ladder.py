"""Promises of size: the choices for a picture or film from the best to the smallest, and the search among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from visualizer.export.video import SHARPEST_CRF
from visualizer.picture import SceneOptions

ALL_COLOURS = 256
MIN_WIDTH, MIN_HEIGHT = 320, 240


@dataclass(frozen=True)
class Choice:
    """How one try is made: the scene, the colours of a GIF at most, the quality of an MP4 (x264's crf)."""

    scene: SceneOptions
    colours: int = ALL_COLOURS
    crf: int = SHARPEST_CRF


@dataclass(frozen=True)
class _Rung:
    """What a try gives up. share: of width and height that is kept; steps: every how many is kept."""

    share: float = 1.0
    steps: int = 1
    colours: int = ALL_COLOURS
    crf: int = SHARPEST_CRF


# First what is hardly seen (shades of antialiasing, encoder quality), then every other step, then size, then all three.
_LADDERS = {
    "gif": (
        _Rung(), _Rung(colours=48), _Rung(colours=24), _Rung(steps=2, colours=48), _Rung(0.7, 1, 48), _Rung(0.7, 2, 48),
        _Rung(0.7, 3, 24), _Rung(0.5, 2, 24), _Rung(0.5, 4, 24), _Rung(0.5, 8, 24), _Rung(0.35, 8, 16),
        _Rung(0.35, 16, 16), _Rung(0.25, 64, 8),
    ),
    "mp4": (
        _Rung(), _Rung(crf=22), _Rung(crf=24), _Rung(steps=2, crf=24), _Rung(0.7, 1, crf=24), _Rung(0.7, 2, crf=24),
        _Rung(0.7, 3, crf=28), _Rung(0.5, 2, crf=28), _Rung(0.5, 4, crf=28), _Rung(0.5, 8, crf=32),
        _Rung(0.35, 8, crf=32), _Rung(0.35, 16, crf=36), _Rung(0.25, 64, crf=40),
    ),
    "webp": (
        _Rung(), _Rung(steps=2), _Rung(0.7), _Rung(0.7, 2), _Rung(0.7, 3), _Rung(0.5, 2), _Rung(0.5, 4), _Rung(0.5, 8),
        _Rung(0.35, 16), _Rung(0.25, 64),
    ),
    "png": (_Rung(), _Rung(0.7), _Rung(0.5), _Rung(0.35), _Rung(0.25)),
}  # fmt: skip


def choices(kind: str, asked: SceneOptions) -> tuple[Choice, ...]:
    """Every try for a `gif`, `mp4`, `webp` or `png`, what was asked first, the smallest last."""
    ladder = _LADDERS[kind]
    tries = [_choice(asked, rung) for rung in ladder]
    if asked.scale > 1:  # giving up the second pixel comes before steps and size
        single = replace(asked, scale=1)
        tries = [try_ for rung, try_ in zip(ladder, tries, strict=True) if rung.share == rung.steps == 1]
        tries += [_choice(single, rung) for rung in ladder]
    return tuple(dict.fromkeys(tries))


class BestFit:
    """Finds the first choice that fits among choices whose sizes fall, by halving: few tries, each one measured."""

    def __init__(self, count: int) -> None:
        self._low, self._high = 0, count
        self.most_tries = 1 + max(count - 1, 0).bit_length()
        self.best: int | None = None

    def tries(self) -> Iterator[int]:
        """Yield the choices to try, the first one first; call `note` before taking the next."""
        if self._high:
            yield 0
        while self._low < self._high:
            yield (self._low + self._high) // 2

    def note(self, choice: int, fits: bool) -> None:
        """Say whether a choice fits."""
        if fits:
            self._high, self.best = choice, choice
        else:
            self._low = choice + 1


def _choice(asked: SceneOptions, rung: _Rung) -> Choice:
    height = None if asked.height is None else _even(asked.height * rung.share, min(MIN_HEIGHT, asked.height))
    scene = replace(
        asked,
        width=_even(asked.width * rung.share, min(MIN_WIDTH, asked.width)),
        height=height,
        frame_step=asked.frame_step * rung.steps,
    )
    return Choice(scene, rung.colours, rung.crf)


def _even(length: float, least: int) -> int:
    return max(round(length / 2) * 2, least)
