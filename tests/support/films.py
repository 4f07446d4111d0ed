"""A small film made without fonts or scenes: blocks of random colours that change a few at a time."""

from __future__ import annotations

import numpy as np

from visualizer.export.film import Film, Picture
from visualizer.picture.pixels import Box


def made_film(durations_ms, size=(96, 64), colours=93, seed=0, cell=8, changes=5):
    """The film, and its pictures as copies (uint8 H×W)."""
    rng = np.random.default_rng(seed)
    width, height = size
    shown, boxes = [], []
    now = np.zeros((height, width), dtype=np.uint8)
    for number in range(len(durations_ms)):
        before = now.copy()
        for _ in range(changes if number else 0):
            top, left = rng.integers(0, height // cell) * cell, rng.integers(0, width // cell) * cell
            now[top : top + cell, left : left + cell] = rng.integers(0, colours, (cell, cell))
        shown.append(now.copy())
        boxes.append(changed_boxes(before, now, cell) if number else (Box(0, 0, width, height),))
    palette = rng.permutation(256)[:colours, None] * np.array([[1, 3, 7]])
    film = Film(size, (palette % 256).astype(np.uint8), tuple(durations_ms), lambda: map(Picture, shown, boxes))
    return film, shown


def changed_boxes(before, now, cell):
    """One box around what differs in each row of cells, and no wider."""
    boxes = []
    for top in range(0, len(now), cell):
        columns = np.flatnonzero((before[top : top + cell] != now[top : top + cell]).any(0))
        if len(columns):
            boxes.append(Box(int(columns[0]), top, int(columns[-1] - columns[0] + 1), cell))
    return tuple(boxes)
