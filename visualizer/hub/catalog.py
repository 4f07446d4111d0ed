"""The hub: where checkpoints come from, what it has, and what of it is already on this machine.

Fetched files lie where huggingface_hub keeps its own. Nothing is written here; `fetch` brings the bytes.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from visualizer.errors import CheckpointError, FetchError
from visualizer.hub.blobs import BLOB
from visualizer.hub.machine import TOWER, ModelShape, read_shape
from visualizer.model import (
    INDEX,
    WEIGHTS,
    CheckpointCard,
    check_model_type,
    check_quantization,
    read_card,
    read_weight_map,
)

TIMEOUT_SECONDS = 20.0
"""How long the hub may be silent."""
_NEEDED = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model")


@dataclass(frozen=True)
class Hub:
    """Where checkpoints come from, and the folder that keeps them."""

    endpoint: str
    cache: Path


@dataclass(frozen=True)
class RemoteFile:
    """A file on the hub. blob: its hash there, as BLOB has it."""

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
    """Ask the hub what it has, and read what the checkpoint says of itself: some 100 kB, and nothing is written.

    Raises FetchError when the hub is out of reach or does not have it, CheckpointError when it is of another type, or
    quantized in a way that MLX does not read.
    """
    from huggingface_hub import HfApi

    with in_words(repo_id, hub):
        info = HfApi(endpoint=hub.endpoint).model_info(repo_id, files_metadata=True, timeout=TIMEOUT_SECONDS)
        commit = info.sha or "main"
        config = _remote_json(repo_id, "config.json", commit, hub)
        check_model_type(config, repo_id)
        check_quantization(config, repo_id)
        shape = read_shape(config)
        files = {
            entry.rfilename: RemoteFile(
                entry.rfilename, entry.size or 0, entry.lfs.sha256 if entry.lfs else entry.blob_id or ""
            )
            for entry in info.siblings or ()
            if any(Path(entry.rfilename).match(pattern) for pattern in _NEEDED) and "/" not in entry.rfilename
        }
        loaded = {WEIGHTS}
        if INDEX in files:
            weight_map = read_weight_map(_remote_json(repo_id, INDEX, commit, hub), repo_id)
            loaded = set(weight_map.values())
            if not any(tensor.startswith(TOWER) for tensor in weight_map):
                shape = replace(shape, tower_bytes=0)
    _check_files(repo_id, files, loaded)
    needed = tuple(file for name, file in files.items() if name in loaded or not name.endswith(".safetensors"))
    return Offer(hub=hub, repo_id=repo_id, commit=commit, files=needed, shape=shape)


def _remote_json(repo_id: str, name: str, commit: str, hub: Hub) -> dict[str, Any]:
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    url = hf_hub_url(repo_id, name, revision=commit, endpoint=hub.endpoint)
    answer = get_session().get(url, headers=build_hf_headers(), timeout=TIMEOUT_SECONDS)
    if answer.status_code == 404:
        raise CheckpointError(f"{repo_id} has no {name}; it is no checkpoint that can be shown.")
    hf_raise_for_status(answer)
    try:
        content = json.loads(answer.content)
    except ValueError as exc:
        raise CheckpointError(f"The {name} of {repo_id} is no JSON.") from exc
    if not isinstance(content, dict):
        raise CheckpointError(f"The {name} of {repo_id} is not a JSON object.")
    return content


def _check_files(repo_id: str, files: Mapping[str, RemoteFile], loaded: set[str]) -> None:
    if not any(name.endswith(".safetensors") for name in files):
        raise CheckpointError(f"{repo_id} holds no safetensors weights.")
    for name in ("tokenizer.json", *sorted(loaded)):
        if name not in files:
            raise CheckpointError(f"{repo_id} is incomplete: {name} is missing.")
    if not all(BLOB.fullmatch(file.blob) and file.size_bytes > 0 for file in files.values()):
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
