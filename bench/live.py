"""How fast a step reaches the eye: `python -m bench.live` (or `make bench`).

The pocket's step time, in process; the size of a step's message at 256 positions; and yield-to-drawn at 30 steps a
second, the player's compact messages beside the plain alternative, one complete HTML string per step.
"""

from __future__ import annotations

import argparse
import html
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
from playwright.sync_api import Page

from tests.support.browser import free_port, open_browser, open_page, wait_until_served
from tests.support.recorded import RecordedEngine
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.page import build_page, page_head, page_theme
from visualizer.player import MessageWriter
from visualizer.prompts import Prompt, load_prompts
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import CellState, Frame, cell_states

WIDE_CANVAS = 256
STEPS_PER_SECOND = 30
NO_GALLERY = Path("/nowhere")
"""A recording that plays when the page opens would be drawn too."""
_WATCH_MESSAGES = """() => {
  window.drawnAt = {};
  const note = () => {
    const key = document.querySelector('[data-drawn]')?.dataset.drawn;
    if (key && !(key in window.drawnAt)) window.drawnAt[key] = (performance.timeOrigin + performance.now()) / 1000;
  };
  new MutationObserver(note).observe(document.body,
    {subtree: true, childList: true, attributes: true, attributeFilter: ['data-drawn']});
}"""


def measure_steps(checkpoint: Checkpoint, prompts: Sequence[Prompt]) -> list[float]:
    """Seconds between a step's state and the next, over one run of each prompt."""
    seconds = []
    for prompt in prompts:
        settings = checkpoint.card.defaults.changed(max_tokens=prompt.budget, seed=1)
        elapsed = [frame.state.elapsed_ms / 1000 for frame in frames(checkpoint, prompt.text, settings)]
        seconds += np.diff(elapsed[:-1]).tolist()
    return seconds


def record_wide_run(checkpoint: Checkpoint, prompt: Prompt) -> list[Frame]:
    """A real run on a canvas of 256 positions (the pocket was trained on 128; here only its states' shape counts)."""
    wide = replace(checkpoint, card=replace(checkpoint.card, canvas_length=WIDE_CANVAS))
    settings = wide.card.defaults.changed(canvas_length=WIDE_CANVAS, max_tokens=WIDE_CANVAS, seed=1)
    return list(frames(wide, prompt.text, settings))


def html_page(engine: RecordedEngine) -> gr.Blocks:
    """The alternative: the canvas as one HTML string per step."""

    def run() -> Iterator[str]:
        texts, before = {}, None
        for number, frame in enumerate(engine.run("", Settings())):
            texts |= frame.texts
            yield f"<div data-drawn='{number}'>{_cells_html(frame, texts, before)}</div>"
            before = frame.state

    with gr.Blocks(analytics_enabled=False) as page:
        button = gr.Button("Run", elem_id="card-acrostic")
        shown = gr.HTML("")
        button.click(run, None, shown, show_progress="hidden")
    return page


def _cells_html(frame: Frame, texts: dict[int, str], before: object) -> str:
    state = frame.state
    cells = cell_states(before, state)
    return "".join(
        f"<span class='{CellState(cell).name.lower()}' title='{entropy:.2f} nats'>"
        f"{'░' if cell == CellState.MASKED else html.escape(texts[token_id])}</span>"
        for token_id, cell, entropy in zip(
            state.canvas_ids.tolist(), cells.tolist(), state.entropy_nats.tolist(), strict=True
        )
    )


def measure_drawn(
    page: Page, build: Callable[[RecordedEngine], gr.Blocks], recordings: Sequence[list[Frame]]
) -> list[float]:
    """Milliseconds from a frame's yield to its DOM, for the frames of all recordings that were drawn, run after run."""
    engine = RecordedEngine([], 1 / STEPS_PER_SECOND)
    served, port = build(engine), free_port()
    served.launch(server_port=port, head=page_head(), theme=page_theme(), prevent_thread_lock=True, quiet=True,
                  ssr_mode=False)  # fmt: skip
    try:
        wait_until_served(f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_selector("#card-acrostic")
        page.evaluate(_WATCH_MESSAGES)
        delays = []
        for recording in recordings:
            engine.play(recording)
            page.evaluate("document.querySelector('[data-drawn]')?.removeAttribute('data-drawn'); window.drawnAt = {}")
            page.click("#card-acrostic")
            last = str(len(recording) - 1)
            page.wait_for_function(f"() => '{last}' in window.drawnAt", timeout=120_000)
            drawn = page.evaluate("window.drawnAt")
            delays += [(drawn[key] - engine.yielded_at[int(key)]) * 1000 for key in drawn]
            page.wait_for_timeout(500)  # what follows a run, its whole recording for one, is no part of the next
    finally:
        served.close()
    return delays


def _row(name: str, values: Sequence[float], unit: str, digits: int = 0) -> str:
    middle, high = statistics.median(values), float(np.percentile(values, 95))
    return f"| {name} | {middle:.{digits}f} {unit} | {high:.{digits}f} {unit} | {len(values)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=POCKET_FOLDER)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(read_card(arguments.model))
    prompts = load_prompts()
    print("| what | median | p95 | n |\n|---|---|---|---|")
    print(_row("pocket, one denoising step (128 positions)", measure_steps(checkpoint, prompts), "s", 3), flush=True)
    recordings = [record_wide_run(checkpoint, prompt) for prompt in prompts]
    sizes = []
    for recording in recordings:
        writer = MessageWriter(checkpoint.card.vocab_size)
        sizes += [len(writer.write(frame).encode()) for frame in recording]
    print(_row("message of a step (256 positions)", sizes, "bytes"), flush=True)
    with open_browser() as browser:
        for name, build in (
            ("yield to drawn, player (256 positions, 30 steps/s)",
             lambda engine: build_page(engine, prompts, recordings=NO_GALLERY)),
            ("yield to drawn, one HTML string per step", html_page),
        ):  # fmt: skip
            page = open_page(browser, viewport={"width": 1280, "height": 900})
            print(_row(name, measure_drawn(page, build, recordings), "ms"), flush=True)
            page.close()


if __name__ == "__main__":
    main()
