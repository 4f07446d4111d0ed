"""Moments of a run as pictures: one, the poster of a film, six side by side, or a look inside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from visualizer.export.png import evenly_chosen, png_bytes
from visualizer.measure import direction_of
from visualizer.picture import Painter, Pixels, SceneOptions, build_filmstrip, build_scene, curves_of, map_of, table_of
from visualizer.trace import Trace
from visualizer.whole_file import whole_file

_STRIP_PICTURES = 6


def picture_of(trace: Trace, suffix: str, options: SceneOptions, moment: float | None = None) -> Pixels:
    """What a file of a name that ends so shows (uint8 H×W×3 RGB); of a film, a moment."""
    if suffix == ".strip.png":
        return strip_of(trace, options)
    if suffix == ".map.png":
        return map_of(trace, options)
    if suffix in (".table.png", ".curves.png"):
        index = direction_of(trace).moment if moment is None else round(moment * max(0, len(trace.states) - 1))
        return (table_of if suffix == ".table.png" else curves_of)(trace, options, index)
    return still_of(trace, options, moment)


def still_of(trace: Trace, options: SceneOptions, moment: float | None = None) -> Pixels:
    """One moment of a run, from 0 to 1, as pixels (uint8 H×W×3 RGB); None is the one with most to tell."""
    scene = build_scene(trace, replace(options, loop_start=0.0))
    painter = Painter(scene)
    number = scene.moment if moment is None else round(moment * (len(scene.frames) - 1))
    return painter.coloured(scene.frames[number])


def write_poster(trace: Trace, film: Path, options: SceneOptions) -> Path:
    """The picture that stands for a film until it plays, its moment with most to tell, beside it; returns its path.

    Raises ExportError when it cannot be written.
    """
    poster = poster_path(film)
    with whole_file(poster) as part:
        part.write_bytes(png_bytes(still_of(trace, options)))
    return poster


def poster_path(film: Path) -> Path:
    """Where a film's poster is kept."""
    return film.with_suffix(".poster.png")


def strip_of(trace: Trace, options: SceneOptions) -> Pixels:
    """Six moments side by side (uint8 H×W×3 RGB), spread evenly over the text's settling, not over time."""
    strip = build_filmstrip(trace, options, min(_STRIP_PICTURES, max(1, len(trace.states))))
    settled = [_settled_share(trace, frame.state_index) for frame in strip.panel.frames]
    return strip.picture(evenly_chosen(settled, _STRIP_PICTURES))


def _settled_share(trace: Trace, state_index: int) -> float:
    """Blocks before, and the share of this block's answer that holds its final tokens."""
    if not trace.states:
        return 0.0
    number = trace.block_at(state_index)
    state, end = trace.states[state_index], trace.states[trace.blocks[number].last]
    final = state.accepted & (state.canvas_ids == end.canvas_ids)
    return number + float(final[: max(end.answer_length, 1)].mean())
