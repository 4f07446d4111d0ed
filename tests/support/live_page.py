"""A run on the page, as a browser sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from playwright.sync_api import Page

RUN_MS = 240_000
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHOWN = "document.querySelector('#player .player-root')?.dataset.run"


def shown_run(page: Page) -> str | None:
    """The id of the run that the player shows."""
    return page.evaluate(f"() => {SHOWN}")


def start(page: Page, selector: str) -> None:
    """Click, and return once the player shows another run; one that is short may have ended by then."""
    before = shown_run(page)
    page.click(selector)
    page.wait_for_function(f"() => {SHOWN} && {SHOWN} !== {json.dumps(before)}", timeout=RUN_MS)
    page.evaluate(PAINTED)


def wait_for_end(page: Page, watch: Callable[[], object] = lambda: None) -> str:
    """How the run on show ended. watch: called now and then until then."""
    deadline = time.monotonic() + RUN_MS / 1000
    while time.monotonic() < deadline:
        watch()
        reason = page.get_attribute("#player .player-root", "data-state")
        if reason not in (None, "running"):
            return reason
        page.wait_for_timeout(50)
    raise TimeoutError("The run did not end.")
