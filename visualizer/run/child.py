"""The engine's child: the process that owns MLX, and what is said between it and the engine.

It loads one checkpoint and answers orders until the pipe closes.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from visualizer.byte_sizes import spoken_size
from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import EngineError, NotFiniteError, SettingsError, VisualizerError
from visualizer.logs import log_to_terminal
from visualizer.model import Checkpoint, CheckpointCard, gpu_error, load_checkpoint
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Frame

log = logging.getLogger(__name__)

LOADING = -1
"""Stands for a run in what is said of the checkpoint itself."""


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
class RunOrder:
    """Do this run. run: its number, by which replies and a stop name it."""

    run: int
    prompt: str
    settings: Settings
    draft: Draft = NO_DRAFT


@dataclass(frozen=True)
class StopOrder:
    """End this run, unless it has ended."""

    run: int


@dataclass(frozen=True)
class Reply:
    """What the child says of a run.

    taken: it has come. frame: one more; error: the run failed; none of these: the run has ended. Run LOADING: the
    checkpoint itself, with loading: how far it is; number_format: it is ready. fatal: the child ends itself after this
    error.
    """

    run: int
    taken: bool = False
    frame: Frame | None = None
    error: VisualizerError | None = None
    loading: Loading | None = None
    number_format: str | None = None
    fatal: bool = False


def serve(card: CheckpointCard, pipe: Connection, level: int) -> None:
    """The child: load, then answer requests until the pipe closes.

    What does not load, and what fails on the GPU, is told and ends the process: the next run starts a fresh one.
    """
    log_to_terminal(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def tell(done: int, total: int) -> None:
        pipe.send(Reply(LOADING, loading=Loading(done, total)))

    with suppress(EOFError, BrokenPipeError):
        try:
            checkpoint = load_and_warm_up(card, tell)
        except Exception as exc:
            pipe.send(Reply(LOADING, error=_not_loaded(card, exc), fatal=True))
            return
        pipe.send(Reply(LOADING, number_format=checkpoint.number_format))
        while True:
            order = pipe.recv()
            try:
                if isinstance(order, RunOrder) and not _answer(checkpoint, order, pipe):
                    return
            except NotFiniteError:
                checkpoint = _in_bfloat16(checkpoint, tell)
                pipe.send(Reply(LOADING, number_format=checkpoint.number_format))


def _not_loaded(card: CheckpointCard, exc: Exception) -> VisualizerError:
    """What is said of a checkpoint that did not load, or whose first steps failed."""
    if isinstance(exc, VisualizerError):
        return exc
    log.error("%s did not load", card.name, exc_info=exc)
    return gpu_error(exc, loading=card.name) or EngineError(
        f"{card.name} loaded, and its first steps failed; the app's log says more."
    )


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


def _answer(checkpoint: Checkpoint, request: RunOrder, pipe: Connection) -> bool:
    """Run a request, and tell of it. False when the process is of no use any more.

    Raises NotFiniteError, which has been told.
    """
    try:
        pipe.send(Reply(request.run, taken=True))
        if not _is_stopped(request, pipe):
            for frame in frames(checkpoint, request.prompt, request.settings, request.draft):
                pipe.send(Reply(request.run, frame=frame))
                if _is_stopped(request, pipe):
                    break
        pipe.send(Reply(request.run))
    except (EOFError, BrokenPipeError):
        raise
    except VisualizerError as exc:
        pipe.send(Reply(request.run, error=exc))
        if isinstance(exc, NotFiniteError):
            raise
    except Exception as exc:
        log.exception("A run failed")
        known = gpu_error(exc)
        error = known or EngineError("Something went wrong in the model process; see the log.")
        pipe.send(Reply(request.run, error=error, fatal=known is not None))
        return known is None
    return True


def _is_stopped(request: RunOrder, pipe: Connection) -> bool:
    """Whether a stop of this run has come; nothing else comes before its end, but stops of earlier ones."""
    while pipe.poll():
        order = pipe.recv()
        if isinstance(order, StopOrder) and order.run == request.run:
            return True
    return False
