"""The engine's runs, in this process: for what asks an engine for many short ones."""

from __future__ import annotations

from collections.abc import Generator

from tests.support.recorded import RecordedEngine
from visualizer.draft import Draft
from visualizer.model import Checkpoint
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Frame


class HereEngine(RecordedEngine):
    """Stands where `visualizer.run.engine.Engine` stands, with a checkpoint that is loaded already."""

    def __init__(self, checkpoint: Checkpoint):
        super().__init__([], card=checkpoint.card)
        self._checkpoint = checkpoint

    def run(self, prompt: str, settings: Settings, draft: Draft) -> Generator[Frame]:
        """The real frames."""
        yield from frames(self._checkpoint, prompt, settings, draft)
