"""The process that owns MLX: a Metal out-of-memory or a hang in it cannot take the page down.

The child is spawned, loads one checkpoint and runs one prompt at a time. Frames travel over a pipe as plain values.
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
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from visualizer.byte_sizes import spoken_size
from visualizer.errors import EngineError, NotFiniteError, SettingsError, VisualizerError
from visualizer.logs import log_level, log_to_terminal
from visualizer.model import TYPED_KNOBS, Checkpoint, CheckpointCard, gpu_error, load_checkpoint
from visualizer.run.memory_kills import memory_kills
from visualizer.settings import Settings, spoken_name
from visualizer.trace import CanvasState, Frame, Phase, Writing

log = logging.getLogger(__name__)

_LOADING = -1
_JOIN_SECONDS = 5.0
"""For a process that was killed to be gone; a driver can hold one for ever."""


@dataclass(frozen=True)
class Patience:
    """Seconds that the child may be silent before it is ended; a machine that sleeps does not count.

    loading: between two signs of loading. first: before a run's first frame, while the prompt is read, and before the
    first step of a canvas longer than any so far. slowest: between two frames, so many times the slowest step so far,
    but never less than `least`, for a machine that is busy with something else. stop: after a Stop.
    """

    loading: float = 600.0
    first: float = 600.0
    slowest: float = 10.0
    least: float = 20.0
    stop: float = 4.0


@dataclass(frozen=True)
class Loading:
    """How far a checkpoint is on its way into memory, in bytes; of 0 while its size is not known yet."""

    done_bytes: int = 0
    total_bytes: int = 0

    @property
    def words(self) -> str:
        """For who waits for it."""
        if not self.total_bytes:
            return "Loading the checkpoint…"
        if self.done_bytes == self.total_bytes:
            return f"{spoken_size(self.total_bytes)} loaded, warming up…"
        return f"Loading {spoken_size(self.total_bytes)}, {100 * self.done_bytes // self.total_bytes} %…"


@dataclass(frozen=True)
class _Request:
    run: int
    prompt: str
    settings: Settings


@dataclass(frozen=True)
class _Stop:
    run: int


@dataclass(frozen=True)
class _Reply:
    """frame: one more; error: the run failed; neither: the run has ended. Run _LOADING: the checkpoint itself, with
    loading: how far it is; number_format: it is ready. fatal: the child ends itself after this error."""

    run: int
    frame: Frame | None = None
    error: VisualizerError | None = None
    loading: Loading | None = None
    number_format: str | None = None
    fatal: bool = False


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

    def run(self, prompt: str, settings: Settings) -> Generator[Frame]:
        """Yield the frames of one run as they happen. Closing the iterator stops the run within one forward.

        Raises SettingsError for a prompt or knobs that this checkpoint cannot take, EngineError when its process dies.
        """
        check_settings(self.card, settings)
        with self._turn:
            # Once more: while this run waited, the engine may have changed to another checkpoint.
            check_settings(self.card, settings)
            child = self._ready_child()
            self._runs += 1
            began_ms = 0.0
            with closing(child.run(_Request(self._runs, prompt.strip(), settings))) as frames:
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
            self._child = _Child(self.card, self._patience)
        return self._child


def check_settings(card: CheckpointCard, settings: Settings) -> None:
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
            target=_serve, args=(card, theirs, log_level()), name="denoiser", daemon=True
        )
        self._process.start()
        theirs.close()
        self._news = threading.Condition()
        self._replies: deque[_Reply] = deque()
        self._gone = False
        self._pending: int | None = None
        self._halted = False
        self._framed = False
        self._heard = self._stopped = time.monotonic()
        self._slowest = 0.0
        self._longest = 0
        self._orders: queue.SimpleQueue[_Request | _Stop | None] = queue.SimpleQueue()
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

    def run(self, request: _Request) -> Generator[Frame]:
        with self._news:
            self._pending, self._halted, self._framed = request.run, False, False
            if request.settings.canvas_length > self._longest:
                self._longest, self._slowest = request.settings.canvas_length, 0.0
            self._heard = time.monotonic()
        self._orders.put(request)
        try:
            while (reply := self._receive()) is not None:
                if reply.run not in (_LOADING, request.run):
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
                self._orders.put(_Stop(request.run))

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
                reply: _Reply | None = self._pipe.recv()
            except (EOFError, OSError):
                reply = None
            with self._news:
                self._take(reply)
                self._news.notify_all()
            if reply is None:
                return

    def _take(self, reply: _Reply | None) -> None:
        now = time.monotonic()
        if reply is None:
            self._gone = True
        elif reply.loading is not None:
            self.loading = reply.loading
        else:
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

    def _receive(self) -> _Reply | None:
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


def _serve(card: CheckpointCard, pipe: Connection, level: int) -> None:
    """The child: load, then answer requests until the pipe closes.

    What does not load, and what fails on the GPU, is told and ends the process: the next run starts a fresh one.
    """
    log_to_terminal(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def tell(done: int, total: int) -> None:
        pipe.send(_Reply(_LOADING, loading=Loading(done, total)))

    with suppress(EOFError, BrokenPipeError):
        try:
            checkpoint = load_and_warm_up(card, tell)
        except VisualizerError as exc:
            pipe.send(_Reply(_LOADING, error=exc, fatal=True))
            return
        pipe.send(_Reply(_LOADING, number_format=checkpoint.number_format))
        while True:
            order = pipe.recv()
            try:
                if isinstance(order, _Request) and not _answer(checkpoint, order, pipe):
                    return
            except NotFiniteError:
                checkpoint = _in_bfloat16(checkpoint, tell)
                pipe.send(_Reply(_LOADING, number_format=checkpoint.number_format))


def load_and_warm_up(card: CheckpointCard, tell: Callable[[int, int], None] = lambda done, total: None) -> Checkpoint:
    """Load into this process; in bfloat16 where float16 turns out not to hold the checkpoint's numbers.

    Raises VisualizerError.
    """
    checkpoint = load_checkpoint(card, tell)
    # Not before: loading chooses the BLAS that MLX binds when it is imported.
    import mlx.core as mx

    from visualizer.model.device import keep_in_memory

    mx.clear_cache()
    keep_in_memory(mx.get_active_memory())
    try:
        _warm_up(checkpoint)
    except NotFiniteError:
        if checkpoint.number_format != "float16":
            raise
        checkpoint = _in_bfloat16(checkpoint, tell)
        _warm_up(checkpoint)
    return checkpoint


def _in_bfloat16(checkpoint: Checkpoint, tell: Callable[[int, int], None]) -> Checkpoint:
    """The same checkpoint for numbers that float16 does not hold; as it is where it computes in another format."""
    if checkpoint.number_format != "float16":
        return checkpoint
    log.warning("float16 does not hold the numbers of %s; it is loaded in bfloat16.", checkpoint.card.name)
    return load_checkpoint(checkpoint.card, tell, bfloat16=True)


def _warm_up(checkpoint: Checkpoint) -> None:
    """Two steps of a full canvas: kernels are compiled, and the first run is as fast as the second.

    Raises NotFiniteError.
    """
    settings = checkpoint.card.defaults.changed(max_steps=2, stop_entropy=0.0, max_tokens=1, seed=0)
    with suppress(SettingsError):  # A context too short for it.
        for _ in frames(checkpoint, "Hello", settings):
            pass


def _answer(checkpoint: Checkpoint, request: _Request, pipe: Connection) -> bool:
    """Run a request, and tell of it. False when the process is of no use any more.

    Raises NotFiniteError, which has been told.
    """
    try:
        if not _is_stopped(request, pipe):
            for frame in frames(checkpoint, request.prompt, request.settings):
                pipe.send(_Reply(request.run, frame=frame))
                if _is_stopped(request, pipe):
                    break
        pipe.send(_Reply(request.run))
    except (EOFError, BrokenPipeError):
        raise
    except VisualizerError as exc:
        pipe.send(_Reply(request.run, error=exc))
        if isinstance(exc, NotFiniteError):
            raise
    except Exception as exc:
        log.exception("A run failed")
        known = gpu_error(exc)
        error = known or EngineError("Something went wrong in the model process; see the log.")
        pipe.send(_Reply(request.run, error=error, fatal=known is not None))
        return known is None
    return True


def _is_stopped(request: _Request, pipe: Connection) -> bool:
    """Whether a stop of this run has come; nothing else comes before its end, but stops of earlier ones."""
    while pipe.poll():
        order = pipe.recv()
        if isinstance(order, _Stop) and order.run == request.run:
            return True
    return False


def frames(checkpoint: Checkpoint, prompt: str, settings: Settings) -> Iterator[Frame]:
    """The frames of one run in this process.

    Raises SettingsError when the prompt does not fit the context.
    """
    import mlx.core as mx

    ids = checkpoint.prompt_ids(prompt, settings)
    try:
        yield from frames_of(checkpoint, settings, _states(checkpoint, ids, settings))
    finally:
        mx.clear_cache()  # The freed buffers have this run's shapes, which no other has.


def _states(checkpoint: Checkpoint, prompt_ids: Sequence[int], settings: Settings) -> Iterator[CanvasState]:
    """The states of one run, as the checkpoint writes."""
    model, stop_ids = checkpoint.model, checkpoint.card.stop_ids
    if checkpoint.card.writing is Writing.TYPED:
        from visualizer.model.typewriter import type_out

        return type_out(model, prompt_ids, settings, stop_ids, blank_id=min(checkpoint.special_ids(), default=0))
    from visualizer.model.denoise import denoise

    return denoise(model, prompt_ids, settings, stop_ids)


def frames_of(checkpoint: Checkpoint, settings: Settings, states: Iterable[CanvasState]) -> Iterator[Frame]:
    """The states of one run, each with the texts to draw it; on commits the answer and the thought up to there."""
    texts = checkpoint.token_texts()
    special = checkpoint.special_ids()
    known: set[int] = set()
    written = checkpoint.open_channel(settings)
    begins_in_thought = bool(written)
    for state in states:
        shown = state.shown_ids().tolist()
        fresh = state.token_ids() - known
        known |= fresh
        cells = texts.cells(shown)
        answer = thought = None
        if state.phase is Phase.COMMIT:
            written += state.canvas_ids[: state.answer_length].tolist()
            answer, thought = checkpoint.answer_and_thought(written)
        yield Frame(
            state=state,
            texts={token_id: texts.alone(token_id) for token_id in sorted(fresh)},
            special=special & fresh,
            overrides={
                position: cell
                for position, (token_id, cell) in enumerate(zip(shown, cells, strict=True))
                if cell != texts.alone(token_id)
            },
            answer=answer,
            thought=thought,
            begins_in_thought=begins_in_thought,
        )
