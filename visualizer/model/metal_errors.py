"""What Metal and MLX's allocator say when they fail, as advice for the person at the screen.

Since MLX 0.32 a failed command buffer raises `RuntimeError("[METAL] …")`, where it used to abort the process.
"""

from __future__ import annotations

import re

from visualizer.errors import EngineError

_FRESH = "the frames so far are kept, and the next run starts a fresh process."
_RAN_OUT = f"memory ran out: try a shorter canvas or prompt, or close other apps; {_FRESH}"
_ADVICE = (
    (re.compile(r"\[malloc_or_wait\]|bad_alloc"), f"This machine's {_RAN_OUT}"),
    (
        re.compile(
            r"Insufficient Memory|OutOfMemory|out of memory|\[(metal::)?malloc|maximum allowed buffer size", re.I
        ),
        f"The GPU's {_RAN_OUT}",
    ),
    (
        re.compile(r"\[METAL\].*(Timeout|Impacting Interactivity)", re.I | re.DOTALL),
        f"macOS ended a computation that kept the GPU busy for too long: try a shorter canvas or prompt; {_FRESH}",
    ),
    (
        re.compile(r"\[METAL\]|\[metal::", re.I),
        f"The GPU reported an error, which the app's log has in full; {_FRESH}",
    ),
)


def gpu_error(exc: BaseException) -> EngineError | None:
    """The error to show for what MLX raised; None where it is not about the GPU or its memory."""
    if not isinstance(exc, (RuntimeError, MemoryError, ValueError)):
        return None
    text = str(exc)
    return next((EngineError(advice) for pattern, advice in _ADVICE if pattern.search(text)), None)
