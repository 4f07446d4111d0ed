"""The hub: where checkpoints come from, what it has, and what of it is already on this machine.

Fetched files lie where huggingface_hub keeps its own. Nothing is written here; `fetch` brings the bytes.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from visualizer.errors import CheckpointError, FetchError
from visualizer.hub.machine import ModelShape, read_shape
from visualizer.model import CheckpointCard, check_model_type, read_card

TIMEOUT_SECONDS = 20.0
"""How long the hub may be silent."""
_NEEDED = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model")
_BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Hub:
    """Where checkpoints come from, and the folder that keeps them."""

    endpoint: str
    cache: Path


@dataclass(frozen=True)
class RemoteFile:
    """A file on the hub. blob: its hash there, SHA-256 (64 digits) of a large one, git's SHA-1 (40) of a small one."""

    name: str
    size_bytes: int
    blob: str


@dataclass(frozen=True)
class Offer:
    """A checkpoint that the hub has and this machine has not, or not all of it."""

    hub: Hub
    repo_id: str
    commit: str
    files: tuple[RemoteFile, ...]
    shape: ModelShape

    @property
    def blobs(self) -> Path:
        """Where its files are kept, by hash."""
        return self.hub.cache / f"models--{self.repo_id.replace('/', '--')}" / "blobs"

    @property
    def total_bytes(self) -> int:
        """All that a run needs."""
        return sum(file.size_bytes for file in self.files)

    @property
    def weights_bytes(self) -> int:
        """The weights that a text prompt needs, without the vision tower."""
        return (
            sum(file.size_bytes for file in self.files if file.name.endswith(".safetensors")) - self.shape.tower_bytes
        )

    def here_bytes(self) -> int:
        """What an earlier fetch has brought already."""
        return sum(min(file.size_bytes, _size(self.blobs / file.blob, self.partial(file))) for file in self.files)

    def partial(self, file: RemoteFile) -> Path:
        """Where a file grows while it comes."""
        return self.blobs / f"{file.blob}.incomplete"


def default_hub() -> Hub:
    """The hub and the cache that huggingface_hub uses (HF_ENDPOINT, HF_HUB_CACHE, HF_HOME)."""
    from huggingface_hub import constants

    return Hub(endpoint=constants.ENDPOINT, cache=Path(constants.HF_HUB_CACHE))


def find_cached(repo_id: str, hub: Hub) -> CheckpointCard | None:
    """The card of a hub checkpoint that lies complete in the cache; asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(repo_id, cache_dir=hub.cache, allow_patterns=list(_NEEDED), local_files_only=True)
        return replace(read_card(Path(folder)), name=repo_id)
    except (LocalEntryNotFoundError, CheckpointError, OSError):
        return None


def look_up(repo_id: str, hub: Hub) -> Offer:
    """Ask the hub what it has, and read the checkpoint's config.json: a few kB, and nothing is written.

    Raises FetchError when the hub is out of reach or does not have it, CheckpointError when it is of another type.
    """
    from huggingface_hub import HfApi, get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    with in_words(repo_id, hub):
        info = HfApi(endpoint=hub.endpoint).model_info(repo_id, files_metadata=True, timeout=TIMEOUT_SECONDS)
        url = hf_hub_url(repo_id, "config.json", revision=info.sha, endpoint=hub.endpoint)
        answer = get_session().get(url, headers=build_hf_headers(), timeout=TIMEOUT_SECONDS)
        if answer.status_code == 404:
            raise CheckpointError(f"{repo_id} has no config.json; it is no checkpoint that can be shown.")
        hf_raise_for_status(answer)
    try:
        config = json.loads(answer.content)
    except ValueError as exc:
        raise CheckpointError(f"The config.json of {repo_id} is no JSON.") from exc
    check_model_type(config, repo_id)
    files = tuple(
        RemoteFile(entry.rfilename, entry.size or 0, entry.lfs.sha256 if entry.lfs else entry.blob_id or "")
        for entry in info.siblings or ()
        if any(Path(entry.rfilename).match(pattern) for pattern in _NEEDED) and "/" not in entry.rfilename
    )
    _check_files(repo_id, files)
    return Offer(hub=hub, repo_id=repo_id, commit=info.sha or "main", files=files, shape=read_shape(config))


def _check_files(repo_id: str, files: tuple[RemoteFile, ...]) -> None:
    names = {file.name for file in files}
    if not any(name.endswith(".safetensors") for name in names):
        raise CheckpointError(f"{repo_id} holds no safetensors weights.")
    if "tokenizer.json" not in names:
        raise CheckpointError(f"{repo_id} is incomplete: tokenizer.json is missing.")
    if not all(_BLOB.fullmatch(file.blob) and file.size_bytes > 0 for file in files):
        raise FetchError(f"The hub does not say how large the files of {repo_id} are; try again later.")


def _size(*paths: Path) -> int:
    """Bytes of the first of them that exists; a file may be renamed while one looks."""
    for path in paths:
        try:
            return path.stat().st_size
        except OSError:
            continue
    return 0


@contextmanager
def in_words(repo_id: str, hub: Hub) -> Iterator[None]:
    """What huggingface_hub, the network and the disk may say, in one sentence each."""
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    host = hub.endpoint.split("://")[-1]
    try:
        yield
    except HFValidationError as exc:
        raise CheckpointError(f"{repo_id:.100} is no hub id; one looks like owner/name.") from exc
    except GatedRepoError as exc:
        raise FetchError(f"{repo_id} asks for its terms to be accepted at {hub.endpoint}/{repo_id} first.") from exc
    except RepositoryNotFoundError as exc:
        raise FetchError(
            f"{host} knows no checkpoint {repo_id}, or it is private; there is no folder of that name either."
        ) from exc
    except HfHubHTTPError as exc:
        raise FetchError(
            f"{exc.response.url.netloc.decode()} answers {exc.response.status_code} for {repo_id}; what came is kept, "
            "try again later."
        ) from exc
    except OfflineModeIsEnabled as exc:
        raise FetchError(f"{repo_id} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it.") from exc
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
        raise FetchError(
            f"{repo_id} is not complete on this machine, and {_asked_host(exc, host)} cannot be reached; "
            "are you offline?"
        ) from exc
    except (httpx2.HTTPError, LocalEntryNotFoundError) as exc:
        lost = _asked_host(exc, host)
        raise FetchError(f"The connection to {lost} was lost; what came is kept, fetch again to go on.") from exc
    except OSError as exc:
        raise _disk_error(exc, hub) from exc


def _asked_host(exc: Exception, hub: str) -> str:
    """Who was asked: the hub, or the host that it has sent on to."""
    try:
        return str(exc.request.url.netloc.decode())  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        return hub


def _disk_error(exc: OSError, hub: Hub) -> FetchError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return FetchError(f"The disk at {hub.cache} is full; what came is kept. Make room, then fetch again.")
    return FetchError(f"{exc.filename or hub.cache} cannot be written ({exc.strerror or exc}).")
