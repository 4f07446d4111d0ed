"""Engines that hand over given frames, at a given pace or when let: for what happens to frames, whatever made them."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence

from tests.support.canvas_samples import tiny_state
from visualizer.bundled import POCKET_FOLDER
from visualizer.draft import Draft
from visualizer.model import CheckpointCard, read_card
from visualizer.run.child import Loading
from visualizer.settings import Settings
from visualizer.trace.canvas import Finish, Frame, Phase

TINY_RUN = [
    Frame(tiny_state([1, 2], [False, False], Phase.NOISE, step=0), {1: "a", 2: "b"}),
    Frame(tiny_state([1, 2], [True, False], step=1), {}),
    Frame(tiny_state([1, 2], [True, True], Phase.COMMIT, step=1, finish=Finish.STOP_TOKEN), {}, answer="ab"),
]


class RecordedEngine:
    """Stands where `visualizer.run.engine.Engine` stands. yielded_at: wall-clock seconds of each frame handed over."""

    number_format = None
    loading: Loading | None = None
    block_seconds: float | None = None

    def __init__(self, frames: Sequence[Frame], seconds_per_frame: float = 0.0, card: CheckpointCard | None = None):
        self.card = card or read_card(POCKET_FOLDER)
        self._seconds_per_frame = seconds_per_frame
        self.play(frames)

    def play(self, frames: Sequence[Frame]) -> None:
        """Take other frames for the next run."""
        self._frames = frames
        self.yielded_at: list[float] = []

    def partner(self, card: CheckpointCard, beside: bool) -> RecordedEngine:
        """An engine of a second checkpoint that hands over what this one does, as if typed."""
        return RecordedEngine(self._frames, card=card)

    def stop(self) -> None:
        """Frames come by themselves; the run is told when it takes the next."""

    def run(self, prompt: str, settings: Settings, draft: Draft) -> Generator[Frame]:
        """The recorded frames, whatever is asked."""
        for frame in self._frames:
            time.sleep(self._seconds_per_frame)
            self.yielded_at.append(time.time())
            yield frame


class GatedEngine:
    """Stands where the engine stands and hands over a frame each time that it is let; for runs caught in the middle."""

    number_format = None
    loading: Loading | None = None
    block_seconds: float | None = None

    def __init__(self, error: Exception | None = None):
        self.card = read_card(POCKET_FOLDER)
        self.gate = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.left = 0
        self._error = error

    def stop(self) -> None:
        """A run that waits for its next frame goes on waiting until it is let."""

    def run(self, prompt: str, settings: Settings, draft: Draft) -> Generator[Frame]:
        """The tiny run, a frame at a time."""
        self.begun.release()
        try:
            for frame in TINY_RUN:
                self.gate.acquire()
                if self._error is not None and frame is TINY_RUN[1]:
                    raise self._error
                yield frame
        finally:
            self.left += 1

    def let(self, frames: int) -> None:
        """Allow some frames more."""
        self.gate.release(frames)
