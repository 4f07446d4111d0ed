"""Evidence for the README: `python -m bench.clicks` clicks every demo card in a real browser and reads what it sees.

A fresh app with an empty home; of each run it notes the distinct pictures of the canvas while the run goes on, and
whether the answer on the page meets the prompt's constraint.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.support.browser import open_browser, open_page, served_app
from training.corpus import FAMILIES
from visualizer.prompts import Prompt, load_prompts

PICTURES_WANTED = 3
_PATIENCE_MS = 240_000
_PICTURE = "cells => cells.map(cell => cell.className + '|' + cell.textContent).join('¦')"


@dataclass(frozen=True)
class Click:
    """What one click showed. pictures: distinct ones while the run went on. violations: of the prompt's constraint."""

    prompt: Prompt
    pictures: int
    seconds: float
    ending: str
    violations: tuple[str, ...]


def click(page: Page, prompt: Prompt) -> Click:
    """Click the prompt's card and watch the run to its end."""
    page.click(f"#card-{prompt.id}")
    page.wait_for_selector("#player .player-root[data-state=running]", timeout=_PATIENCE_MS)
    started = time.monotonic()
    pictures: set[str] = set()
    while (ending := page.get_attribute("#player .player-root", "data-state")) == "running":
        pictures.add(page.eval_on_selector_all("#player .dp-canvas .dp-cell", _PICTURE))
        page.wait_for_timeout(20)
    seconds = time.monotonic() - started
    answer = page.text_content("#player [data-ui=answer]") or ""
    family = next(module for module in FAMILIES.values() if prompt.text == module.DEMO_PROMPT)
    return Click(prompt, len(pictures), seconds, str(ending), tuple(family.violations(prompt.text, answer)))


def row(seen: Click) -> str:
    """A line of the Markdown table."""
    met = "yes" if not seen.violations else " ".join(seen.violations)
    return f"| {seen.prompt.title} | {seen.pictures} | {seen.seconds:.1f} | {seen.ending} | {met} |"


def main() -> int:
    """Command line. Exit status 1 when a click shows too little or a constraint is missed."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as home, served_app(home=Path(home)) as address, open_browser() as browser:
        page = open_page(browser, viewport={"width": 1280, "height": 900})
        page.goto(address)
        seen = [click(page, prompt) for prompt in load_prompts()]
    print("| card | distinct pictures while it ran | seconds | ended by | constraint met |")
    print("| --- | --- | --- | --- | --- |")
    print("\n".join(map(row, seen)))
    return 0 if all(each.pictures >= PICTURES_WANTED and not each.violations for each in seen) else 1


if __name__ == "__main__":
    raise SystemExit(main())
