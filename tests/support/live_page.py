"""A run on the page, as a browser sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import PAINTED, free_port, open_page, wait_until_served
from visualizer.page.ui import build_page, page_head, page_theme
from visualizer.prompts import load_prompts

RUN_MS = 240_000
SHOWN = "document.querySelector('#player .player-root')?.dataset.run"


def shown_run(page: Page) -> str | None:
    """The id of the run that the player shows."""
    return page.evaluate(f"() => {SHOWN}")


def start(page: Page, selector: str, key: str = "") -> None:
    """Click, or press a key there, and return once the player shows another run; a short one may have ended by then.

    Before, it waits for what the page opens with, which else might come during the click.
    """
    page.wait_for_function(f"() => {SHOWN}", timeout=RUN_MS)
    before = shown_run(page)
    page.press(selector, key) if key else page.click(selector)
    page.wait_for_function(f"() => {SHOWN} && {SHOWN} !== {json.dumps(before)}", timeout=RUN_MS)
    page.evaluate(PAINTED)


def wait_for_end(page: Page) -> str:
    """How the run on show ended."""
    state = "document.querySelector('#player .player-root').dataset.state"
    return page.wait_for_function(f"() => {state} !== 'running' && {state}", timeout=RUN_MS).json_value()


def upload(page: Page, path: Path) -> None:
    """Open a recording from a file."""
    with page.expect_file_chooser() as chooser:
        page.click("#upload")
    chooser.value.set_files(path)


@contextmanager
def held_page(
    browser: Browser | BrowserContext, engine: Any, runs_folder: Path | None = None, **options: Any
) -> Iterator[Page]:
    """A page of its own on an engine. options: of the browser's page."""
    shown, port = build_page(engine, load_prompts(), runs_folder=runs_folder), free_port()
    shown.launch(server_port=port, head=page_head(), theme=page_theme(), prevent_thread_lock=True, quiet=True,
                 ssr_mode=False)  # fmt: skip
    try:
        wait_until_served(f"http://127.0.0.1:{port}")
        opened = open_page(browser, **options)
        opened.goto(f"http://127.0.0.1:{port}")
        opened.wait_for_function(f"() => {SHOWN}")
        yield opened
        opened.close()
    finally:
        shown.close()
