"""An engine that replays given frames at a given pace: for what the page does with frames, whatever made them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from visualizer.checkpoint import POCKET_FOLDER, CheckpointCard, read_card
from visualizer.frame import Frame
from visualizer.settings import Settings


class RecordedEngine:
    """Stands where `visualizer.engine.Engine` stands. yielded_at: wall-clock seconds of each frame handed over."""

    def __init__(self, frames: Sequence[Frame], seconds_per_frame: float = 0.0, card: CheckpointCard | None = None):
        self.card = card or read_card(POCKET_FOLDER)
        self.yielded_at: list[float] = []
        self._frames = frames
        self._seconds_per_frame = seconds_per_frame

    def run(self, prompt: str, settings: Settings) -> Iterator[Frame]:
        """The recorded frames, whatever is asked."""
        for frame in self._frames:
            time.sleep(self._seconds_per_frame)
            self.yielded_at.append(time.time())
            yield frame
