"""Films as MP4 (H.264) and as animated WebP.

PyAV itself, because imageio's way to it resizes to multiples of 16, has one frame rate for all frames and leaves out
the colour tags, without which players show shifted colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from visualizer.export.film import Film, Picture, fill_plane, frames_in_turn, made_ahead
from visualizer.picture import Box, Pixels

if TYPE_CHECKING:
    from av import VideoFrame

SHARPEST_CRF = 20
_MILLISECONDS = Fraction(1, 1000)
_BT709 = 1
_LIMITED_RANGE = 1
# Of 25 tried, the settings with the crispest text at this size. Without B-frames the last frame's hold comes out right;
# one thread, because the bytes depend on the number of threads.
_X264 = {"preset": "medium", "tune": "animation", "bf": "0", "threads": "1", "rc-lookahead": "10",
         "x264-params": "chromaloc=1"}  # fmt: skip
_HIGH, _LOW_BITS = 16, 0xFFFF
_STRIP_ROWS = 64
_COLOURS = 256
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722


def write_mp4(film: Film, path: Path, crf: int = SHARPEST_CRF) -> Iterator[int]:
    """Write H.264 in an MP4 that plays before it is loaded, yielding the number of frames taken after each.

    One frame a picture, standing as long as the picture does; 4:2:0, BT.709, limited range. The size must be even.
    crf: x264's constant rate factor, from 20 (crisp) to 51.
    """
    yield from encode_mp4(made_ahead(mp4_frames(film)), film.size, film.durations_ms, path, crf)


def mp4_frames(film: Film) -> Iterator[VideoFrame]:
    """A film's pictures as the encoder takes them, each valid until two more are taken."""
    planes = _Planes(film)
    for picture, frame in zip(film.pictures(), frames_in_turn(film.size, "yuv420p"), strict=False):
        planes.draw(picture)
        planes.fill(frame)
        yield frame


def encode_mp4(
    frames: Iterable[VideoFrame],
    size: tuple[int, int],
    durations_ms: tuple[int, ...],
    path: Path,
    crf: int = SHARPEST_CRF,
) -> Iterator[int]:
    """Write ready frames; otherwise as `write_mp4`."""
    import av

    starts = np.cumsum((0, *durations_ms)).tolist()
    lasting = dict(zip(starts, durations_ms, strict=False))
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options=_X264 | {"crf": str(crf)})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = _MILLISECONDS
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        for number, frame in enumerate(chain(frames, [None])):
            if frame is not None:
                frame.pts, frame.time_base = starts[number], _MILLISECONDS
            for packet in stream.encode(frame):
                packet.duration = lasting[packet.pts]
                container.mux(packet)
            if frame is not None:
                yield number + 1


def write_webp(film: Film, path: Path) -> Iterator[int]:
    """Write a lossless, endlessly looping WebP, yielding the number of frames taken after each.

    The last picture stands at least as long as the average one.
    """
    import av

    colours = np.ascontiguousarray(_bgra(film.palette))
    width, height = film.size
    pixels = np.empty((height, width), dtype=np.uint32)
    starts = np.cumsum((0, *film.durations_ms)).tolist()
    with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
        stream = container.add_stream("libwebp_anim", rate=30, options={"lossless": "1", "compression_level": "4"})
        stream.width, stream.height = film.size
        stream.pix_fmt = "bgra"
        stream.codec_context.time_base = _MILLISECONDS
        frames = frames_in_turn(film.size, "bgra")
        for number, (picture, frame) in enumerate(zip(film.pictures(), frames, strict=False)):
            np.take(colours, picture.indices, out=pixels, mode="clip")  # "clip" writes without a buffer between
            fill_plane(frame.planes[0], pixels.view(np.uint8))
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
        width, height = film.size
        luma, *chroma = _limited_bt709(film.palette)
        self._luma = luma.tobytes().ljust(_COLOURS, b"\0")
        # Both chroma values in one number, and summed for every two neighbours: one look-up for four values.
        both = np.zeros(_COLOURS, dtype=np.uint32)
        both[: len(film.palette)] = chroma[0].astype(np.uint32) | chroma[1].astype(np.uint32) << _HIGH
        self._chroma_of_two = (both[:, None] + both).ravel()
        self._y = np.zeros((height, width), dtype=np.uint8)
        self._u, self._v = (np.zeros((height // 2, width // 2), dtype=np.uint8) for _ in range(2))

    def draw(self, picture: Picture) -> None:
        """Take over what changed."""
        for left, top, width, height in chain.from_iterable(map(_strips, _bands(picture.boxes))):
            indices = picture.indices[top : top + height, left : left + width].tobytes()
            luma = np.frombuffer(indices.translate(self._luma), dtype=np.uint8)  # faster than any look-up of NumPy
            self._y[top : top + height, left : left + width] = luma.reshape(height, width)
            of_two = np.take(self._chroma_of_two, np.frombuffer(indices, dtype=np.uint16).reshape(height, width // 2))
            sums = of_two[::2] + of_two[1::2] + (2 | 2 << _HIGH)
            half = np.s_[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
            self._u[half] = (sums & _LOW_BITS) >> 2
            self._v[half] = sums >> (_HIGH + 2)

    def fill(self, frame: VideoFrame) -> None:
        """Copy the planes into a frame."""
        for plane, values in zip(frame.planes, (self._y, self._u, self._v), strict=True):
            fill_plane(plane, values)


def _bands(boxes: Iterable[Box]) -> Iterator[Box]:
    """Boxes at even places that hold the given ones: those in the same rows of text become one."""
    band: list[int] = []  # left, top, right, bottom
    for left, top, width, height in sorted(boxes, key=lambda box: box.top):
        right, bottom = (left + width + 1) // 2 * 2, (top + height + 1) // 2 * 2
        left, top = left // 2 * 2, top // 2 * 2
        if band and top < band[3]:
            band = [min(left, band[0]), band[1], max(right, band[2]), max(bottom, band[3])]
            continue
        if band:
            yield Box(band[0], band[1], band[2] - band[0], band[3] - band[1])
        band = [left, top, right, bottom]
    if band:
        yield Box(band[0], band[1], band[2] - band[0], band[3] - band[1])


def _strips(band: Box) -> Iterator[Box]:
    """A band in parts of few rows: a whole picture at once would take several times its size to convert."""
    bottom = band.top + band.height
    for top in range(band.top, bottom, _STRIP_ROWS):
        yield band._replace(top=top, height=min(_STRIP_ROWS, bottom - top))


def _limited_bt709(palette: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Y, Cb and Cr (uint8 N each) of every colour of a palette (uint8 N×3 RGB)."""
    red, green, blue = palette.T / 255
    luma = _KR * red + _KG * green + _KB * blue
    cb = (blue - luma) / (2 * (1 - _KB))
    cr = (red - luma) / (2 * (1 - _KR))
    y, u, v = (np.rint(values).astype(np.uint8) for values in (16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr))
    return y, u, v


def _bgra(palette: Pixels) -> npt.NDArray[np.uint32]:
    """The palette's colours (uint32 N), opaque, their bytes in the order blue, green, red, alpha."""
    colours = np.full((len(palette), 4), 255, dtype=np.uint8)
    colours[:, :3] = palette[:, ::-1]
    return colours.view(np.uint32)[:, 0]
