"""A small film made without fonts or scenes: blocks of random colours that change a few at a time."""

from __future__ import annotations

import numpy as np

from visualizer.pictures import Film, Picture


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
        boxes.append(changed_box(before, now) if number else (0, 0, width, height))
    palette = rng.permutation(256)[:colours, None] * np.array([[1, 3, 7]])
    film = Film(size, (palette % 256).astype(np.uint8), tuple(durations_ms), lambda: map(Picture, shown, boxes))
    return film, shown


def changed_box(before, now):
    """Left, top, width and height of what differs; None when nothing does."""
    rows, columns = np.flatnonzero((before != now).any(1)), np.flatnonzero((before != now).any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
