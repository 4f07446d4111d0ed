"""Moments of a run as pictures: one, the poster of a film, six side by side, or a look inside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from visualizer.export.png import evenly_chosen, png_bytes, side_by_side
from visualizer.export.size_ladder import MIN_WIDTH
from visualizer.measure import direction_of
from visualizer.picture import Painter, Pixels, SceneOptions, build_scene, curves_of, map_of, table_of
from visualizer.trace import Trace
from visualizer.whole_file import whole_file

_STRIP_PICTURES = 6
_STRIP_SHARE = 3
"""A picture of a strip has this part of the width asked for."""
_STRIP_GAP_PX = 2


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
    width = max(options.width // _STRIP_SHARE // 2 * 2, MIN_WIDTH)
    scene = build_scene(trace, replace(options, width=width, height=None, loop_start=0.0, captions=False))
    painter = Painter(scene)
    settled = [_settled_share(trace, frame.state_index) for frame in scene.frames]
    chosen = evenly_chosen(settled, _STRIP_PICTURES)
    pictures = [painter.coloured(scene.frames[index]) for index in chosen]
    red, green, blue = bytes.fromhex(scene.theme.line.removeprefix("#"))
    return side_by_side(pictures, (red, green, blue), _STRIP_GAP_PX * options.scale)


def _settled_share(trace: Trace, state_index: int) -> float:
    """Blocks before, and the share of this block's answer that holds its final tokens."""
    if not trace.states:
        return 0.0
    number = trace.block_at(state_index)
    state, end = trace.states[state_index], trace.states[trace.blocks[number].last]
    final = state.accepted & (state.canvas_ids == end.canvas_ids)
    return number + float(final[: max(end.answer_length, 1)].mean())
