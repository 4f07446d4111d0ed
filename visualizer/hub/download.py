"""A fetch under way: the bytes of what the hub offers, in a process of their own.

Fetched files go where huggingface_hub keeps its own, so that other programs find them, and theirs are found here.
huggingface_hub 2 begins an interrupted file again from its first byte (`file_download._download_to_tmp_and_move`: a
temporary name of its own for every try, deleted on failure), which over 16 GB of shards is not resuming. So the blobs
are brought here with range requests into one `<blob>.incomplete` each, checked against their hash, and huggingface_hub
then finds them complete and lays out the snapshot around them.
"""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from visualizer.byte_sizes import spoken_size
from visualizer.errors import FetchError, VisualizerError
from visualizer.hub.blobs import blob_hash
from visualizer.hub.catalog import TIMEOUT_SECONDS, Offer, RemoteFile, find_cached, in_words
from visualizer.hub.machine import is_apple_silicon
from visualizer.logs import log_level, log_to_terminal
from visualizer.model import CheckpointCard

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

log = logging.getLogger(__name__)

_AT_ONCE = 4
_TRIES = 6
"""How often in a row a file may bring nothing before the fetch gives up: 16 seconds, with the pauses between."""
_PASSING = (408, 429, 500, 502, 503, 504)
"""HTTP statuses that are worth another try."""
_LOOK_SECONDS = 0.5
_RATE_SECONDS = 10.0


@dataclass(frozen=True)
class FetchProgress:
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

    def progress(self) -> Iterator[FetchProgress]:
        """How far it is, twice a second until it has ended; any number of watchers may ask.

        Raises FetchError or MachineError when it did not end well.
        """
        while self.running:
            yield self._measure()
            self._process.join(_LOOK_SECONDS)
        self._raise_failure()

    def cancel(self) -> None:
        """End it now. What came is kept, and the next fetch goes on from there."""
        if self.running:
            with self._lock:
                self._error = FetchError(f"Stopped at {int(self._share() * 100)} %; what came is kept.")
            self._process.kill()
        self._process.join()

    def _measure(self) -> FetchProgress:
        now, done = self._clock(), self.offer.here_bytes()
        with self._lock:
            self._seen.append((now, done))
            while now - self._seen[0][0] > _RATE_SECONDS:
                self._seen.popleft()
            since, before = self._seen[0]
        rate = (done - before) / (now - since) if now > since and done > before else None
        return FetchProgress(done, self.offer.total_bytes, rate)

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
            error: VisualizerError = self._pipe.recv()
        except (EOFError, OSError):
            return FetchError(f"The fetch ended unexpectedly (exit code {self._process.exitcode}); what came is kept.")
        return error


def fetched(offer: Offer) -> CheckpointCard:
    """The card of what a fetch has brought.

    Raises FetchError when that is not complete.
    """
    card = find_cached(offer.repo_id, offer.hub)
    if card is None:
        raise FetchError(f"{offer.repo_id} was fetched, but something of it is missing; fetch it again.")
    return card


def _serve(offer: Offer, pipe: Connection, tries: int, level: int) -> None:
    """The child: bring everything; an error goes to the parent, in words."""
    log_to_terminal(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_apple_silicon():
        _keep_awake()
    try:
        _bring(offer, tries)
    except VisualizerError as exc:
        pipe.send(exc)
        raise SystemExit(1) from None
    except Exception:
        log.exception("A fetch failed")
        pipe.send(FetchError("Something went wrong while fetching; the app's log says more. What came is kept."))
        raise SystemExit(1) from None


def _keep_awake() -> None:
    """Have macOS not fall asleep for as long as this process lives, however it ends."""
    try:
        subprocess.Popen(["caffeinate", "-i", "-w", str(os.getpid())])
    except OSError as exc:
        log.info("This Mac may fall asleep while it fetches: %s", exc)


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
    if blob_hash(partial, len(file.blob)) != file.blob:
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
        if not _may_pass(exc, offer):
            raise
        return exc
    return None


def _may_pass(exc: HfHubHTTPError, offer: Offer) -> bool:
    """Whether the hub is to be asked again. It sends on to another host, to an address that is signed and expires: 403
    says no more there than that it has. From the hub itself 403 is meant."""
    from huggingface_hub.errors import GatedRepoError

    status, host = exc.response.status_code, exc.response.url.host
    expired = status == 403 and host != urlsplit(offer.hub.endpoint).hostname and not isinstance(exc, GatedRepoError)
    return expired or status in _PASSING


def _claim(stream: BinaryIO, offer: Offer) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise FetchError(f"Another program is fetching {offer.repo_id} already; wait for it, or stop it.") from exc


def _spoken_time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s left"
    return f"{round(seconds / 60)} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"
