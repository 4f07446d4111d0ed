"""The race of two recordings as a film, or as a page with the player inside."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from visualizer.byte_sizes import spoken_file_size
from visualizer.errors import ExportError
from visualizer.export.film import Film, Picture
from visualizer.export.formats import FILMS, Exported, ExportProgress, format_of
from visualizer.export.gif import write_gif
from visualizer.export.html_page import race_page
from visualizer.export.video import write_mp4, write_webp
from visualizer.picture import Box, Pixels, Race, RacePainter, SceneOptions, build_race
from visualizer.player import player_bundle
from visualizer.trace import Trace
from visualizer.whole_file import whole_file

_ENCODERS: dict[str, Callable[[Film, Path], Iterator[int]]] = {
    ".gif": write_gif,
    ".mp4": write_mp4,
    ".webp": write_webp,
}


RACE_FORMATS = (*FILMS, ".html")


def check_race_target(target: Path) -> None:
    """Raises ExportError when a file's name is not that of a film or a page."""
    if format_of(target.name) not in RACE_FORMATS:
        raise ExportError(
            f"A race is a film or a page, and {target.name!r:.80} is none; a name ends with {', '.join(RACE_FORMATS)}."
        )


def export_race(left: Trace, right: Trace, target: Path, options: SceneOptions) -> Generator[ExportProgress]:
    """Write the race of two runs, replacing a file that is there when all is done.

    Closing the iterator cancels; nothing is left behind then. Raises ExportError when the target is neither a film nor
    a page or cannot be written, SettingsError when there is nothing to race.
    """
    check_race_target(target)
    if format_of(target.name) == ".html":
        yield _written_page(left, right, target, options)
        return
    race = build_race(left, right, options)
    film = race_film(race)
    width, height = film.size
    words = f"{width}×{height}, {len(film.durations_ms)} frames, {sum(film.durations_ms) / 1000:.1f} s"
    with whole_file(target) as part:
        for count in _ENCODERS[format_of(target.name)](film, part):
            yield ExportProgress(count / len(film.durations_ms), words)
        size_bytes = part.stat().st_size
    words = f"{words}, {spoken_file_size(size_bytes)}"
    yield ExportProgress(1.0, words, Exported(target, size_bytes, words, film.size))


def _written_page(left: Trace, right: Trace, target: Path, options: SceneOptions) -> ExportProgress:
    with whole_file(target) as part:
        part.write_bytes(race_page(left, right, *player_bundle(), options.theme).encode("utf-8", "replace"))
        size_bytes = part.stat().st_size
    words = spoken_file_size(size_bytes)
    return ExportProgress(1.0, words, Exported(target, size_bytes, words))


def race_still(left: Trace, right: Trace, options: SceneOptions) -> Pixels:
    """The race at its half (uint8 H×W×3 RGB). Raises SettingsError when there is nothing to race."""
    race = build_race(left, right, options)
    painter = RacePainter(race)
    return painter.palette[painter.paint(len(race.moments) // 2)]


def race_film(race: Race) -> Film:
    """A race's moments as pictures, painted one by one as they are taken."""
    painter = RacePainter(race)

    def pictures() -> Iterator[Picture]:
        whole = Box(0, 0, *race.frame.size)
        for number in range(len(race.moments)):
            yield Picture(painter.paint(number), painter.dirty if number else (whole,))

    return Film(race.frame.size, painter.palette, race.frame.durations_ms, pictures)
