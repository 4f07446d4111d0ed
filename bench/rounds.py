"""Whether what is on the screen is what runs: `python -m bench.rounds [--rounds 200] [--seed 1]`.

Beside two busy loops a real browser types random knobs, clicks a card or Denoise at once, and in half of the rounds
presses Stop 0 to 1,500 ms later. Every run must have exactly the settings that were on the screen at the click, every
Stop must end its run. Prints a Markdown table; exit status 1 where anything did not hold. A seed repeats the rounds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.browser import open_browser, open_page, served_app
from tests.support.rounds import Round, play_round
from visualizer.prompts import load_prompts

_BUSY_LOOPS = 2


def main() -> int:
    """Play the rounds and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, open_browser() as browser, busy_loops(_BUSY_LOOPS):
        rounds, errors = play(browser, arguments.rounds, arguments.seed, Path(home))
    faults = [(number, one) for number, one in enumerate(rounds) if one.faults]
    for number, one in faults:
        print(f"round {number} ({one.run_id}, ended {one.ended}): {'; '.join(one.faults)}", file=sys.stderr)
    stopped = [one for one in rounds if one.stopped_after_ms is not None]
    at_once = sum(one.stopped_after_ms < 30 for one in stopped)
    print("| rounds | with a Stop | within 30 ms of the click | rounds with a fault | exceptions in the page |")
    print("|---|---|---|---|---|")
    print(f"| {len(rounds)} | {len(stopped)} | {at_once} | {len(faults)} | {len(errors)} |")
    return 1 if faults or errors else 0


def play(browser: Browser, count: int, seed: int, home: Path) -> tuple[list[Round], list[str]]:
    """The rounds, and what the page raised. home: an empty folder, the app's home."""
    luck, errors = random.Random(seed), []
    demos = {prompt.id: prompt.text for prompt in load_prompts()}
    with served_app(home=home) as address:
        page = open_page(browser)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_function("() => document.querySelector('#player .player-root')?.dataset.run")
        folder = home / ".cache" / "diffusiongemma-visualizer" / "runs"
        rounds = []
        for number in range(count):
            rounds.append(play_round(page, luck, folder, demos))
            print(f"\r{number + 1} of {count}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rounds, errors


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that want a whole core each."""
    loops = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()


def _spin() -> None:
    while True:
        pass


if __name__ == "__main__":
    sys.exit(main())
