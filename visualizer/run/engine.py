"""Runs in a process of their own (visualizer/run/child.py): an out-of-memory or a hang there cannot take the page down.

The child is spawned and runs one prompt at a time. Frames travel over a pipe as plain values.
Stop takes effect at once here, and in the child within one forward pass. A child that dies, fails on the GPU or does
not answer is an EngineError and is ended; the next run starts a fresh one. Nothing waits for ever.
"""

from __future__ import annotations

import logging
import multiprocessing
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from multiprocessing.context import SpawnProcess

from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import EngineError, SettingsError, VisualizerError
from visualizer.logs import log_level
from visualizer.model import TYPED_KNOBS, CheckpointCard
from visualizer.run.child import LOADING, Loading, Reply, RunOrder, StopOrder, serve
from visualizer.run.memory_kills import memory_kills
from visualizer.settings import Settings, spoken_name
from visualizer.trace import Frame, Phase, Writing

log = logging.getLogger(__name__)

_JOIN_SECONDS = 5.0
"""For a process that was killed to be gone; a driver can hold one for ever."""


@dataclass(frozen=True)
class Patience:
    """Seconds that the child may be silent before it is ended; a machine that sleeps does not count.

    loading: between two signs of loading. taken: before it says that it has a run's order. first: from then to the
    run's first frame, while the prompt is read, and before the first step of a canvas longer than any so far. slowest:
    between two frames, so many times the slowest step so far, but never less than `least`, for a machine that is busy
    with something else. stop: after a Stop.
    """

    loading: float = 600.0
    taken: float = 20.0
    first: float = 600.0
    slowest: float = 10.0
    least: float = 20.0
    stop: float = 4.0


class Engine:
    """Runs prompts on one checkpoint in a child process, one at a time.

    `run` is for one caller at a time; the page's queue sees to that, and a lock makes sure. `stop`, `loading` and
    `number_format` are for any thread. block_seconds: what the last finished block took; None before one has.
    """

    def __init__(self, card: CheckpointCard, patience: Patience | None = None) -> None:
        self.card = card
        self.block_seconds: float | None = None
        self._patience = patience or Patience()
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._runs = 0
        self._other: Engine | None = None
        self._beside = True

    def partner(self, card: CheckpointCard, beside: bool) -> Engine:
        """The engine of a second checkpoint, which takes turns with this one: they never load or run at once.

        beside: memory holds both; else the one that is to run ends the other's process first.
        """
        if self._other is None or self._other.card != card or self._beside != beside:
            if self._other is not None:
                self._other.close()
            self._other, self._beside = Engine(card, self._patience), beside
            self._other._turn, self._other._other, self._other._beside = self._turn, self, beside
        return self._other

    @property
    def loading(self) -> Loading | None:
        """How far the checkpoint is on its way into memory; None when it is there, or nobody has asked for it."""
        child = self._child
        return child.loading if child is not None else None

    @property
    def number_format(self) -> str | None:
        """What the loaded checkpoint computes in, such as "bfloat16"; None before it has loaded."""
        child = self._child
        return child.number_format if child is not None else None

    def stop(self) -> None:
        """Stop the run that is under way: its iterator ends at once, also where `next` waits for a frame."""
        child = self._child
        if child is not None:
            child.halt()

    def start(self) -> None:
        """Begin loading the checkpoint, so that the first run finds it ready."""
        with self._turn:
            self._ready_child()

    def run(self, prompt: str, settings: Settings, draft: Draft = NO_DRAFT) -> Generator[Frame]:
        """Yield the frames of one run as they happen. Closing the iterator stops the run within one forward.

        Raises SettingsError for a prompt, knobs or a draft that this checkpoint cannot take, EngineError when its
        process dies.
        """
        check_settings(self.card, settings, draft)
        with self._turn:
            # Once more: while this run waited, the engine may have changed to another checkpoint.
            check_settings(self.card, settings, draft)
            child = self._ready_child()
            self._runs += 1
            began_ms = 0.0
            with closing(child.run(RunOrder(self._runs, prompt.strip(), settings, draft))) as frames:
                for frame in frames:
                    if frame.state.phase is Phase.NOISE:
                        began_ms = frame.state.elapsed_ms
                    elif frame.state.phase is Phase.COMMIT:
                        self.block_seconds = (frame.state.elapsed_ms - began_ms) / 1000
                    yield frame

    def use(self, card: CheckpointCard) -> None:
        """Switch to another checkpoint, once a run that is under way has ended.

        The old process ends first, so that never two checkpoints are in memory. Raises VisualizerError when the new one
        does not load; the old one is loaded again then, and stays the engine's.
        """
        with self._turn:
            if card == self.card:
                return
            self.close()
            self._make_room()
            child = _Child(card, self._patience)
            try:
                child.wait_until_loaded()
            except VisualizerError:
                child.end()
                self._ready_child()
                raise
            self.card, self._child, self.block_seconds = card, child, None

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ready_child(self) -> _Child:
        if self._child is not None and not self._child.settle():
            self._child.end()
            self._child = None
        if self._child is None:
            self._make_room()
            self._child = _Child(self.card, self._patience)
        return self._child

    def _make_room(self) -> None:
        """End the other's process where memory does not hold both."""
        if self._other is not None and not self._beside:
            self._other.close()


def check_settings(card: CheckpointCard, settings: Settings, draft: Draft = NO_DRAFT) -> None:
    """Refuse, in words, what the checkpoint cannot run; the prompt's length in tokens is checked by the run itself.

    Raises SettingsError.
    """
    if settings.canvas_length > card.canvas_length:
        raise SettingsError(
            f"The canvas length must be a whole number from 8 to {card.canvas_length} for this checkpoint, "
            f"not {settings.canvas_length}."
        )
    if card.writing is Writing.TYPED:
        for name in {field.name for field in fields(settings)} - TYPED_KNOBS:
            if getattr(settings, name) != getattr(card.defaults, name):
                raise SettingsError(
                    f"The {spoken_name(name)} is of no use to {card.name}, which types one token after the other."
                )
    if settings.think and not card.thinks:
        raise SettingsError(f"{card.name} cannot be asked to think: its chat template knows no thinking.")
    if settings.system and not card.takes_system:
        raise SettingsError(f"{card.name} takes no system prompt: its chat template has no place for one.")
    if draft and card.writing is Writing.TYPED:
        raise SettingsError(f"{card.name} types one token after the other, and nothing can stand on its page before.")
    draft.check(settings, card.vocab_size, card.stop_ids)


class _Child:
    """The parent's handle of one child process and the runs sent to it.

    One thread reads what the child says and another tells it what it is asked, so that neither a silent child nor a
    full pipe ever holds a caller.
    """

    def __init__(self, card: CheckpointCard, patience: Patience) -> None:
        self.loading: Loading | None = Loading()
        self.number_format: str | None = None
        self._card = card
        self._patience = patience
        context = multiprocessing.get_context("spawn")
        self._memory_kills = memory_kills()
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=serve, args=(card, theirs, log_level()), name="denoiser", daemon=True
        )
        self._process.start()
        theirs.close()
        self._news = threading.Condition()
        self._replies: deque[Reply] = deque()
        self._gone = False
        self._pending: int | None = None
        self._taken: int | None = None
        self._halted = False
        self._framed = False
        self._heard = self._stopped = time.monotonic()
        self._slowest = 0.0
        self._longest = 0
        self._orders: queue.SimpleQueue[RunOrder | StopOrder | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._listen, "replies"), (self._speak, "orders"))
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_loaded(self) -> None:
        """Raises VisualizerError when the checkpoint does not load."""
        while self.loading is not None:
            reply = self._receive()
            if reply is not None and reply.error is not None:
                raise reply.error

    def run(self, request: RunOrder) -> Generator[Frame]:
        with self._news:
            self._pending, self._halted, self._framed = request.run, False, False
            if request.settings.canvas_length > self._longest:
                self._longest, self._slowest = request.settings.canvas_length, 0.0
            self._heard = time.monotonic()
        self._orders.put(request)
        try:
            while (reply := self._receive()) is not None:
                if reply.run not in (LOADING, request.run):
                    continue
                if reply.error is not None:
                    self._pending = None
                    raise reply.error
                if reply.frame is not None:
                    yield reply.frame
                elif reply.run == request.run:
                    self._pending = None
                    return
        finally:
            if self._pending is not None:
                self._stopped = time.monotonic()
                self._orders.put(StopOrder(request.run))

    def halt(self) -> None:
        """End the run that is under way for its caller, who may be waiting for the next frame."""
        with self._news:
            self._halted = self._pending is not None
            self._news.notify_all()

    def settle(self) -> bool:
        """Read off what a stopped run still sends. False when the child has died, or does not answer.

        One that is loading yet is not waited for: it will find the run stopped before it begins.
        """
        with self._news:
            while self._pending is not None and not self._gone and self.loading is None:
                left = self._stopped + self._patience.stop - time.monotonic()
                if not self._replies and left <= 0:
                    log.warning("The model process did not answer for %g seconds and is ended.", self._patience.stop)
                    return False
                if not self._replies:
                    self._news.wait(left)
                    continue
                reply = self._replies.popleft()
                if reply.run == self._pending and reply.frame is None:
                    self._pending = None
            self._pending = None
        return not self._gone and self._process.is_alive()

    def end(self) -> None:
        self._process.kill()
        self._process.join(_JOIN_SECONDS)
        self._orders.put(None)
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        self._pipe.close()

    def _listen(self) -> None:
        while True:
            try:
                reply: Reply | None = self._pipe.recv()
            except (EOFError, OSError):
                reply = None
            with self._news:
                self._take(reply)
                self._news.notify_all()
            if reply is None:
                return

    def _take(self, reply: Reply | None) -> None:
        now = time.monotonic()
        if reply is None:
            self._gone = True
        elif reply.loading is not None:
            self.loading = reply.loading
        else:
            if reply.taken:
                self._heard, self._taken = now, reply.run
                return
            if reply.number_format is not None:
                self.loading, self.number_format = None, reply.number_format
            if reply.frame is not None:
                if self._framed and reply.frame.state.phase is Phase.STEP:
                    self._slowest = max(self._slowest, now - self._heard)
                self._framed = True
            self._replies.append(reply)
        self._heard = now

    def _speak(self) -> None:
        with suppress(OSError):  # A child that has died shows at the next receive.
            while (order := self._orders.get()) is not None:
                self._pipe.send(order)

    def _receive(self) -> Reply | None:
        """The child's next reply; None when the run has been halted.

        Raises EngineError when the child has died, or has been silent for too long and is ended.
        """
        with self._news:
            while not self._halted and not self._replies and not self._gone:
                left = self._heard + self._allowed_seconds() - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(left)
            if self._halted:
                return None
            reply = self._replies.popleft() if self._replies else None
        if reply is None:
            raise self._dead() if self._gone else self._silent()
        if reply.fatal:
            self._process.kill()  # It is ending itself, which may take seconds that nobody should wait for.
            self._process.join(_JOIN_SECONDS)
            self._gone = True  # Also where a busy machine lets it take longer.
        return reply

    def _allowed_seconds(self) -> float:
        if self.loading is not None:
            return self._patience.loading
        if self._taken != self._pending:
            return self._patience.taken
        if not self._framed or not self._slowest:
            return self._patience.first
        return max(self._patience.least, self._patience.slowest * self._slowest)

    def _silent(self) -> EngineError:
        seconds = self._allowed_seconds()
        self.end()
        return EngineError(
            f"The model process has not answered for {seconds:.0f} seconds and was ended; the frames so far are kept, "
            "and the next run starts a fresh process."
        )

    def _dead(self) -> EngineError:
        self._process.join(_JOIN_SECONDS)
        before, now = self._memory_kills, memory_kills()
        ran_out = None if before is None or now is None else now > before
        loading = self._card.name if self.loading is not None else None
        return EngineError(obituary(self._process.exitcode, loading, ran_out))


def obituary(exit_code: int | None, loading: str | None, memory_ran_out: bool | None) -> str:
    """Why a child has died, as far as its exit code tells.

    loading: the checkpoint that it was loading. memory_ran_out: whether the system killed something for lack of memory
    while the child lived; None where the system does not say.
    """
    what = f"The process that loaded {loading}" if loading else "The model process"
    next_run = "the next run starts a fresh process."
    if exit_code == -signal.SIGKILL:
        advice = "choose a smaller checkpoint" if loading else "try a shorter canvas or prompt"
        killed = f"{what} was killed by the system (exit code -9)"
        if memory_ran_out:
            return f"{killed} because memory ran out: {advice}, or close other apps; {next_run}"
        if memory_ran_out is None:
            return f"{killed}, which it does where memory is short: {advice}, or close other apps; {next_run}"
        return f"{what} was killed from outside (exit code -9), not for lack of memory; {next_run}"
    if exit_code is not None and exit_code < 0:
        return f"{what} was ended by {signal.Signals(-exit_code).name}; the app's log says more, and {next_run}"
    return f"{what} ended unexpectedly (exit code {exit_code}); the app's log says more, and {next_run}"
