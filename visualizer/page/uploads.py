"""Uploaded files until they are opened, which takes a moment: how many there may be, and how long."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import gradio as gr

from visualizer.page.calls import Refused
from visualizer.trace import MAX_FILE_BYTES

MAX_WAITING_BYTES = 4 * MAX_FILE_BYTES
_UNTAKEN_SECONDS = 60.0
"""After which an upload has been forgotten by whoever sent it."""


def make_room(page: gr.Blocks) -> None:
    """Remove uploads that nobody has opened for a minute. Raises Refused while the others are too many."""
    waiting_bytes = 0
    for path in list(page.upload_file_set):
        try:
            status = os.stat(path)
        except OSError:  # it has been opened, and removed
            page.upload_file_set.discard(path)
            continue
        if time.time() - status.st_mtime > _UNTAKEN_SECONDS:
            with suppress(OSError):
                os.unlink(path)
            page.upload_file_set.discard(path)
        else:
            waiting_bytes += status.st_size
    if waiting_bytes > MAX_WAITING_BYTES:
        raise Refused(429, "Too many files wait here to be opened; try again in a minute.")
