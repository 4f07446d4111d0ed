"""The process that owns MLX: a Metal out-of-memory or a hang in it cannot take the page down.

The child is spawned, loads one checkpoint and runs one prompt at a time. Frames travel over a pipe as plain values.
Stop takes effect within one forward pass; a dead child is an EngineError, and the next run starts a fresh one.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event

from visualizer.errors import EngineError, SettingsError, VisualizerError
from visualizer.logs import log_level, log_to_terminal
from visualizer.model import Checkpoint, CheckpointCard, load_checkpoint
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Frame, Phase

log = logging.getLogger(__name__)

MAX_PROMPT_CHARACTERS = 200_000
NO_UTF_8 = "The prompt is not valid UTF-8."
_LOADING = -1
_HANG_SECONDS = 60.0
"""How long a stopped run may take to end its last forward before its process is ended."""


@dataclass(frozen=True)
class _Request:
    run: int
    prompt: str
    settings: Settings


@dataclass(frozen=True)
class _Reply:
    """frame: one more; error: the run failed; neither: the run has ended. Run _LOADING: the checkpoint itself."""

    run: int
    frame: Frame | None = None
    error: VisualizerError | None = None


class Engine:
    """Runs prompts on one checkpoint in a child process, one at a time.

    `run` is for one caller at a time; the page's queue sees to that, and a lock makes sure.
    """

    def __init__(self, card: CheckpointCard) -> None:
        self.card = card
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._runs = 0

    def start(self) -> None:
        """Begin loading the checkpoint, so that the first run finds it ready."""
        with self._turn:
            self._ready_child()

    def run(self, prompt: str, settings: Settings) -> Iterator[Frame]:
        """Yield the frames of one run as they happen. Closing the iterator stops the run within one forward.

        Raises SettingsError for a prompt or knobs that this checkpoint cannot take, EngineError when its process dies.
        """
        check_request(self.card, prompt, settings)
        with self._turn:
            # Once more: while this run waited, the engine may have changed to another checkpoint.
            check_request(self.card, prompt, settings)
            child = self._ready_child()
            self._runs += 1
            yield from child.run(_Request(self._runs, prompt.strip(), settings))

    def use(self, card: CheckpointCard) -> None:
        """Switch to another checkpoint, once a run that is under way has ended.

        The old process ends first, so that never two checkpoints are in memory. Raises VisualizerError when the new one
        does not load; the old one is loaded again then, and stays the engine's.
        """
        with self._turn:
            if card == self.card:
                return
            self.close()
            child = _Child(card)
            try:
                child.wait_until_loaded()
            except VisualizerError:
                child.end()
                self._ready_child()
                raise
            self.card, self._child = card, child

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ready_child(self) -> _Child:
        if self._child is not None and not self._child.settle(_HANG_SECONDS):
            self._child.end()
            self._child = None
        if self._child is None:
            self._child = _Child(self.card)
        return self._child


def check_request(card: CheckpointCard, prompt: str, settings: Settings) -> None:
    """Refuse, in words, what the checkpoint cannot run; the prompt's length in tokens is checked by the run itself.

    Raises SettingsError.
    """
    if not isinstance(prompt, str) or not prompt.strip():
        raise SettingsError("The prompt is empty: write something, or choose one of the demo prompts.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise SettingsError(f"The prompt has {len(prompt):,} characters; at most {MAX_PROMPT_CHARACTERS:,} are taken.")
    try:
        prompt.encode()
    except UnicodeEncodeError as exc:  # half of a surrogate pair
        raise SettingsError(NO_UTF_8) from exc
    if settings.canvas_length > card.canvas_length:
        raise SettingsError(
            f"The canvas length must be a whole number from 8 to {card.canvas_length} for this checkpoint, "
            f"not {settings.canvas_length}."
        )


class _Child:
    """The parent's handle of one child process and the runs sent to it."""

    def __init__(self, card: CheckpointCard) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._stop: Event = context.Event()
        self._pending: int | None = None
        self._process: SpawnProcess = context.Process(
            target=_serve, args=(card, theirs, self._stop, log_level()), name="denoiser", daemon=True
        )
        self._process.start()
        theirs.close()

    def wait_until_loaded(self) -> None:
        with suppress(BrokenPipeError):
            self._pipe.send(None)
        reply = self._receive()
        if reply.error is not None:
            raise reply.error

    def run(self, request: _Request) -> Iterator[Frame]:
        self._stop.clear()
        self._pending = request.run
        try:
            with suppress(BrokenPipeError):  # A child that has just died shows at the first receive.
                self._pipe.send(request)
            while True:
                reply = self._receive()
                if reply.error is not None:
                    self._pending = None
                    raise reply.error
                if reply.run != request.run:
                    continue
                if reply.frame is None:
                    self._pending = None
                    return
                yield reply.frame
        finally:
            self._stop.set()

    def settle(self, patience_seconds: float) -> bool:
        """Read off what a stopped run still sends. False when the child has died, or hangs."""
        while self._pending is not None:
            try:
                if not self._pipe.poll(patience_seconds):
                    log.warning("The model process did not answer for %g seconds and is ended.", patience_seconds)
                    return False
                reply = self._pipe.recv()
            except (EOFError, OSError):
                return False
            if reply.run == self._pending and reply.frame is None:
                self._pending = None
        return self._process.is_alive()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _receive(self) -> _Reply:
        try:
            reply: _Reply = self._pipe.recv()
            if reply.run == _LOADING and reply.error is not None:
                self._process.join()  # It is ending itself; until it has, it would still count as alive.
            return reply
        except (EOFError, OSError) as exc:
            self._process.join()
            raise EngineError(
                f"The model process ended unexpectedly (exit code {self._process.exitcode}); most often memory ran "
                "out. Try a shorter canvas; the next run starts a fresh process."
            ) from exc


def _serve(card: CheckpointCard, pipe: Connection, stop: Event, level: int) -> None:
    """The child: load, then answer requests until the pipe closes. A request of None asks whether it has loaded.

    What does not load is told and ends the process: the next run starts a fresh one, which tries again.
    """
    log_to_terminal(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError):
        try:
            checkpoint = load_checkpoint(card)
        except VisualizerError as exc:
            pipe.send(_Reply(_LOADING, error=exc))
            return
        while True:
            request: _Request | None = pipe.recv()
            if request is None:
                pipe.send(_Reply(_LOADING))
                continue
            _answer(checkpoint, request, pipe, stop)


def _answer(checkpoint: Checkpoint, request: _Request, pipe: Connection, stop: Event) -> None:
    try:
        for frame in frames(checkpoint, request.prompt, request.settings):
            pipe.send(_Reply(request.run, frame=frame))
            if stop.is_set():
                break
        pipe.send(_Reply(request.run))
    except VisualizerError as exc:
        pipe.send(_Reply(request.run, error=exc))
    except (EOFError, BrokenPipeError):
        raise
    except Exception:
        log.exception("A run failed")
        pipe.send(_Reply(request.run, error=EngineError("Something went wrong in the model process; see the log.")))


def frames(checkpoint: Checkpoint, prompt: str, settings: Settings) -> Iterator[Frame]:
    """The frames of one run in this process.

    Raises SettingsError when the prompt does not fit the context.
    """
    import mlx.core as mx
    from mlx_vlm.generate.common import wired_limit

    from visualizer.model.denoise import denoise

    ids = checkpoint.prompt_ids(prompt, settings)
    with wired_limit(checkpoint.model, [mx.default_stream(mx.default_device())]):
        yield from frames_of(checkpoint, ids, denoise(checkpoint.model, ids, settings, checkpoint.card.stop_ids))


def frames_of(checkpoint: Checkpoint, prompt_ids: Sequence[int], states: Iterable[CanvasState]) -> Iterator[Frame]:
    """The states of one run, each with the texts to draw it; on commits the answer and the thought up to there."""
    texts = checkpoint.token_texts()
    special = checkpoint.special_ids()
    known: set[int] = set()
    written = checkpoint.open_channel(prompt_ids)
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
        )
