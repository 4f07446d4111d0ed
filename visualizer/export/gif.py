"""Films as GIF: exact palette, differences between frames, delays in the 10 ms that the format counts in.

PyAV's encoder writes palette frames one by one; imageio's (Pillow under it) takes RGB, chooses a palette of its own and
keeps all frames in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from visualizer.export.film import Film, fill_plane, frames_in_turn, made_ahead
from visualizer.picture import Pixels

if TYPE_CHECKING:
    from av import VideoFrame

_TICK_MS = 10


def write_gif(film: Film, path: Path) -> Iterator[int]:
    """Write an endlessly looping GIF, yielding the number of frames written after each.

    Delays are rounded so that every frame begins within 5 ms of its time.
    """
    yield from encode_gif(made_ahead(gif_frames(film)), film.size, film.durations_ms, path)


def gif_frames(film: Film) -> Iterator[VideoFrame]:
    """A film's pictures as the encoder takes them, each valid until two more are taken."""
    colours = _argb(film.palette)
    for picture, frame in zip(film.pictures(), frames_in_turn(film.size, "pal8"), strict=False):
        indices, palette = frame.planes
        fill_plane(indices, picture.indices)
        palette.update(colours.tobytes())
        yield frame


def encode_gif(
    frames: Iterable[VideoFrame], size: tuple[int, int], durations_ms: tuple[int, ...], path: Path
) -> Iterator[int]:
    """Write ready frames; otherwise as `write_gif`."""
    import av

    starts = _ticks(durations_ms)
    # The delay of a frame is the start of the next; only the last one's has to be said.
    options = {"loop": "0", "final_delay": str(starts[-1] - starts[-2])}
    with av.open(str(path), "w", format="gif", options=options) as container:
        stream = container.add_stream("gif")
        stream.width, stream.height = size
        stream.pix_fmt = "pal8"
        stream.codec_context.time_base = Fraction(_TICK_MS, 1000)
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = starts[number], stream.codec_context.time_base
            container.mux(stream.encode(frame))
            yield number + 1
        container.mux(stream.encode(None))


def _ticks(durations_ms: tuple[int, ...]) -> list[int]:
    """Where each frame starts, and where the last one ends, in ticks."""
    ends = np.cumsum((0, *durations_ms))
    return [int(tick) for tick in np.rint(ends / _TICK_MS)]


def _argb(palette: Pixels) -> npt.NDArray[np.uint32]:
    """The palette as FFmpeg takes it: 256 opaque colours (uint32, 0xAARRGGBB), the unused ones black."""
    colours = np.full(256, 0xFF << 24, dtype=np.uint32)
    colours[: len(palette)] |= palette.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    return colours
