"""The pocket checkpoint on a small hub of this machine, and what a hub's tests ask of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.hub_server import files_of
from visualizer.bundled import POCKET_FOLDER
from visualizer.hub.catalog import _size
from visualizer.hub.download import Fetch
from visualizer.hub.machine import Machine

REPO = "somebody/pocket-copy"
WEIGHTS = "model.safetensors"
POCKET_FILES = files_of(POCKET_FOLDER)
NOT_FETCHED = {"README.md", "prompts.toml"}
"""Files of it that no run needs."""
SMALL_FILES = POCKET_FILES | {
    "config.json": POCKET_FILES["config.json"].replace(b'"canvas_length": 128', b'"canvas_length": 64')
}
"""The same with a shorter canvas."""
assert SMALL_FILES != POCKET_FILES
SIZE = len(POCKET_FILES[WEIGHTS])
BIG = Machine(metal=True, memory_bytes=200 * 10**9)
# In a user namespace that maps nobody, root is an ordinary owner: it cannot open what its own mode bits forbid.
ORDINARY = ("unshare", "--user")


def repository(**changes):
    """The pocket checkpoint as a repository; None leaves a file out."""
    files = POCKET_FILES | {name.replace("__", "."): content for name, content in changes.items()}
    return {name: content for name, content in files.items() if content is not None}


def fetch_all(offer):
    """Fetch it, with little patience; the progress seen on the way."""
    return list(Fetch(offer, tries=3).progress())


def partial_bytes(offer):
    """What has come of files that are not complete; one may become so while one looks."""
    return sum(_size(offer.partial(file)) for file in offer.files)


def in_python(hub, expression, prefix=(), environment=None):
    """What an expression raises in a process of its own: its type and message."""
    code = (
        "from pathlib import Path\n"
        "from visualizer.errors import VisualizerError\n"
        "from visualizer.hub.find import *\n"
        "from visualizer.hub.download import *\n"
        "from visualizer.hub.catalog import *\n"
        f"REPO, hub = {REPO!r}, Hub({hub.endpoint!r}, Path({str(hub.cache)!r}))\n"
        "if __name__ == '__main__':\n"
        f"    try:\n        {expression}\n"
        "    except VisualizerError as exc:\n        print(f'{type(exc).__name__}: {exc}')\n"
    )
    script = hub.cache.parent / "script.py"
    script.write_text(code)
    finished = subprocess.run(
        [*prefix, sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(POCKET_FOLDER.parent.parent)} | (environment or {}),
    )  # fmt: skip
    return finished.stdout.strip()


linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's namespaces (unshare)")


def small_disk(folder, kilobytes):
    """A command prefix that gives a program a small disk of its own at the folder."""
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "{folder}" && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
