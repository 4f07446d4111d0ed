"""What Metal and MLX's allocator say when they fail, as advice for the person at the screen.

Since MLX 0.32 a failed command buffer raises `RuntimeError("[METAL] …")`, where it used to abort the process.
"""

from __future__ import annotations

import re

from visualizer.errors import EngineError

_FRESH = "the frames so far are kept, and the next run starts a fresh process."
_ADVICE = "try a shorter canvas or prompt, or close other apps"
_LOADING_ADVICE = "choose a smaller checkpoint, or close other apps"
_RAN_OUT = (
    (re.compile(r"\[malloc_or_wait\]|bad_alloc"), "This machine's"),
    (
        re.compile(
            r"Insufficient Memory|OutOfMemory|out of memory|\[(metal::)?malloc|maximum allowed buffer size", re.I
        ),
        "The GPU's",
    ),
)
_FAILED = (
    (
        re.compile(r"\[METAL\].*(Timeout|Impacting Interactivity)", re.I | re.DOTALL),
        f"macOS ended a computation that kept the GPU busy for too long: try a shorter canvas or prompt; {_FRESH}",
    ),
    (
        re.compile(r"\[METAL\]|\[metal::", re.I),
        f"The GPU reported an error, which the app's log has in full; {_FRESH}",
    ),
)


def gpu_error(exc: BaseException, loading: str | None = None) -> EngineError | None:
    """The error to show for what MLX raised; None where it is not about the GPU or its memory.

    loading: the checkpoint that was on its way into memory.
    """
    if not isinstance(exc, (RuntimeError, MemoryError, ValueError)):
        return None
    text = str(exc)
    whose = "This machine's" if isinstance(exc, MemoryError) else None  # it may say nothing
    whose = next((owner for pattern, owner in _RAN_OUT if pattern.search(text)), whose)
    if whose is not None and loading is not None:
        return EngineError(f"{whose} memory ran out while {loading} was loaded: {_LOADING_ADVICE}.")
    if whose is not None:
        return EngineError(f"{whose} memory ran out: {_ADVICE}; {_FRESH}")
    return next((EngineError(advice) for pattern, advice in _FAILED if pattern.search(text)), None)
