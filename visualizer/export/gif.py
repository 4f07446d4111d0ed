"""Films as GIF: exact colours, delays in the 10 ms that the format counts in, and no byte that can be spared.

Of a picture only the box around what has changed is written, and a pixel in it that stays may be written as itself or
as transparent: LZW repeats strings of pixels, so that neither is always shorter. Of a few ways (`_WAYS`) each picture
is written in the shortest; colours that many pictures set have the small numbers, so that codes are short. What FFmpeg
writes, where all that stays is transparent, is a tenth larger.

The packing is Pillow's, in its encoder of one picture; the film around that is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from struct import pack
from sys import maxsize
from typing import NamedTuple

import numpy as np

from visualizer.export.film import Film, made_ahead
from visualizer.picture import Box, Pixels, bounds
from visualizer.trace import Flags

_TICK_MS, _MOST_TICKS = 10, 0xFFFF
_COLOURS, _LEAST_BITS = 256, 2
_LOOP_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_STAYS, _HAS_TRANSPARENT = 1 << 2, 1
_END = b"\x3b"
_WAYS = ((16, maxsize), (16, 128), (8, 8))
"""From which length on a run of pixels that stay is transparent: one with ink in it, and one of the ground alone."""


class Change(NamedTuple):
    """What a picture sets anew: a rectangle of it. indices: uint8 H×W. stays: bool H×W, pixels that were so before."""

    left: int
    top: int
    indices: Pixels
    stays: Flags


def write_gif(film: Film, path: Path) -> Iterator[int]:
    """Write an endlessly looping GIF, yielding the number of frames written after each.

    Delays are rounded so that every frame begins within 5 ms of its time.
    """
    order = much_used_first(film)
    yield from encode_gif(made_ahead(gif_changes(film)), film, order, path)


def gif_changes(film: Film) -> Iterator[Change]:
    """What every picture of a film sets anew, the whole of the first; of one that changes nothing one pixel."""
    before: Pixels | None = None
    for picture in film.pictures():
        if before is None:
            before = picture.indices.copy()
            yield Change(0, 0, before.copy(), np.zeros(before.shape, dtype=bool))
            continue
        left, top, width, height = bounds(picture.boxes) or Box(0, 0, 1, 1)
        now, old = (indices[top : top + height, left : left + width] for indices in (picture.indices, before))
        stays = now == old
        rows, columns = np.flatnonzero(~stays.all(axis=1)), np.flatnonzero(~stays.all(axis=0))
        inner = (slice(0, 1), slice(0, 1))
        if len(rows):
            inner = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        yield Change(left + int(inner[1].start), top + int(inner[0].start), now[inner].copy(), stays[inner])
        old[:] = now


def much_used_first(film: Film) -> Pixels:
    """The palette's indices in the order of how many pictures set them anew (uint8 N); the first one needs all."""
    uses = np.zeros(len(film.palette), dtype=np.int64)
    for change in islice(gif_changes(film), 1, None):
        uses += np.bincount(change.indices[~change.stays], minlength=len(uses)) > 0
    return np.argsort(-uses, kind="stable").astype(np.uint8)


def encode_gif(changes: Iterable[Change], film: Film, order: Pixels, path: Path) -> Iterator[int]:
    """Write ready changes; otherwise as `write_gif`. order: in which the palette stands in the file (uint8 N)."""
    starts = _ticks(film.durations_ms)
    places = np.argsort(order).astype(np.uint8)
    ground = 0
    with path.open("wb", buffering=0) as file:  # whoever keeps a promise of size looks at the file as it grows
        file.write(_head(film.size, film.palette[order]))
        for number, change in enumerate(changes):
            ticks = min(starts[number + 1] - starts[number], _MOST_TICKS)
            change = change._replace(indices=np.take(places, change.indices))
            ground = ground if number else int(np.bincount(change.indices.ravel()).argmax())
            file.write(min((_frame(change, ticks, *way) for way in _ways(change, ground)), key=len))
            yield number + 1
        file.write(_END)


def _head(size: tuple[int, int], palette: Pixels) -> bytes:
    """Signature, size and colours of a film, and that it loops."""
    bits = max(1, (len(palette) - 1).bit_length())
    table = np.zeros((1 << bits, 3), dtype=np.uint8)
    table[: len(palette)] = palette
    return pack("<6sHHBBB", b"GIF89a", *size, 0xF0 | bits - 1, 0, 0) + table.tobytes() + _LOOP_FOREVER


def _ways(change: Change, ground: int) -> Iterator[tuple[Pixels, int | None]]:
    """A change's pixels in every way that is tried, and the index that is transparent in it."""
    flat, stays = change.indices.ravel(), change.stays.ravel()
    edges = np.flatnonzero(stays[1:] != stays[:-1]) + 1
    edges = np.concatenate(([0] if stays[0] else [], edges, [len(flat)] if stays[-1] else [])).astype(np.int64)
    if not len(edges):
        yield change.indices, None
        return
    starts, ends = edges[::2], edges[1::2]
    inked = np.logical_or.reduceat(flat != ground, edges[edges < len(flat)])[::2]
    moved = np.bincount(flat[~stays], minlength=_COLOURS)
    for inked_from, bare_from in _WAYS:
        chosen = ends - starts >= np.where(inked, inked_from, bare_from)
        turns = np.zeros(len(flat) + 1, dtype=np.int8)
        turns[starts[chosen]], turns[ends[chosen]] = 1, -1
        hidden = np.cumsum(turns[:-1], dtype=np.int8).view(bool)
        free = np.flatnonzero(moved + np.bincount(flat[stays & ~hidden], minlength=_COLOURS) == 0)
        if not len(free):
            yield change.indices, None
        else:
            yield np.where(hidden, np.uint8(free[0]), flat).reshape(change.indices.shape), int(free[0])


def _frame(change: Change, ticks: int, indices: Pixels, transparent: int | None) -> bytes:
    """A picture as it stands in the file."""
    from PIL import Image

    height, width = indices.shape
    bits = max(_LEAST_BITS, int(indices.max()).bit_length())
    flags = _STAYS if transparent is None else _STAYS | _HAS_TRANSPARENT
    packed: bytes = Image.fromarray(indices).tobytes("gif", "L", bits, 0)
    control = pack("<4BHBB", 0x21, 0xF9, 4, flags, ticks, transparent or 0, 0)
    place = pack("<BHHHHBB", 0x2C, change.left, change.top, width, height, 0, bits)
    return control + place + packed + b"\x00"


def _ticks(durations_ms: tuple[int, ...]) -> list[int]:
    """Where each frame starts, and where the last one ends, in ticks."""
    ends = np.cumsum((0, *durations_ms))
    return [int(tick) for tick in np.rint(ends / _TICK_MS)]
