"""Checkpoints by name: "pocket", a folder, or a hub id; found on this machine, or brought from the hub.

Fetched files go where huggingface_hub keeps its own, so that other programs find them, and theirs are found here.
huggingface_hub 2 begins an interrupted file again from its first byte (`file_download._download_to_tmp_and_move`: a
temporary name of its own for every try, deleted on failure), which over 16 GB of shards is not resuming. So the blobs
are brought here with range requests into one `<blob>.incomplete` each, checked against their hash, and huggingface_hub
then finds them complete and lays out the snapshot around them.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO

from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, FetchError, MachineError, VisualizerError
from visualizer.hub.catalog import TIMEOUT_SECONDS, Hub, Offer, RemoteFile, default_hub, find_cached, in_words, look_up
from visualizer.hub.machine import (
    Machine,
    check_processor,
    fitting_canvas,
    fitting_context,
    is_apple_silicon,
    memory_need,
    probe_machine,
    read_shape,
    spoken_size,
    weights_on_disk,
)
from visualizer.logs import log_level, log_to_terminal
from visualizer.model import CheckpointCard, read_card, read_json

log = logging.getLogger(__name__)

POCKET = "pocket"
DIFFUSION_GEMMA = "mlx-community/diffusiongemma-26B-A4B-it-4bit"
DIFFUSION_GEMMA_BYTES = 16_600_000_000
"""About what it weighs, to be said before the hub is asked."""
DISK_MARGIN_BYTES = 2**29
"""What a fetch leaves free for everybody else."""
_AT_ONCE = 4
_TRIES = 6
"""How often in a row a file may bring nothing before the fetch gives up: 16 seconds, with the pauses between."""
_PASSING = (408, 429, 500, 502, 503, 504)
"""HTTP statuses that are worth another try."""
_LOOK_SECONDS = 0.5
_RATE_SECONDS = 10.0


@dataclass(frozen=True)
class Progress:
    """How far a fetch is. bytes_per_second: over the last seconds, None before there is any."""

    done_bytes: int
    total_bytes: int
    bytes_per_second: float | None

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.done_bytes / max(self.total_bytes, 1)

    @property
    def seconds_left(self) -> float | None:
        """None while nothing arrives."""
        return (self.total_bytes - self.done_bytes) / self.bytes_per_second if self.bytes_per_second else None

    def __str__(self) -> str:
        """ "7.1 GB of 16.6 GB · 43 % · 38 MB/s · 4 min left" """
        if self.done_bytes >= self.total_bytes:
            return f"{spoken_size(self.total_bytes)} · checking and loading"
        parts = [f"{spoken_size(self.done_bytes)} of {spoken_size(self.total_bytes)}", f"{int(self.share * 100)} %"]
        if self.bytes_per_second:
            parts += [f"{spoken_size(int(self.bytes_per_second))}/s", _spoken_time(self.seconds_left or 0)]
        return " · ".join(parts)


def locate(name: str, hub: Hub) -> CheckpointCard | Offer:
    """A checkpoint by the name that a person gives it; its card where it is here, else what the hub offers.

    Raises CheckpointError or FetchError, in one sentence.
    """
    name = name.strip()
    if name == POCKET:
        return read_card(POCKET_FOLDER)
    folder = Path(name).expanduser()
    if not name:
        raise CheckpointError("Name a checkpoint: pocket, a folder, or a hub id like owner/name.")
    if _is_folder(folder) or name.startswith((".", "~", "/")) or name.count("/") > 1:
        return read_card(folder)
    if not _is_hub_id(name):
        raise CheckpointError(f"{name:.100} is neither a folder here nor a hub id like owner/name.")
    return find_cached(name, hub) or look_up(name, hub)


def check_place(offer: Offer) -> None:
    """See to it that what is missing will find a place.

    Raises MachineError when the disk is too small, FetchError when the cache folder cannot be written.
    """
    place = next(folder for folder in (offer.blobs, *offer.blobs.parents) if _is_folder(folder))
    if not os.access(place, os.W_OK | os.X_OK):
        raise FetchError(f"The folder {place} cannot be written; set HF_HOME to one that can.")
    missing, free = offer.total_bytes - offer.here_bytes(), shutil.disk_usage(place).free
    if missing + DISK_MARGIN_BYTES > free:
        raise MachineError(
            f"{offer.repo_id} needs {spoken_size(missing + DISK_MARGIN_BYTES)} of disk, and {spoken_size(free)} are "
            f"free at {place}; make room there, or set HF_HOME to another disk."
        )


def fit(card: CheckpointCard, machine: Machine) -> CheckpointCard:
    """The card with the longest canvas, and beside it the longest context, that fit this machine.

    Raises MachineError where the checkpoint cannot work.
    """
    shape = read_shape(read_json(card.folder / "config.json"))
    weights = weights_on_disk(card.folder)
    length = min(fitting_canvas(card.name, shape, weights, machine), card.canvas_length)
    defaults = card.defaults.changed(canvas_length=min(length, card.defaults.canvas_length))
    context = fitting_context(shape, weights, machine, length)
    memory_context = context if context < card.context_length else None
    return replace(card, canvas_length=length, defaults=defaults, memory_context=memory_context)


def preselected(hub: Callable[[], Hub] = default_hub) -> CheckpointCard:
    """What is shown when nobody asked for a checkpoint: the 26B where it is here and fits, else the pocket."""
    if is_apple_silicon():
        try:
            card = find_cached(DIFFUSION_GEMMA, hub())
            if card is not None:
                return fit(card, probe_machine())
        except VisualizerError as exc:
            log.warning("%s The pocket checkpoint is shown.", exc)
    return read_card(POCKET_FOLDER)


def obtain(name: str, hub: Hub, tell: Callable[[str | Progress], None]) -> CheckpointCard:
    """A checkpoint ready to be run, fetched where needed; `tell` gets what it needs, and then how far it is.

    Raises CheckpointError, FetchError or MachineError, in one sentence.
    """
    name = name.strip()
    if name == POCKET:
        return read_card(POCKET_FOLDER)
    machine = probe_machine()
    if name == DIFFUSION_GEMMA:
        check_processor(name, DIFFUSION_GEMMA_BYTES, machine)
    found = locate(name, hub)
    if isinstance(found, CheckpointCard):
        return fit(found, machine)
    canvas = fitting_canvas(name, found.shape, found.weights_bytes, machine)
    check_place(found)
    need = memory_need(found.shape, found.weights_bytes, canvas, number_bytes=machine.number_bytes)
    tell(
        f"{name} needs {spoken_size(found.total_bytes - found.here_bytes())} of download to {found.blobs.parent} and "
        f"{spoken_size(need.total_bytes)} of {spoken_size(machine.memory_bytes)} memory, for a canvas of {canvas}. "
        "Ctrl-C stops; the same command goes on."
    )
    fetch = Fetch(found)
    try:
        for progress in fetch.progress():
            tell(progress)
        return fit(fetch.card(), machine)
    finally:
        fetch.cancel()


class Fetch:
    """A fetch under way, in a process of its own: it goes on when nobody looks, and can be cancelled at any moment."""

    def __init__(self, offer: Offer, tries: int = _TRIES, clock: Callable[[], float] = time.monotonic) -> None:
        self.offer = offer
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._lock = threading.Lock()
        self._error: VisualizerError | None = None
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_serve, args=(offer, theirs, tries, log_level()), name="fetcher", daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def running(self) -> bool:
        """Whether bytes may still come."""
        return self._process.is_alive()

    def progress(self) -> Iterator[Progress]:
        """How far it is, twice a second until it has ended; any number of watchers may ask.

        Raises FetchError or MachineError when it did not end well.
        """
        while self.running:
            yield self._measure()
            self._process.join(_LOOK_SECONDS)
        self._raise_failure()

    def card(self) -> CheckpointCard:
        """The card of what was fetched.

        Raises FetchError when that is not complete.
        """
        card = find_cached(self.offer.repo_id, self.offer.hub)
        if card is None:
            raise FetchError(f"{self.offer.repo_id} was fetched, but something of it is missing; fetch it again.")
        return card

    def cancel(self) -> None:
        """End it now. What came is kept, and the next fetch goes on from there."""
        if self.running:
            with self._lock:
                self._error = FetchError(f"Stopped at {int(self._share() * 100)} %; what came is kept.")
            self._process.kill()
        self._process.join()

    def _measure(self) -> Progress:
        now, done = self._clock(), self.offer.here_bytes()
        with self._lock:
            self._seen.append((now, done))
            while now - self._seen[0][0] > _RATE_SECONDS:
                self._seen.popleft()
            since, before = self._seen[0]
        rate = (done - before) / (now - since) if now > since and done > before else None
        return Progress(done, self.offer.total_bytes, rate)

    def _share(self) -> float:
        return self.offer.here_bytes() / max(self.offer.total_bytes, 1)

    def _raise_failure(self) -> None:
        with self._lock:
            if self._error is None and self._process.exitcode != 0:
                self._error = self._read_error()
            if self._error is not None:
                raise self._error

    def _read_error(self) -> VisualizerError:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            return FetchError(f"The fetch ended unexpectedly (exit code {self._process.exitcode}); what came is kept.")


def _serve(offer: Offer, pipe: Connection, tries: int, level: int) -> None:
    """The child: bring everything; an error goes to the parent, in words."""
    log_to_terminal(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _bring(offer, tries)
    except VisualizerError as exc:
        pipe.send(exc)
        raise SystemExit(1) from None
    except Exception:
        log.exception("A fetch failed")
        pipe.send(FetchError("Something went wrong while fetching; the app's log says more. What came is kept."))
        raise SystemExit(1) from None


def _bring(offer: Offer, tries: int) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    with in_words(offer.repo_id, offer.hub):
        offer.blobs.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            small_first = sorted(offer.files, key=lambda file: file.size_bytes)
            for brought in [pool.submit(_bring_file, offer, file, tries) for file in small_first]:
                brought.result()
        # By branch, not by commit: only then does huggingface_hub note which commit "main" is, and finds it offline.
        names = [file.name for file in offer.files]
        snapshot_download(
            offer.repo_id, cache_dir=offer.hub.cache, endpoint=offer.hub.endpoint, allow_patterns=names, max_workers=1
        )


def _bring_file(offer: Offer, file: RemoteFile, tries: int) -> None:
    """One blob, from where an earlier try has left it."""
    target, partial = offer.blobs / file.blob, offer.partial(file)
    if target.exists():
        return
    with partial.open("ab") as stream:
        _claim(stream, offer)
        idle = 0
        while (before := stream.tell()) < file.size_bytes:
            failure = _append(offer, file, stream)
            idle = idle + 1 if stream.tell() == before else 0
            if idle == tries:
                raise failure or FetchError(f"The hub sends nothing of {file.name}; what came is kept.")
            if failure:
                log.info("%s at byte %d: %s", file.name, stream.tell(), failure)
                time.sleep(min(2**idle / 4, 8))
    if _blob_hash(partial, file) != file.blob:
        partial.unlink()
        raise FetchError(f"{file.name} came damaged and was removed; fetch again to bring it anew.")
    partial.rename(target)


def _append(offer: Offer, file: RemoteFile, stream: BinaryIO) -> Exception | None:
    """Write what the hub sends from the stream's end on. Returns what ended it, where another try may help."""
    import httpx2
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    url = hf_hub_url(offer.repo_id, file.name, revision=offer.commit, endpoint=offer.hub.endpoint)
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if stream.tell():
        headers["Range"] = f"bytes={stream.tell()}-"
    try:
        with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS) as answer:
            hf_raise_for_status(answer)
            if answer.status_code != 206:
                stream.truncate(0)
                stream.seek(0)
            for piece in answer.iter_bytes():
                stream.write(piece)
                if stream.tell() > file.size_bytes:
                    break
    except httpx2.TransportError as exc:
        return exc
    except HfHubHTTPError as exc:
        if exc.response.status_code not in _PASSING:
            raise
        return exc
    return None


def _claim(stream: BinaryIO, offer: Offer) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise FetchError(f"Another program is fetching {offer.repo_id} already; wait for it, or stop it.") from exc


def _blob_hash(path: Path, file: RemoteFile) -> str:
    if len(file.blob) == 64:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_hub_id(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1


def _spoken_time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s left"
    return f"{round(seconds / 60)} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"
