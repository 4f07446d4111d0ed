"""axe-core, fetched from npm for one test session; nothing of it is kept in the repository."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

PACKAGE = "axe-core@4.14.1"


def fetch_axe(folder: Path) -> str:
    """The script of axe-core.

    Raises OSError when npm is missing or cannot reach its registry.
    """
    try:
        subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as exc:
        raise OSError(f"npm could not fetch {PACKAGE}: {exc}") from exc
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as archive:
        script = archive.extractfile("package/axe.min.js")
        return script.read().decode() if script else ""
