"""How long the player takes for a frame: `python -m bench.player`.

A frame is everything the page's main thread does for it: script, style, layout and paint, from the beginning of the
animation frame until the browser is free again. Scrubbing is measured over made-up runs of 48 steps, step by step and
in random jumps; a live run as the same messages at 30 a second, from a message to its frame's end. A move is drawn
where it is in sight; what a long canvas has out of sight follows in later frames, and the first of those is measured
too. As paragraphs are laid out apart, one measurement is of a text without a line break, the worst there is.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.support.browser import open_browser
from tests.support.played import WORDS, live_messages, made_run, player_page, recording

STEPS = 48
CANVASES = (256, 1024)
LAYOUTS = ("settled", "flow", "grid")
INSIDE = ("map", "table", "curves")
VIEWS = ("states", "noise", "confidence", "order", "revisions")
_SETTLE_MS = 300
_UNBROKEN = tuple(word for word in WORDS if "\n" not in word)
_SCRUB = """async ({rounds, jumps}) => {
  const range = document.querySelector('.dp-track input');
  const channel = new MessageChannel();
  const shares = [];
  for (let k = 0, x = 7; k < rounds; k++) {
    x = (x * 73 + 41) % 997;
    shares.push(jumps ? x / 997 : (k % 50) / 49);
  }
  const [moves, afterwards] = [[], []];
  let [ended, running] = [() => {}, true];
  const measure = () => { // asked for anew in its own frame, it stays ahead of what the player asks for
    const began = performance.now();
    if (running) requestAnimationFrame(measure);
    channel.port1.onmessage = () => ended(performance.now() - began);
    channel.port2.postMessage(0);
  };
  const frame = () => new Promise((done) => { ended = done; });
  requestAnimationFrame(measure);
  await frame();
  for (const share of shares) {
    range.value = share * 1000;
    range.dispatchEvent(new Event('input'));
    moves.push(await frame());
    afterwards.push(await frame());
  }
  running = false;
  return {moves, afterwards};
}"""
_LIVE = """async ({messages, perSecond}) => {
  const [channel, times] = [new MessageChannel(), []];
  for (const message of messages) {
    const text = JSON.stringify(message);
    const next = new Promise((done) => setTimeout(done, 1000 / perSecond));
    const began = performance.now();
    player.receive(text);
    await new Promise((done) => requestAnimationFrame(() => {
      channel.port1.onmessage = () => { times.push(performance.now() - began); done(); };
      channel.port2.postMessage(0);
    }));
    await next;
  }
  return times;
}"""


def measure_scrub(page: Page, layout: str, view: str, rounds: int, jumps: bool) -> dict[str, list[float]]:
    """Milliseconds of every frame that draws a move, and of those after them."""
    page.click(f".dp-tools button[value={layout}]")
    page.click(f".dp-tools button[value={view}]")
    page.wait_for_timeout(_SETTLE_MS)
    return page.evaluate(_SCRUB, {"rounds": rounds, "jumps": jumps})


def measure_live(page: Page, length: int, per_second: int) -> list[float]:
    """Milliseconds from a message to the end of the frame that shows it."""
    messages = live_messages(made_run(length, STEPS), run=f"live {length}")
    return page.evaluate(_LIVE, {"messages": messages, "perSecond": per_second})


def _row(name: str, values: Sequence[float]) -> str:
    high = float(np.percentile(values, 95))
    return f"| {name} | {statistics.median(values):.1f} ms | {high:.1f} ms | {len(values)} |"


def measure_scrubs(
    page: Page, length: int, what: str, layouts: Sequence[str], views: Sequence[str], rounds: int
) -> None:
    """Print a row for every layout, view and way to scrub, and one for the frames that follow the moves."""
    for layout in layouts:
        for view in views:
            for how, jumps in (("step by step", False), ("random jumps", True)):
                times = measure_scrub(page, layout, view, rounds, jumps)
                name = f"{layout}, {view}, {length} positions{what}, {how}"
                print(_row(name, times["moves"]), flush=True)
                print(_row(f"{name}: the frame after", times["afterwards"]), flush=True)


def measure_inside(page: Page, length: int, rounds: int) -> None:
    """Print rows for every look inside, open while the settled layout is scrubbed."""
    page.click(".dp-inside summary")
    for inside in INSIDE:
        page.click(f".dp-inside button[value={inside}]")
        measure_scrubs(page, length, f" and the {inside} open", ("settled",), VIEWS[:1], rounds)
    page.click(".dp-inside summary")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="frames of each measurement (default 200)")
    parser.add_argument("--all", action="store_true", help="every view in every layout")
    arguments = parser.parse_args()
    print("| frame | median | p95 | n |\n|---|---|---|---|")
    with open_browser() as browser, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "player.html"
        path.write_text(player_page(), encoding="utf-8")
        for length in CANVASES:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            print(_row(f"live, {length} positions, 30 steps/s", measure_live(page, length, 30)), flush=True)
            page.evaluate("message => send(message)", recording(made_run(length, STEPS)))
            measure_scrubs(page, length, "", LAYOUTS, VIEWS if arguments.all else VIEWS[:1], arguments.rounds)
            measure_inside(page, length, arguments.rounds)
            page.evaluate("message => send(message)", recording(made_run(length, STEPS, words=_UNBROKEN)))
            measure_scrubs(page, length, " without a line break", ("settled", "flow"), VIEWS[:1], arguments.rounds)
            page.close()


if __name__ == "__main__":
    main()
