"""What the encoders take: palette pictures one after the other, each with the time it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from visualizer.picture import Box, Pixels

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.plane import VideoPlane

_FRAMES_IN_USE = 3
"""One that an encoder compares with, one that it encodes, one that is drawn ahead."""

Item = TypeVar("Item")


class Picture(NamedTuple):
    """One picture of a film.

    indices: palette indices (uint8 H×W), valid until the next picture is taken: painters reuse their array. boxes:
    what differs from the picture before, the whole of the first; they may overlap.
    """

    indices: Pixels
    boxes: tuple[Box, ...]


@dataclass(frozen=True, eq=False)
class Film:
    """Pictures of one size and palette, made as they are asked for, each time anew.

    size: width, height. palette: uint8 N×3 RGB, N at most 256. durations_ms: how long each picture stands.
    """

    size: tuple[int, int]
    palette: Pixels
    durations_ms: tuple[int, ...]
    pictures: Callable[[], Iterable[Picture]]

    def with_colours(self, count: int) -> Film:
        """The same film with `count` colours at most; the nearest ones become one."""
        if count >= len(self.palette):
            return self
        kept, place = fewer_colours(self.palette, count)
        made = self.pictures
        return Film(
            self.size, kept, self.durations_ms,
            lambda: (picture._replace(indices=np.take(place, picture.indices)) for picture in made()),
        )  # fmt: skip


def fewer_colours(palette: Pixels, count: int) -> tuple[Pixels, Pixels]:
    """At most `count` of a palette's colours (uint8 count×3), and for each old index the new one (uint8 N).

    The colours farthest from one another are kept, so what goes first are the steps between a colour and its surface
    (antialiasing), and what stays are the colours that carry meaning.
    """
    colours = palette.astype(np.int32)
    chosen = [0]
    distance = ((colours - colours[0]) ** 2).sum(axis=1)
    while len(chosen) < min(count, len(colours)) and distance.max() > 0:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
    apart = ((colours[:, None] - colours[None, chosen]) ** 2).sum(axis=2)
    return palette[chosen], apart.argmin(axis=1).astype(np.uint8)


def made_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, the next one made in another thread while the caller works on this one.

    For encoders: they compute without Python's lock, so drawing costs next to nothing beside them.
    """
    coming = iter(items)

    def following() -> tuple[Item] | None:
        return next(((item,) for item in coming), None)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="made-ahead") as thread:
        item = thread.submit(following)
        while (made := item.result()) is not None:
            item = thread.submit(following)
            yield made[0]


def frames_in_turn(size: tuple[int, int], pixel_format: str) -> Iterator[VideoFrame]:
    """The same few frames over and over, each valid until two more are taken; what was drawn in them is still there.

    A new frame for every picture would be allocated in one thread and freed in another. The heaps of both grow then, by
    chance: at 2560×1440 by up to 80 MB.
    """
    import av

    for frame in cycle([av.VideoFrame(*size, pixel_format) for _ in range(_FRAMES_IN_USE)]):
        frame.make_writable()  # should an encoder hold it longer than this, it gets other memory
        yield frame


def fill_plane(plane: VideoPlane, values: Pixels) -> None:
    """Copy values (uint8, lines × bytes) into a plane, whose lines may be longer."""
    room = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(plane.height, plane.line_size)
    room[:, : values.shape[1]] = values
