"""A run on the page, as a browser sees it."""

from __future__ import annotations

import json

from playwright.sync_api import Page

RUN_MS = 240_000
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHOWN = "document.querySelector('#player .player-root')?.dataset.run"


def shown_run(page: Page) -> str | None:
    """The id of the run that the player shows."""
    return page.evaluate(f"() => {SHOWN}")


def start(page: Page, selector: str, key: str = "") -> None:
    """Click, or press a key there, and return once the player shows another run; a short one may have ended by then."""
    before = shown_run(page)
    page.press(selector, key) if key else page.click(selector)
    page.wait_for_function(f"() => {SHOWN} && {SHOWN} !== {json.dumps(before)}", timeout=RUN_MS)
    page.evaluate(PAINTED)


def wait_for_end(page: Page) -> str:
    """How the run on show ended."""
    ended = page.wait_for_selector("#player .player-root[data-state]:not([data-state=running])", timeout=RUN_MS)
    return ended.get_attribute("data-state")
