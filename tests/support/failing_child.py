"""The model's process with faults: what a prompt of FAULTS asks for happens after two frames of a real run.

Stands in for what only Metal or a starved machine can do; everything around it is the app's own.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from unittest.mock import patch

from visualizer.draft import NO_DRAFT, Draft
from visualizer.model import Checkpoint, CheckpointCard
from visualizer.run import child
from visualizer.settings import Settings
from visualizer.trace import Frame

RAISE = "raise: "
FAULTS = {"kill": signal.SIGKILL, "abort": signal.SIGABRT, "stop": signal.SIGSTOP}
_frames, _serve = child.frames, child.serve


def serve(card: CheckpointCard, pipe: Connection, level: int) -> None:
    """What the child runs instead of the app's own function; in the child it is the app's own again."""
    with patch.object(child, "frames", faulty_frames):
        _serve(card, pipe, level)


def serve_with_too_little_memory(card: CheckpointCard, pipe: Connection, level: int) -> None:
    """The same, of a checkpoint whose weights fit and whose first steps do not."""
    with patch.object(child, "frames", side_effect=RuntimeError("[METAL] Insufficient Memory")):
        _serve(card, pipe, level)


def faulty_frames(checkpoint: Checkpoint, prompt: str, settings: Settings, draft: Draft = NO_DRAFT) -> Iterator[Frame]:
    """Frames of a real run; after two of them the fault that the prompt names."""
    run = _frames(checkpoint, prompt, settings, draft)
    if not prompt.startswith(RAISE) and prompt not in FAULTS:
        yield from run
        return
    yield from itertools.islice(run, 2)
    if prompt.startswith(RAISE):
        raise RuntimeError(prompt.removeprefix(RAISE))
    os.kill(os.getpid(), FAULTS[prompt])
    yield from run
