"""How the app and its child processes log: a spawned process starts without its parent's logging."""

from __future__ import annotations

import logging


def log_to_terminal(level: int) -> None:
    """Send this process's log to standard error, from this level on; the HTTP libraries' own from warnings on."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def log_level() -> int:
    """The level that this process logs from, to be handed to its children."""
    return logging.getLogger().getEffectiveLevel()
