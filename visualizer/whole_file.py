"""Files that appear whole or not at all: written beside their target, and moved over it when finished."""

from __future__ import annotations

import glob
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from visualizer.errors import ExportError

_PART = re.compile(r"\.(?P<process>\d+)-[0-9a-f]{8}\.part(\.|$)")
_NAME_CHARACTERS = 60
"""Of the target's name in the part's: file systems take 255 bytes."""


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Hand out the path of an empty file beside the target; it replaces the target when the block ends well.

    The path has the target's suffixes. When the block raises or is left early, it is removed and the target stays as
    it was. A process that is killed outright leaves its hidden part behind; the next export of that name removes it, or
    `remove_left_behind`.
    Raises ExportError when the target cannot be written, or what the block writes does not fit the disk.
    """
    target = Path(os.path.realpath(target))
    name = target.name[:_NAME_CHARACTERS]
    suffixes = "".join(target.suffixes[-2:])
    part = target.with_name(f".{name}.{os.getpid()}-{secrets.token_hex(4)}.part{suffixes}")
    try:
        if target.exists() and not target.is_file():
            raise ExportError(f"{target} is not a file, so it cannot be replaced by one; choose another name.")
        remove_left_behind(target.parent, name)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        yield part
        _sync(part)
        os.replace(part, target)
    except OSError as exc:  # PyAV's errors of writing are among them
        raise unwritable(target, exc) from exc
    finally:
        with suppress(OSError):
            part.unlink()


def check_writable(target: Path) -> None:
    """Refuse a target that cannot be written, before any work is done for it.

    Raises ExportError.
    """
    parent = Path(os.path.realpath(target)).parent
    if not parent.is_dir():
        raise ExportError(f"{target} cannot be written: there is no folder {parent}.")
    with suppress(_NotYet), whole_file(target):
        raise _NotYet


def unwritable(target: Path, exc: OSError) -> ExportError:
    """What to say when the system does not let a target be written."""
    reason = exc.strerror or type(exc).__name__
    return ExportError(f"{target} cannot be written: {reason[:1].lower()}{reason[1:]}.")


class _NotYet(Exception):
    """Leaves a block early, so that nothing is written."""


def _sync(path: Path) -> None:
    """A full disk may show only here, and a power cut must not leave an empty file under the target's name."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_left_behind(folder: Path, name: str | None = None) -> None:
    """Remove the parts that killed processes have left in a folder. name: only those of this target."""
    for path in folder.glob(f"*.{glob.escape(name)}.*.part*" if name else ".*.part*"):
        found = _PART.search(path.name)
        if found and not _is_running(int(found["process"])):
            with suppress(OSError):
                path.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
