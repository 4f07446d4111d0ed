"""What clients of the served app are told, and a model of what must hold of it, checked at every event.

A client's frames are those of its own run, in their order, with its own seed and knobs; its place in the queue never
grows; a run fails only by a fault that was made, in that fault's words; and what was told stands in the kept recording.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.rounds import Round
from visualizer.trace import Phase, Trace, load_trace

_FINISHED = ("stop", "length")
_HANG_SECONDS = 60.0
_PHASES = {phase.value for phase in Phase}


@dataclass(frozen=True)
class Fault:
    """Done to the model's process. says: a part of the sentence that its run then ends with."""

    name: str
    signal: signal.Signals
    says: str


FAULTS = (
    Fault("killed", signal.SIGKILL, "exit code -9"),
    Fault("hangs", signal.SIGSTOP, "has not answered for"),
    Fault("aborts", signal.SIGABRT, "was ended by SIGABRT"),
)


@dataclass
class Asked:
    """One run of a client, and what it was told. stops: whether the client stopped it, or has gone. told: the frames,
    each as its phase, block, step and accepted positions. ended: how, as far as it was told."""

    client: str
    prompt: str
    knobs: dict[str, object]
    run_id: str = ""
    place: int | None = None
    stops: bool = False
    told: list[tuple[str, int, int, int]] = field(default_factory=list)
    finish: str | None = None
    ended: str = ""


class Witness:
    """Sees all that clients are told; for any thread. wrong: what could not be, a sentence each.

    ends, faults_done, told_seconds: by name, how runs ended, the faults, and when who listened was told of them.
    """

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.foreign = 0
        self.ends: Counter[str] = Counter()
        self.told_seconds: dict[str, list[float]] = {}
        self.asked: list[Asked] = []
        self._owners: dict[str, Asked] = {}
        self._lock = threading.RLock()
        self.faults_done: Counter[str] = Counter()
        self._done: list[tuple[Fault, float, int]] = []
        self._coming: Iterator[tuple[int, Fault]] = iter(())
        self._next: tuple[int, Fault] | None = None
        self._model_process: Callable[[], int | None] = lambda: None

    def begin(self, client: str, prompt: str, knobs: dict[str, object]) -> Asked:
        """A client asks."""
        asked = Asked(client, prompt, knobs)
        with self._lock:
            self.asked.append(asked)
        return asked

    def hear(self, asked: Asked, step: dict[str, Any], live: bool = True) -> None:
        """A client hears of its run. live: it listens without pauses, so that the model is at work now."""
        with self._lock:
            self._check_owner(asked, str(step["run"]))
            phase = str(step["phase"])
            if phase == "waiting":
                self._check_place(asked, step["place"])
            elif phase in _PHASES:
                self._check_frame(asked, phase, step)
                if live and phase == "step":
                    self._strike_perhaps()

    def end(self, asked: Asked, problem: str | None = None, live: bool = True) -> None:
        """A client hears the end of its run; problem: the sentence that it failed with."""
        with self._lock:
            if problem is None:
                asked.ended = asked.finish or "stopped"
                if asked.ended == "stopped" and not asked.stops:
                    self._say(asked, "ended though nobody stopped it")
            else:
                asked.ended = "failed"
                self.fail(asked.client, problem, live)
            self.ends[asked.ended] += 1

    def leave(self, asked: Asked) -> None:
        """A client goes away, without another word."""
        with self._lock:
            asked.stops = True
            self.ends["left"] += 1

    def fail(self, client: str, problem: str, live: bool = False) -> None:
        """A client hears that its run has failed, in these words: they must be those of a fault that was done, and
        each fault ends one run at most."""
        with self._lock:
            told_of = next((done for done in reversed(self._done) if done[0].says in problem), None)
            if told_of is None:
                self.wrong.append(f"{client}: failed without a fault: {problem}")
                return
            self._done.remove(told_of)
            if live:
                self.told_seconds.setdefault(told_of[0].name, []).append(time.monotonic() - told_of[1])

    def see_round(self, client: str, one: Round) -> None:
        """A page has played a round."""
        with self._lock:
            self.wrong += [f"{client} ({one.run_id}): {fault}" for fault in one.faults]
            self.ends[one.ended] += 1
            if one.ended == "failed":
                self.fail(client, one.problem)

    def let_faults_come(self, coming: Iterable[tuple[int, Fault]], model_process: Callable[[], int | None]) -> None:
        """From now on, do each fault after so many more frames that somebody listens to. model_process: the number of
        the process that they are done to."""
        with self._lock:
            self._coming, self._model_process = iter(coming), model_process
            self._next = next(self._coming, None)

    def let_go_of_hangs(self, seconds: float = _HANG_SECONDS) -> None:
        """Let processes go on that hang for longer than a run under way is allowed to: they hung between two runs."""
        with self._lock:
            for fault, since, process in self._done:
                if fault.signal == signal.SIGSTOP and time.monotonic() - since > seconds:
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGCONT)

    def check_recordings(self, folder: Path) -> int:
        """Compare what was told with the recordings that the app has kept; how many runs are lost."""
        return sum(not self._is_kept(asked, folder) for asked in self.asked)

    # ---- The model ---------------------------------------------------------------------------------------------------

    def _say(self, asked: Asked, sentence: str) -> None:
        self.wrong.append(f"{asked.client} ({asked.run_id}): {sentence}")

    def _check_owner(self, asked: Asked, run_id: str) -> None:
        asked.run_id = asked.run_id or run_id
        if run_id != asked.run_id or self._owners.setdefault(run_id, asked) is not asked:
            self.foreign += 1
            self._say(asked, f"was told of the run {run_id}")

    def _check_place(self, asked: Asked, place: object) -> None:
        if not isinstance(place, int) or place < 1 or asked.told or place > (asked.place or place):
            self._say(asked, f"was told place {place} after place {asked.place} and {len(asked.told)} frames")
        asked.place = place if isinstance(place, int) else None

    def _check_frame(self, asked: Asked, phase: str, step: dict[str, Any]) -> None:
        if (step["seed"], step["max_steps"]) != (asked.knobs["seed"], asked.knobs["max_steps"]):
            self.foreign += 1
            self._say(asked, f"was shown a frame of the seed {step['seed']} with {step['max_steps']} steps")
        now = (phase, step["block"], step["step"], step["accepted"])
        if now[:3] not in _next_frames(asked.told[-1] if asked.told else None):
            self._say(asked, f"was shown {now} after {asked.told[-1:]}")
        asked.told.append(now)
        asked.finish = step["finish"]

    def _is_kept(self, asked: Asked, folder: Path) -> bool:
        if not asked.told:  # a run without a frame leaves none
            return True
        path = folder / f"{asked.run_id}.jsonl.gz"
        if not path.is_file():
            self._say(asked, f"is lost, with {len(asked.told)} frames, ended {asked.ended or 'unheard'}")
            return False
        self._check_recording(asked, load_trace(path))
        return True

    def _check_recording(self, asked: Asked, trace: Trace) -> None:
        kept = [
            (state.phase.value, state.block, state.step, int(state.accepted.sum()))
            for state in trace.states[: len(asked.told)]
        ]
        settings = trace.info.settings.to_dict()
        if kept != asked.told:
            self.foreign += 1
            self._say(asked, "was shown other frames than were kept of its run")
        ran = {name: settings[name] for name in asked.knobs}
        if (trace.info.prompt, ran) != (asked.prompt.strip(), asked.knobs):
            self._say(asked, f"asked for {asked.prompt!r} with {asked.knobs}, and {trace.info.prompt!r} with {ran} ran")
        ended = {asked.ended} if asked.ended else {"stopped", "failed", *_FINISHED}
        # A stop that comes with the last frame may be the first of the two, or the second.
        ended |= {"stopped"} if asked.stops else set()
        if trace.ended not in ended or (asked.ended and len(kept) != len(trace.states)):
            self._say(asked, f"was told {asked.ended} after {len(asked.told)} frames, and "
                             f"{trace.ended} was kept with {len(trace.states)}")  # fmt: skip

    # ---- Faults ------------------------------------------------------------------------------------------------------

    def _strike_perhaps(self) -> None:
        """Do the next fault to the model's process where it is time for it."""
        if self._next is None:
            return
        left, fault = self._next
        self._next = (left - 1, fault)
        if left <= 1 and (process := self._model_process()) is not None:
            os.kill(process, fault.signal)
            self._done.append((fault, time.monotonic(), process))
            self.faults_done[fault.name] += 1
            self._next = next(self._coming, None)


def _next_frames(before: tuple[str, int, int, int] | None) -> list[tuple[str, int, int]]:
    """The phase, block and step that may follow."""
    if before is None:
        return [("noise", 0, 0)]
    phase, block, step, _ = before
    if phase == "commit":
        return [("noise", block + 1, 0)]
    return [("step", block, step + 1)] + ([("commit", block, step)] if phase == "step" else [])
