"""A step as a kilobyte; what the browser is given."""

from __future__ import annotations

from visualizer.player.bundle import library_script, page_css, player_bundle
from visualizer.player.messages import (
    MessageWriter,
    compare_message,
    end_message,
    kept_message,
    notice_message,
    recording_message,
    start_message,
    waiting_message,
)

__all__ = [
    "MessageWriter",
    "compare_message",
    "end_message",
    "kept_message",
    "library_script",
    "notice_message",
    "page_css",
    "player_bundle",
    "recording_message",
    "start_message",
    "waiting_message",
]
