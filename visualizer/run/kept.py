"""Finished runs on disk: whole files in a folder of bounded size, of which the oldest go first."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

from visualizer.errors import ExportError, TraceError, VisualizerError
from visualizer.request import RUN_ID
from visualizer.trace import Trace, load_trace, save_trace
from visualizer.whole_file import remove_left_behind

MAX_KEPT_BYTES = 256 * 2**20
_SUFFIX = ".jsonl.gz"
_GONE = "This run is not kept any more."
_MAKING_ROOM = 8
"""Old runs that go where the disk is full, before it is given up."""
_REASONS = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk is full", errno.EROFS: "the disk is read-only",
            errno.EACCES: "its folder cannot be written", errno.EPERM: "its folder cannot be written",
            errno.ENOTDIR: "its folder cannot be made", errno.EEXIST: "its folder cannot be made"}  # fmt: skip
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotKeptError(VisualizerError):
    """A run could not be written; the message is the reason, part of a sentence."""


class KeptRuns:
    """The runs that are kept in a folder; None keeps none. A half-written file is never one of them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def __contains__(self, run_id: str) -> bool:
        path = self._path(run_id)
        return path is not None and path.is_file()

    def load(self, run_id: str) -> Trace:
        """The trace of a run. Raises TraceError when it is not here, or damaged."""
        path = self._path(run_id)
        if path is None or not path.is_file():
            raise TraceError(_GONE)
        try:
            return load_trace(path)
        except TraceError as exc:
            raise TraceError(_GONE) from exc

    def keep(self, run_id: str, trace: Trace) -> None:
        """Write a trace; the oldest make room for it.

        Raises NotKeptError when that cannot be.
        """
        path = self._path(run_id)
        if path is None:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_left_behind(path.parent)
            self._save(trace, path)
        except (OSError, ExportError) as exc:
            raise NotKeptError(_reason(exc)) from exc
        except TraceError as exc:
            raise NotKeptError("it is too long for a recording") from exc
        self._remove_oldest(MAX_KEPT_BYTES)

    def remove(self, run_id: str) -> None:
        """Delete a run's file, if there is one. Raises NotKeptError when the disk does not let it go."""
        path = self._path(run_id)
        if path is not None and path.exists():
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                raise NotKeptError(_reason(exc)) from exc

    def _save(self, trace: Trace, path: Path) -> None:
        for _ in range(_MAKING_ROOM):
            try:
                save_trace(trace, path)
                return
            except ExportError as exc:
                held = sum(size for _, size, _ in self._oldest_first())
                if _cause(exc).errno not in _FULL or not held:
                    raise
                self._remove_oldest(held - 1)
        save_trace(trace, path)

    def _remove_oldest(self, max_bytes: int) -> None:
        """Remove the oldest runs until the rest fits."""
        entries = self._oldest_first()
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= max_bytes:
                return
            with suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size

    def _oldest_first(self) -> list[tuple[int, int, Path]]:
        """When each was written, its bytes, its path. Another server may use the folder, too, and remove some."""
        entries = []
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder is not None else ():
            with suppress(OSError):
                if RUN_ID.fullmatch(path.name.removesuffix(_SUFFIX)):
                    status = path.stat()
                    entries.append((status.st_mtime_ns, status.st_size, path))
        return sorted(entries)

    def _path(self, run_id: str) -> Path | None:
        """Where a run is kept; None where nothing is, or for what is no id and must not be part of a path."""
        if self._folder is None or not RUN_ID.fullmatch(run_id):
            return None
        return self._folder / f"{run_id}{_SUFFIX}"


def _cause(exc: Exception) -> OSError:
    """What the system said."""
    cause = exc.__cause__ if isinstance(exc, ExportError) else exc
    return cause if isinstance(cause, OSError) else OSError()


def _reason(exc: Exception) -> str:
    cause = _cause(exc)
    said = cause.strerror or type(cause).__name__
    return _REASONS.get(cause.errno or 0, said[:1].lower() + said[1:])
