"""A recorded run as a file that people post: the format by the file's name, a promise of size kept or refused.

Every export is an iterator: the caller may show its progress, and closing it cancels. A file appears whole or not at
all (visualizer/whole_file.py).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from sys import maxsize

from visualizer.byte_sizes import spoken_file_size
from visualizer.errors import ExportError, SettingsError
from visualizer.export.film import Film, Picture
from visualizer.export.gif import write_gif
from visualizer.export.html_page import html_page
from visualizer.export.png import png_bytes
from visualizer.export.size_ladder import ALL_COLOURS, BestFit, Choice, choices
from visualizer.export.stills import picture_of
from visualizer.export.tables import csv_text, json_text
from visualizer.export.video import SHARPEST_CRF, write_mp4, write_webp
from visualizer.picture import Box, Painter, Pixels, Scene, SceneOptions, build_scene
from visualizer.player import player_bundle
from visualizer.trace import Trace, save_trace
from visualizer.whole_file import whole_file

FORMATS = {
    ".gif": "film, exact colours, shown wherever pictures are",
    ".mp4": "film (H.264), plays in every browser and on social sites",
    ".webp": "film, exact colours, smaller than a GIF",
    ".png": "one moment as a picture, by default the one with most to tell",
    ".strip.png": "six moments side by side",
    ".map.png": "when every position settled, all steps in one picture",
    ".table.png": "the most probable tokens of one moment, and of the steps around it",
    ".curves.png": "how probable the end of the text is at every position of one moment",
    ".html": "the recording with its player, in one file",
    ".csv": "entropy, steps and revisions of every position",
    ".json": "the same as JSON, with the order of the run as measures",
    ".txt": "the text that was written",
    ".jsonl": "the recording itself",
    ".jsonl.gz": "the recording itself, compressed",
}
"""By how a file's name ends; of two that fit, the longer."""
FILMS = (".gif", ".mp4", ".webp")
PICTURES = (*FILMS, ".png", ".strip.png", ".map.png", ".table.png", ".curves.png")
POSTABLE = (*PICTURES, ".html")
"""What a post can show: for the rest there is no snippet."""
_NO_LIMIT_BYTES = maxsize


@dataclass(frozen=True)
class Exported:
    """A finished file. size: width and height in pixels of a picture; words: what was chosen, what came out."""

    path: Path
    size_bytes: int
    words: str
    size: tuple[int, int] | None = None

    def css_size(self, scale: int) -> tuple[int, int] | None:
        """How large a picture with so many pixels to one is shown at most."""
        return self.size and (self.size[0] // scale, self.size[1] // scale)


@dataclass(frozen=True)
class ExportProgress:
    """How far an export is: a share from 0 to 1 and words; the last one carries the finished file."""

    share: float
    words: str
    exported: Exported | None = None


def format_of(name: str) -> str:
    """The format, a key of FORMATS, that a file's name asks for.

    Raises ExportError when there is none of that name.
    """
    fitting = [suffix for suffix in FORMATS if name.lower().endswith(suffix) and len(name) > len(suffix)]
    if not fitting:
        raise ExportError(f"{name!r:.80} names no format; a name ends with one of {', '.join(FORMATS)}.")
    return max(fitting, key=len)


def check_moment(moment: float | None) -> None:
    """Raises SettingsError when it is no share."""
    if moment is not None and not 0 <= moment <= 1:
        raise SettingsError(f"The moment of a picture is a share from 0 to 1, not {moment:g}.")


def export(
    trace: Trace,
    target: Path,
    options: SceneOptions | None = None,
    at_most_bytes: int | None = None,
    moment: float | None = None,
) -> Generator[ExportProgress]:
    """Write a run to a file in the format of its name, replacing one that is there when all is done.

    at_most_bytes: of several choices (size, steps kept, colours or quality) the best one that keeps it is taken.
    moment: the one that a `.png` shows, from 0, the noise, to 1, the end; None is the one with most to tell.
    Closing the iterator cancels; nothing is left behind then.
    Raises ExportError when the target cannot be written, the run holds nothing to write, or no choice keeps the
    promise; SettingsError when an option is out of range.
    """
    suffix = format_of(target.name)
    check_moment(moment)
    if suffix in PICTURES:
        yield from _export_picture(trace, target, suffix, options or SceneOptions(), at_most_bytes, moment)
    else:
        yield from _export_document(trace, target, suffix, options or SceneOptions(), at_most_bytes)


def finish(exporting: Iterator[ExportProgress]) -> Exported:
    """Run an export to its end."""
    *_, last = exporting
    assert last.exported is not None  # the last one carries it
    return last.exported


def film_of(scene: Scene) -> Film:
    """A scene's frames as pictures, painted one by one as they are taken."""
    painter = Painter(scene)

    def pictures() -> Iterator[Picture]:
        whole = Box(0, 0, *scene.size)
        for number, frame in enumerate(scene.frames):
            indices = painter.paint(frame)
            yield Picture(indices, painter.dirty if number else (whole,))

    return Film(scene.size, painter.palette, tuple(scene.durations_ms), pictures)


@dataclass(frozen=True, eq=False)
class _Drawing:
    """A picture or film about to be written. write: yields the share that is written."""

    size: tuple[int, int]
    words: str
    write: Callable[[Path], Generator[float]]


def _drawing(trace: Trace, suffix: str, choice: Choice, moment: float | None) -> _Drawing:
    if suffix not in FILMS:
        pixels = picture_of(trace, suffix, choice.scene, moment)
        height, width = pixels.shape[:2]
        return _Drawing((width, height), f"{width}×{height}", partial(_write_still, pixels))
    film = film_of(build_scene(trace, choice.scene))
    if suffix == ".gif":
        film = film.with_colours(choice.colours)
    encoders: dict[str, Callable[[Film, Path], Iterator[int]]] = {
        ".gif": write_gif,
        ".mp4": partial(write_mp4, crf=choice.crf),
        ".webp": write_webp,
    }
    width, height = film.size
    count = len(film.durations_ms)
    words = f"{width}×{height}, {count} frame{'s' * (count > 1)}, {sum(film.durations_ms) / 1000:.1f} s"
    if choice.scene.frame_step > 1:
        words += f", one of {choice.scene.frame_step} steps"
    if choice.colours < ALL_COLOURS:
        words += f", {len(film.palette)} colours"
    if choice.crf > SHARPEST_CRF:
        words += f", quality crf {choice.crf}"
    return _Drawing(film.size, words, partial(_write_film, film, encoders[suffix]))


def _write_still(pixels: Pixels, path: Path) -> Generator[float]:
    path.write_bytes(png_bytes(pixels))
    yield 1.0


def _write_film(film: Film, encode: Callable[[Film, Path], Iterator[int]], path: Path) -> Generator[float]:
    for count in encode(film, path):
        yield count / len(film.durations_ms)


class _TooLarge(Exception):
    """Ends a try, so that nothing of it stays."""


def _export_picture(
    trace: Trace, target: Path, suffix: str, options: SceneOptions, at_most_bytes: int | None, moment: float | None
) -> Generator[ExportProgress]:
    """Try the choices until the best one that keeps the promise stands."""
    tries = choices(suffix.rpartition(".")[2], options) if at_most_bytes else (Choice(options),)
    limit_bytes = at_most_bytes or _NO_LIMIT_BYTES
    search = BestFit(len(tries))
    best: Exported | None = None
    tried = 0
    with whole_file(target) as part:
        for number in search.tries():
            drawing = _drawing(trace, suffix, tries[number], moment)
            says = drawing.words if not tried else f"try {tried + 1} of at most {search.most_tries}: {drawing.words}"
            with suppress(_TooLarge), whole_file(part) as draft:
                with closing(drawing.write(draft)) as writing:
                    for share in writing:
                        yield ExportProgress((tried + share) / search.most_tries, says)
                        _check_size(draft, limit_bytes)
                _check_size(draft, limit_bytes)
                size_bytes = draft.stat().st_size
                best = Exported(target, size_bytes, f"{drawing.words}, {spoken_file_size(size_bytes)}", drawing.size)
                search.note(number, fits=True)
            tried += 1
            if search.best != number:
                search.note(number, fits=False)
        if best is None:
            raise ExportError(
                f"{target.name} cannot be kept under {spoken_file_size(limit_bytes)}: even {drawing.words} is larger. "
                "Nothing was written; allow more, or choose a smaller preset."
            )
    words = best.words if tried == 1 else f"{best.words}; the best of {len(tries)} choices that fits"
    yield ExportProgress(1.0, words, replace(best, words=words))


def _check_size(draft: Path, limit_bytes: int) -> None:
    if draft.stat().st_size > limit_bytes:
        raise _TooLarge


def _export_document(
    trace: Trace, target: Path, suffix: str, options: SceneOptions, at_most_bytes: int | None
) -> Generator[ExportProgress]:
    with whole_file(target) as part:
        if suffix.startswith(".jsonl"):
            save_trace(trace, part)
        else:
            part.write_bytes(_document(trace, suffix, options).encode("utf-8", "replace"))
        size_bytes = part.stat().st_size
        if at_most_bytes and size_bytes > at_most_bytes:
            raise ExportError(
                f"{target.name} would have {spoken_file_size(size_bytes)}, more than "
                f"{spoken_file_size(at_most_bytes)}, and cannot be made smaller. Nothing was written."
            )
    words = spoken_file_size(size_bytes)
    yield ExportProgress(1.0, words, Exported(target, size_bytes, words))


def _document(trace: Trace, suffix: str, options: SceneOptions) -> str:
    if suffix == ".html":
        script, css = player_bundle()
        return html_page(trace, script, css, options.theme)
    if suffix == ".csv":
        return csv_text(trace)
    if suffix == ".json":
        return json_text(trace)
    if not trace.answers:
        raise ExportError("The run ended before a block of its text was committed, so there is no text to write.")
    return trace.answer
