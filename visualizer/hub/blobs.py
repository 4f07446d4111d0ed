"""The files of a hub's cache, each kept under its hash: what a checkpoint here is worth beside what was published."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A file's hash at the hub: SHA-256 (64 digits) of a large one, git's SHA-1 (40) of a small one."""


@dataclass(frozen=True)
class Published:
    """The revision that a folder was fetched as, and the names of its files that are no longer as they were then."""

    revision: str
    differing: tuple[str, ...]


def blob_hash(path: Path, digits: int) -> str:
    """A file's hash as the hub reckons it, in so many digits."""
    if digits == 64:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    small = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(small) + small, usedforsecurity=False).hexdigest()


def compare_with_hub(folder: Path) -> Published | None:
    """Read a checkpoint folder's files, all of them, beside the hashes that they are kept under.

    None where the folder is no snapshot in the hub's cache.
    """
    revision, snapshots = folder.name, folder.parent
    if snapshots.name != "snapshots" or not BLOB.fullmatch(revision):
        return None
    blobs = (snapshots.parent / "blobs").resolve()
    files = sorted(path for path in folder.iterdir() if not path.is_dir())
    return Published(revision, tuple(path.name for path in files if not _is_as_published(path, blobs)))


def _is_as_published(path: Path, blobs: Path) -> bool:
    """Whether it is a link to a blob whose content has the hash that names it."""
    blob = path.resolve()
    try:
        return blob.parent == blobs and blob_hash(blob, len(blob.name)) == blob.name
    except OSError:
        return False
