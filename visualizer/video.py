"""Films as MP4 (H.264) and as animated WebP.

PyAV itself, because imageio's way to it resizes to multiples of 16, has one frame rate for all frames and leaves out
the colour tags, without which players show shifted colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visualizer.pictures import Film, Picture

if TYPE_CHECKING:
    from av import VideoFrame

SHARPEST_CRF = 18
_MILLISECONDS = Fraction(1, 1000)
_BT709 = 1
_LIMITED_RANGE = 1
# Of 25 tried, the settings with the crispest text at this size. Without B-frames the last frame's hold comes out right;
# one thread, because the bytes depend on the number of threads.
_X264 = {"preset": "medium", "tune": "animation", "bf": "0", "threads": "1", "rc-lookahead": "10",
         "x264-params": "chromaloc=1"}  # fmt: skip
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722


def write_mp4(film: Film, path: Path, crf: int = SHARPEST_CRF) -> Iterator[int]:
    """Write H.264 in an MP4 that plays before it is loaded, yielding the number of frames taken after each.

    One frame a picture, standing as long as the picture does; 4:2:0, BT.709, limited range. The size must be even.
    crf: x264's constant rate factor, from 18 (crisp) to 51.
    """
    import av

    starts = np.cumsum((0, *film.durations_ms)).tolist()
    lasts = dict(zip(starts, film.durations_ms, strict=False))
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options=_X264 | {"crf": str(crf)})
        stream.width, stream.height = film.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = _MILLISECONDS
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        planes = _Planes(film)
        for number, picture in enumerate(film.pictures()):
            planes.draw(picture)
            frame = planes.frame()
            frame.pts, frame.time_base = starts[number], _MILLISECONDS
            for packet in stream.encode(frame):
                packet.duration = lasts[packet.pts]
                container.mux(packet)
            yield number + 1
        for packet in stream.encode(None):
            packet.duration = lasts[packet.pts]
            container.mux(packet)


def write_webp(film: Film, path: Path) -> Iterator[int]:
    """Write a lossless, endlessly looping WebP, yielding the number of frames taken after each.

    The last picture stands at least as long as the average one.
    """
    import av

    colours = np.ascontiguousarray(_bgra(film.palette))
    starts = np.cumsum((0, *film.durations_ms)).tolist()
    with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
        stream = container.add_stream("libwebp_anim", rate=30, options={"lossless": "1", "compression_level": "4"})
        stream.width, stream.height = film.size
        stream.pix_fmt = "bgra"
        stream.codec_context.time_base = _MILLISECONDS
        frame = None
        for number, picture in enumerate(film.pictures()):
            frame = av.VideoFrame.from_ndarray(np.take(colours, picture.indices).view(np.uint8).reshape(
                *picture.indices.shape, 4), format="bgra")  # fmt: skip
            frame.pts, frame.time_base = starts[number], _MILLISECONDS
            container.mux(stream.encode(frame))
            yield number + 1
        # The encoder is not told when the last frame ends: it gives it the average of the others. Sent twice, with the
        # second time where that average just fills up the rest, it ends where it should.
        count = len(film.durations_ms)
        frame.pts = max(starts[-2] + 1, -(-starts[-1] * count // (count + 1)))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class _Planes:
    """A film's current picture as the three planes of 4:2:0, of which only what changed is computed."""

    def __init__(self, film: Film) -> None:
        self._width, self._height = film.size
        self._luma, *chroma = _limited_bt709(film.palette)
        self._chroma = [table.astype(np.uint16) for table in chroma]
        self._y = np.zeros((self._height, self._width), dtype=np.uint8)
        self._uv = [np.zeros((self._height // 2, self._width // 2), dtype=np.uint8) for _ in chroma]

    def draw(self, picture: Picture) -> None:
        """Take over what changed."""
        if picture.box is None:
            return
        left, top, width, height = picture.box
        right, bottom = -(-(left + width) // 2) * 2, -(-(top + height) // 2) * 2
        left, top = left // 2 * 2, top // 2 * 2
        indices = picture.indices[top:bottom, left:right]
        self._y[top:bottom, left:right] = np.take(self._luma, indices)
        for plane, table in zip(self._uv, self._chroma, strict=True):
            values = np.take(table, indices)
            sums = values[::2, ::2] + values[::2, 1::2] + values[1::2, ::2] + values[1::2, 1::2]
            plane[top // 2 : bottom // 2, left // 2 : right // 2] = (sums + 2) // 4

    def frame(self) -> VideoFrame:
        """The planes as a frame of their own."""
        import av

        frame = av.VideoFrame(self._width, self._height, "yuv420p")
        for plane, values in zip(frame.planes, (self._y, *self._uv), strict=True):
            padded = np.zeros((plane.height, plane.line_size), dtype=np.uint8)
            padded[:, : plane.width] = values
            plane.update(padded)
        return frame


def _limited_bt709(palette: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y, Cb and Cr (uint8 N each) of every colour of a palette (uint8 N×3 RGB)."""
    red, green, blue = palette.T / 255
    luma = _KR * red + _KG * green + _KB * blue
    cb = (blue - luma) / (2 * (1 - _KB))
    cr = (red - luma) / (2 * (1 - _KR))
    return tuple(np.rint(values).astype(np.uint8) for values in (16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr))


def _bgra(palette: np.ndarray) -> np.ndarray:
    """The palette's colours (uint32 N), opaque, their bytes in the order blue, green, red, alpha."""
    colours = np.full((len(palette), 4), 255, dtype=np.uint8)
    colours[:, :3] = palette[:, ::-1]
    return colours.view(np.uint32)[:, 0]
