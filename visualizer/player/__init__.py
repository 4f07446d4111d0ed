"""A step as a kilobyte; what the browser is given."""

from __future__ import annotations

from visualizer.player.bundle import player_bundle
from visualizer.player.messages import (
    COMPARE_SIGN,
    RACE_SIGN,
    compare_message,
    end_message,
    influence_message,
    kept_message,
    loading_message,
    notice_message,
    race_message,
    recording_message,
    start_message,
    unkept_message,
    waiting_message,
)
from visualizer.player.step_writer import MessageWriter

__all__ = [
    "COMPARE_SIGN",
    "RACE_SIGN",
    "MessageWriter",
    "compare_message",
    "end_message",
    "influence_message",
    "kept_message",
    "loading_message",
    "notice_message",
    "player_bundle",
    "race_message",
    "recording_message",
    "start_message",
    "unkept_message",
    "waiting_message",
]
