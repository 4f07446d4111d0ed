"""How long the player takes for a frame: `python -m bench.player`.

A frame is everything the page's main thread does for it: script, style, layout and paint, from the beginning of the
animation frame until the browser is free again. Scrubbing is measured over made-up runs of 48 steps, step by step and
in random jumps; a live run as the same messages at 30 a second, from a message to its frame's end.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from browser import open_browser
from played import live_messages, made_run, player_page, recording
from playwright.sync_api import Page

STEPS = 48
CANVASES = (256, 1024)
LAYOUTS = ("settled", "flow", "grid")
VIEWS = ("states", "noise", "confidence", "order", "revisions")
_SETTLE_MS = 300
_SCRUB = """async ({rounds, jumps}) => {
  const range = document.querySelector('.dp-track input');
  const channel = new MessageChannel();
  const shares = [];
  for (let k = 0, x = 7; k < rounds; k++) {
    x = (x * 73 + 41) % 997;
    shares.push(jumps ? x / 997 : (k % 50) / 49);
  }
  const times = [];
  for (const share of shares) {
    await new Promise(requestAnimationFrame);
    times.push(await new Promise((done) => {
      let began = 0;
      requestAnimationFrame(() => {
        began = performance.now();
        channel.port1.onmessage = () => done(performance.now() - began);
        channel.port2.postMessage(0);
      });
      range.value = share * 1000;
      range.dispatchEvent(new Event('input'));
    }));
  }
  return times;
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


def measure_scrub(page: Page, layout: str, view: str, rounds: int, jumps: bool) -> list[float]:
    """Milliseconds of every frame."""
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
            for layout in LAYOUTS:
                for view in VIEWS if arguments.all else VIEWS[:1]:
                    for jumps in (False, True):
                        times = measure_scrub(page, layout, view, arguments.rounds, jumps)
                        how = "random jumps" if jumps else "step by step"
                        print(_row(f"{layout}, {view}, {length} positions, {how}", times), flush=True)
            page.close()


if __name__ == "__main__":
    main()
