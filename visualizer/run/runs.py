"""Runs that outlive the page that watches them: a run that has been watched is never lost.

Pages and programs ask with the same `Request` and wait in the same queue. A run goes on in a thread of the server, one
at a time, whether or not a browser listens. Listeners get it from the beginning. A finished run is kept as a trace file
in a folder of bounded size. Whoever has a run's id, which cannot be guessed, can open or stop it, and may do so before
the run has been asked for: requests travel by different ways and may overtake each other. Nothing lists the ids of
others.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from visualizer.errors import UNEXPECTED, EngineError, SettingsError, VisualizerError
from visualizer.request import RUN_ID, Request, new_run_id
from visualizer.run.engine import Engine, check_settings
from visualizer.run.fitting import fitted
from visualizer.run.kept import KeptRuns, NotKeptError
from visualizer.run.loading import run_telling
from visualizer.run.provenance import run_info
from visualizer.run.run import Run
from visualizer.settings import SET_BY_VISITORS
from visualizer.trace import Phase, Trace

log = logging.getLogger(__name__)

MAX_WAITING = 16
MAX_WAITING_OF_ONE = 4
"""Of one page or program; a page's next run takes the place of the one before, so that it never has two."""
_IN_MEMORY = 12
MAX_MEMORY_BYTES = 128 * 2**20
"""Of finished runs in memory; the last one is there whatever its size."""
_STOPPED_AHEAD = 1024
"""Ids that were stopped before they were asked for, the newest; a request follows its stop within moments."""


def cache_folder() -> Path:
    """Where finished runs are kept on this platform."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "diffusiongemma-visualizer" / "runs"


class Runs:
    """All runs of this server: those that wait, the one under way, and the finished ones.

    folder: where finished runs are kept; None keeps the last ones in memory only.
    """

    def __init__(self, engine: Engine, folder: Path | None = None) -> None:
        self.engine = engine
        self._kept = KeptRuns(folder)
        self._recent: OrderedDict[str, Run | Trace] = OrderedDict()
        self._waiting: deque[Run] = deque()
        self._stopped_ahead: OrderedDict[str, None] = OrderedDict()
        self._current: Run | None = None
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(
        self, request: Request, instead: str = "", client: str | None = None, engine: Engine | None = None
    ) -> Run:
        """Put a run in the queue; one that has been stopped already ends there, and never begins.

        instead: the run that it replaces, which is stopped; nothing happens to it where the new one is refused.
        client: who asks; None where nobody can tell. engine: another than the page's, which takes turns with it.
        Raises SettingsError for what the checkpoint cannot run, or an id that is taken; EngineError when too many runs
        wait, of all or of this client.
        """
        engine = engine or self.engine
        check_settings(engine.card, request.settings, request.draft)
        run = Run(request, engine, client)
        with self._lock:
            if request.id in self._recent or request.id in self._kept:
                raise SettingsError("There is a run of this id already.")
            self.stop(instead)
            if request.id in self._stopped_ahead:
                del self._stopped_ahead[request.id]
                run.end("stopped")
                run.close()
                self._remember(run.id, run)
                return run
            if len(self._waiting) >= MAX_WAITING:
                raise EngineError(f"{MAX_WAITING} runs are waiting already; try again in a few minutes.")
            if client is not None and sum(run.client == client for run in self._waiting) >= MAX_WAITING_OF_ONE:
                raise EngineError(f"{MAX_WAITING_OF_ONE} of your runs are waiting already; wait for one to end.")
            before = len(self._waiting) + (self._current is not None)
            if before:
                run.wait(before, self.engine.block_seconds)
            self._waiting.append(run)
            self._remember(run.id, run)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="runs", daemon=True)
                self._thread.start()
            self._lock.notify()
        return run

    @property
    def is_busy(self) -> bool:
        """Whether a run is under way, or waits."""
        with self._lock:
            return self._current is not None or bool(self._waiting)

    def stop(self, run_id: str) -> None:
        """Stop a run that waits, is under way, or has yet to be asked for; one that has ended stays as it is."""
        with self._lock:
            run = self._recent.get(run_id)
            waits = run in self._waiting
            if isinstance(run, Run) and waits:
                self._waiting.remove(run)
                self._tell_places()
            if run is None and RUN_ID.fullmatch(run_id):
                self._stopped_ahead[run_id] = None
                while len(self._stopped_ahead) > _STOPPED_AHEAD:
                    self._stopped_ahead.popitem(last=False)
            if run is not None and run is self._current and run.ended is None:
                run.engine.stop()  # its thread may be waiting for a step that never comes
        if isinstance(run, Run):
            run.end("stopped")
            if waits:
                run.close()

    def under_way(self, run_ids: Sequence[str]) -> Run | None:
        """The first of these runs that waits or is under way; None where all have ended."""
        with self._lock:
            found = [self._recent.get(run_id) for run_id in run_ids]
        return next((run for run in found if isinstance(run, Run) and run.ended is None), None)

    def leave(self, run: Run) -> None:
        """Stop a run that was made for one listener, who has gone, unless others follow it by now."""
        if not run.has_listeners:
            self.stop(run.id)

    def find(self, run_id: str) -> Run | Trace:
        """A run of this server, or the trace that was kept of one.

        Raises TraceError when there is none of that id.
        """
        with self._lock:
            found = self._recent.get(run_id)
        return self._kept.load(run_id) if found is None else found

    def trace(self, run_id: str) -> Trace:
        """The trace of a run, as far as it is.

        Raises TraceError when there is none of that id.
        """
        found = self.find(run_id)
        return found.trace() if isinstance(found, Run) else found

    def keep(self, trace: Trace) -> str:
        """Keep a trace that came from elsewhere, and return its id."""
        run_id = new_run_id()
        with self._lock:
            self._remember(run_id, trace)
        self._write(run_id, trace)
        return run_id

    def forget(self, run_id: str) -> None:
        """Delete a run, in memory and on disk.

        Raises SettingsError for one that is not over, VisualizerError when the disk does not let it go.
        """
        with self._lock:
            run = self._recent.get(run_id)
            if isinstance(run, Run):
                if run.ended is None:
                    raise SettingsError("This run is under way; stop it first.")
                run.forgotten = True
            self._recent.pop(run_id, None)
        try:
            self._kept.remove(run_id)
        except NotKeptError as exc:
            raise SettingsError(f"This run cannot be deleted: {exc}.") from exc

    def _work(self) -> None:
        while True:
            with self._lock:
                self._current = None
                while not self._waiting:
                    self._lock.wait()
                self._current = run = self._waiting.popleft()
                self._tell_places()
            self._perform(run)

    def _tell_places(self) -> None:
        for place, run in enumerate(self._waiting, start=1):
            run.wait(place, self.engine.block_seconds)

    def _perform(self, run: Run) -> None:
        """One run to its end. Whatever fails in it or after it, the next has its turn."""
        began = time.monotonic()
        try:
            self._denoise(run)
        except VisualizerError as exc:
            run.end("failed", str(exc))
        except Exception:
            log.exception("A run failed")
            run.end("failed", UNEXPECTED)
        with _logging("A finished run could not be kept"):
            trace = run.trace()
            _log_run(run, trace, time.monotonic() - began)
            if trace.states:
                run.unkept = self._write(run.id, trace)
                if run.forgotten:
                    with suppress(NotKeptError):
                        self._kept.remove(run.id)
        with _logging("A finished run could not be shown as a recording"):
            run.close()
        with self._lock:
            self._forget_oldest()

    def _denoise(self, run: Run) -> None:
        if run.ended is not None:  # stopped between its turn and its beginning
            return
        engine, finish = run.engine, None
        card = engine.card
        prompt, settings, draft = run.request.prompt, run.request.settings, run.request.draft
        if draft.loose:
            draft = fitted(engine, prompt, settings, draft, run.load, run.fit)
            if run.ended is not None:
                return
        run.begin(run_info(card, prompt, settings, draft))
        with closing(run_telling(engine, prompt, settings, run.load, draft)) as frames:
            for frame in frames:
                if engine.card is not card:  # it changed while this run waited for its turn
                    card = engine.card
                    run.begin(run_info(card, prompt, settings, draft))
                if finish is None and frame.state.phase is Phase.NOISE:
                    run.computed_in(engine.number_format)
                finish = frame.state.finish
                if not run.add(frame):
                    return
        run.end(finish.value if finish else "stopped")

    def _remember(self, run_id: str, run: Run | Trace) -> None:
        self._recent[run_id] = run
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Let finished runs go from memory, until what is left fits: the oldest first, but last of all those that
        could not be kept on disk."""
        over = [(key, run) for key, run in self._recent.items() if isinstance(run, Trace) or run.ended is not None]
        over.sort(key=lambda entry: isinstance(entry[1], Run) and bool(entry[1].unkept))
        sizes = [_memory_bytes(run) for _, run in over]
        while len(over) > 1 and (len(over) > _IN_MEMORY or sum(sizes) > MAX_MEMORY_BYTES):
            key, _ = over.pop(0)
            del sizes[0], self._recent[key]

    def _write(self, run_id: str, trace: Trace) -> str:
        """Keep a trace on disk, and return ""; or why that cannot be: it stays in memory for a while."""
        try:
            self._kept.keep(run_id, trace)
        except NotKeptError as exc:
            log.warning("A finished run is kept in memory only: %s.", exc)
            return str(exc)
        return ""


@contextmanager
def _logging(what: str) -> Iterator[None]:
    """What nobody has foreseen is for the log alone."""
    try:
        yield
    except Exception:
        log.exception(what)


def _memory_bytes(run: Run | Trace) -> int:
    return run.memory_bytes if isinstance(run, Run) else sum(state.memory_bytes for state in run.states)


def _log_run(run: Run, trace: Trace, seconds: float) -> None:
    """One line, of what was computed; what was asked is nobody's business."""
    settings = trace.info.settings.to_dict()
    knobs = ", ".join(f"{name} {settings[name]}" for name in SET_BY_VISITORS if name in settings and name != "system")
    steps = sum(state.phase is Phase.STEP for state in trace.states)
    log.info("Run %s on %s (%s): %d steps in %.1f s, ended: %s", run.id, trace.info.checkpoint, knobs, steps, seconds,
             run.problem or run.ended)  # fmt: skip
