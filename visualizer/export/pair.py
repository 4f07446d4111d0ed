"""Two recordings beside one another, a race or a comparison, as a film, a picture, or a page with the player inside."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from visualizer.byte_sizes import spoken_file_size
from visualizer.errors import ExportError
from visualizer.export.film import Film, Picture
from visualizer.export.formats import FILMS, Exported, ExportProgress, check_moment, format_of
from visualizer.export.gif import write_gif
from visualizer.export.html_page import pair_page
from visualizer.export.png import png_bytes
from visualizer.export.post import alt_text
from visualizer.export.stills import poster_path
from visualizer.export.video import write_mp4, write_webp
from visualizer.measure import apart, is_race
from visualizer.picture import Box, Pair, PairPainter, Pixels, SceneOptions, build_pair
from visualizer.player import player_bundle
from visualizer.trace import Trace
from visualizer.whole_file import whole_file

_ENCODERS: dict[str, Callable[[Film, Path], Iterator[int]]] = {
    ".gif": write_gif,
    ".mp4": write_mp4,
    ".webp": write_webp,
}
PAIR_FORMATS = (*FILMS, ".png", ".html")


def check_pair_target(target: Path) -> None:
    """Raises ExportError when a file's name is not that of a film, a picture or a page."""
    if format_of(target.name) not in PAIR_FORMATS:
        raise ExportError(
            f"Two runs beside one another are a film, a picture or a page, and {target.name!r:.80} is none; a name "
            f"ends with {', '.join(PAIR_FORMATS)}."
        )


def export_pair(
    left: Trace, right: Trace, target: Path, options: SceneOptions, moment: float | None = None
) -> Generator[ExportProgress]:
    """Write two runs beside one another, replacing a file that is there when all is done.

    moment: as of `export`. Closing the iterator cancels; nothing is left behind then. Raises ExportError when the
    target is of another kind or cannot be written, SettingsError when there are no two runs to show.
    """
    check_pair_target(target)
    check_moment(moment)
    suffix = format_of(target.name)
    if suffix in FILMS:
        yield from _write_film(build_pair(left, right, options), target, suffix)
        return
    size = None
    if suffix == ".html":
        content = pair_page(left, right, *player_bundle(), options.theme).encode("utf-8", "replace")
    else:
        pixels = pair_still(left, right, options, moment)
        content, size = png_bytes(pixels), (pixels.shape[1], pixels.shape[0])
    with whole_file(target) as part:
        part.write_bytes(content)
    words = ", ".join([*([f"{size[0]}×{size[1]}"] if size else []), spoken_file_size(len(content))])
    yield ExportProgress(1.0, words, Exported(target, len(content), words, size))


def _write_film(pair: Pair, target: Path, suffix: str) -> Generator[ExportProgress]:
    film = pair_film(pair)
    width, height = film.size
    words = f"{width}×{height}, {len(film.durations_ms)} frames, {sum(film.durations_ms) / 1000:.1f} s"
    with whole_file(target) as part:
        for count in _ENCODERS[suffix](film, part):
            yield ExportProgress(count / len(film.durations_ms), words)
        size_bytes = part.stat().st_size
    words = f"{words}, {spoken_file_size(size_bytes)}"
    yield ExportProgress(1.0, words, Exported(target, size_bytes, words, film.size))


def pair_still(left: Trace, right: Trace, options: SceneOptions, moment: float | None = None) -> Pixels:
    """One moment of both, from 0 to 1 (uint8 H×W×3 RGB); None is the one with most to tell.

    Raises SettingsError when there are no two runs to show.
    """
    pair = build_pair(left, right, options)
    painter = PairPainter(pair)
    number = pair.moment if moment is None else round(moment * (len(pair.moments) - 1))
    return painter.palette[painter.paint(number)]


def write_pair_poster(left: Trace, right: Trace, film: Path, options: SceneOptions) -> Path:
    """The picture that stands for a film until it plays, beside it; returns its path.

    Raises ExportError when it cannot be written.
    """
    poster = poster_path(film)
    with whole_file(poster) as part:
        part.write_bytes(png_bytes(pair_still(left, right, options)))
    return poster


def pair_alt_text(left: Trace, right: Trace) -> str:
    """Both in a sentence each."""
    if is_race(left.info, right.info):
        return f"{alt_text(left)} Beside it the same prompt, typed left to right."
    facts, others = (", ".join(side) for side in apart(left.info, right.info))
    return f"Two runs on one clock, {facts} and {others}. {alt_text(left)}" if facts else f"Two runs. {alt_text(left)}"


def pair_film(pair: Pair) -> Film:
    """The moments of both as pictures, painted one by one as they are taken."""
    painter = PairPainter(pair)

    def pictures() -> Iterator[Picture]:
        whole = Box(0, 0, *pair.frame.size)
        for number in range(len(pair.moments)):
            yield Picture(painter.paint(number), painter.dirty if number else (whole,))

    return Film(pair.frame.size, painter.palette, pair.frame.durations_ms, pictures)
