"""Waiting for something that another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 120
_BETWEEN = 0.02


def wait_until(true: Callable[[], bool]) -> None:
    """Return once it is true. Raises AssertionError when it does not become so."""
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(_BETWEEN)
