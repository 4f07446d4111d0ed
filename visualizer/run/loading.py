"""Tells how far loading is while a run waits for its first frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing

from visualizer.draft import NO_DRAFT, Draft
from visualizer.run.child import Loading
from visualizer.run.engine import Engine
from visualizer.settings import Settings
from visualizer.trace import Frame

_SECONDS = 0.5


def run_telling(
    engine: Engine, prompt: str, settings: Settings, tell: Callable[[Loading], None], draft: Draft = NO_DRAFT
) -> Generator[Frame]:
    """The frames of a run. Until the first, `tell` is called twice a second with how far the checkpoint is on its way
    into memory, from another thread.

    Raises what `Engine.run` does.
    """
    begun = threading.Event()
    teller = threading.Thread(target=_tell, args=(engine, tell, begun), name="loading", daemon=True)
    teller.start()
    try:
        with closing(engine.run(prompt, settings, draft)) as frames:
            for frame in frames:
                begun.set()
                teller.join()  # Nothing is told after the first frame.
                yield frame
    finally:
        begun.set()
        teller.join()


def _tell(engine: Engine, tell: Callable[[Loading], None], begun: threading.Event) -> None:
    told: Loading | None = None
    while not begun.wait(_SECONDS):
        loading = engine.loading
        if loading is not None and loading != told:
            tell(loading)
            told = loading
