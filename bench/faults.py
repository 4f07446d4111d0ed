"""Whether a model process that hangs, dies or fails on the GPU ends its run in words, and the next run works.

`python -m bench.faults` hangs the process of a real run with SIGSTOP, with a Stop pressed after it and without, ends it
with SIGKILL and SIGABRT, and has it raise what Metal and its allocator raise when they fail; after each fault another
run must work. Around the fault everything is the app's own. What is raised is made up where there is no Metal.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import multiprocessing
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from unittest.mock import patch

from tests.support import failing_child
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import read_card
from visualizer.request import Request
from visualizer.run import Run, Runs
from visualizer.run import engine as engine_module
from visualizer.run.engine import Engine, Patience
from visualizer.trace import Phase

STOP_SECONDS = 5.0
_HANG_AFTER = 4
"""Frames: the noise and three steps, so that the process knows how long a step takes."""
_OVERHEAD_SECONDS = 1.0
"""Until what the process says is heard here, and until it has been ended."""
_PROMPT = "Why is the sky blue?"
_LONG = {"canvas_length": 16, "max_tokens": 16, "max_steps": 500}
_SHORT = {"canvas_length": 16, "max_tokens": 16, "max_steps": 3}


@dataclass(frozen=True)
class Fault:
    """says: a part of the sentence. raises: what the process raises; where that is "", it is
    sent a signal, by default one that makes it hang. stops: whether Stop is pressed then."""

    name: str
    says: str
    raises: str = ""
    stops: bool = False
    sent: signal.Signals = signal.SIGSTOP

    @property
    def is_silent(self) -> bool:
        """Whether only its silence tells of it."""
        return not self.raises and not self.stops and self.sent is signal.SIGSTOP


_COMMAND_BUFFER = "[METAL] Command buffer execution failed: "
FAULTS = (
    Fault("hangs, Stop pressed", "", stops=True),
    Fault("hangs, no Stop", "has not answered for"),
    Fault(
        "[METAL] out of memory", "The GPU's memory ran out",
        _COMMAND_BUFFER + "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
    ),
    Fault(
        "[metal::malloc]", "The GPU's memory ran out",
        "[metal::malloc] Attempting to allocate 24696061952 bytes which is greater than the maximum allowed size.",
    ),
    Fault(
        "[METAL] timeout", "macOS ended a computation",
        _COMMAND_BUFFER + "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)",
    ),
    Fault("is killed", "was killed from outside", sent=signal.SIGKILL),
    Fault("aborts", "was ended by SIGABRT", sent=signal.SIGABRT),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """told_seconds: from the Stop, the hang or the last frame to the run's last message. allowed_seconds: how long that
    may take. told: in words, with the frames so far. works: whether the next run does; fresh_seconds: to its first
    frame."""

    told_seconds: float
    allowed_seconds: float
    told: bool
    works: bool
    fresh_seconds: float

    @property
    def well(self) -> bool:
        """Whether all of it is as it should be."""
        return self.told and self.works and self.told_seconds <= self.allowed_seconds


def faults(
    repetitions: int, patience: Patience | None = None, chosen: Sequence[Fault] = FAULTS
) -> dict[str, list[Outcome]]:
    """Every fault so many times, on the pocket, by its name. patience: None for the app's own."""
    patience = patience or Patience()
    with (
        patch.object(engine_module, "serve", failing_child.serve),
        closing(Engine(read_card(POCKET_FOLDER), patience)) as engine,
    ):
        trial = _Trial(Runs(engine), patience)
        return {fault.name: [asyncio.run(trial.outcome(fault)) for _ in range(repetitions)] for fault in chosen}


class _Trial:
    """Faults in one engine. slowest: step of its present process, as the engine reckons it."""

    def __init__(self, runs: Runs, patience: Patience) -> None:
        self._runs = runs
        self._patience = patience
        self._slowest = 0.0

    async def outcome(self, fault: Fault) -> Outcome:
        """One run that ends by the fault, and one after it."""
        run = self._begin(failing_child.RAISE + fault.raises if fault.raises else _PROMPT, _LONG)
        frames, since = 0, 0.0
        async for now in self._frames(run):
            frames, since = frames + 1, now
            if not fault.raises and frames == _HANG_AFTER:
                os.kill(_process_id(), fault.sent)
                if fault.stops:
                    since = time.monotonic()
                    self._runs.stop(run.id)
        told_seconds = time.monotonic() - since
        told = (
            run.ended == ("stopped" if fault.stops else "failed")
            and fault.says in run.problem
            and len(run.trace().states) >= 2
        )
        silence = max(self._patience.least, self._patience.slowest * self._slowest) + _OVERHEAD_SECONDS
        self._slowest = 0.0
        began = time.monotonic()
        after = self._begin(_PROMPT, _SHORT)
        arrived = [now async for now in self._frames(after)]
        return Outcome(
            told_seconds=told_seconds,
            allowed_seconds=silence if fault.is_silent else STOP_SECONDS,
            told=told,
            works=after.ended in ("stop", "length"),
            fresh_seconds=arrived[0] - began if arrived else math.inf,
        )

    def _begin(self, prompt: str, knobs: dict[str, object]) -> Run:
        defaults = self._runs.engine.card.defaults.changed(stop_entropy=0.0, seed=1)
        return self._runs.begin(Request.of(defaults, prompt, knobs))

    async def _frames(self, run: Run) -> AsyncIterator[float]:
        """When each frame comes."""
        last: float | None = None
        async for news in run.news():
            if news.frame is None:
                continue
            now = time.monotonic()
            if last is not None and news.frame.state.phase is Phase.STEP:
                self._slowest = max(self._slowest, now - last)
            last = now
            yield now


def _process_id() -> int:
    process = next(child for child in multiprocessing.active_children() if child.name == "denoiser")
    assert process.pid is not None
    return process.pid


def table(outcomes: dict[str, list[Outcome]]) -> Iterator[str]:
    """A line for each fault."""
    yield "fault | times | told within, median and slowest | allowed | told, frames kept | next run works, first frame"
    yield "---|" * 5 + "---"
    for name, seen in outcomes.items():
        told, fresh = _spread([one.told_seconds for one in seen]), [one.fresh_seconds for one in seen]
        yield (
            f"{name} | {len(seen)} | {told} | {min(one.allowed_seconds for one in seen):.1f} s | "
            f"{sum(one.told for one in seen)} | {sum(one.works for one in seen)}, {statistics.median(fresh):.1f} s"
        )


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s, {max(seconds):.2f} s"


def main() -> int:
    """Print the table. Returns 1 when something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--least", type=float, default=Patience.least, help="seconds that a silence is always allowed")
    arguments = parser.parse_args()
    outcomes = faults(arguments.repetitions, Patience(least=arguments.least))
    print("\n".join(table(outcomes)))
    return 0 if all(one.well for seen in outcomes.values() for one in seen) else 1


if __name__ == "__main__":
    sys.exit(main())
