"""Rounds of the page's form: random knobs, a click at once, a stop at a random moment; what must hold after each."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from visualizer.trace import load_trace

_END_SECONDS = 60
_END_SECONDS_BESIDE_OTHERS = 600
_LONG = {"max_steps": 512, "entropy_bound": 0, "canvas_length": 128}
"""One position is accepted at a step: no such run ends by itself before it is stopped."""
_ON_SCREEN = """() => Object.fromEntries(
  [...document.querySelectorAll(':is(#prompt, #knobs) [name]:enabled')].map((field) => [field.name, field.value])
)"""

_PAINTED_STATE = """async () => {
  const root = document.querySelector('#player .player-root'), run = root.dataset.run;
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame); // the state is painted, the run's id is not
  return {run, state: root.dataset.state};
}"""


@dataclass(frozen=True)
class Round:
    """What happened. faults: sentences, none where all held; stopped_after_ms: None where nobody pressed Stop; problem:
    what the page says of a run that failed."""

    run_id: str
    ended: str
    stopped_after_ms: float | None
    faults: tuple[str, ...]
    problem: str = ""


def play_round(
    page: Page, luck: random.Random, runs_folder: Path, demos: dict[str, str], beside_others: bool = False
) -> Round:
    """One round. runs_folder: where the app keeps finished runs; demos: texts of the demo prompts by id.

    beside_others: others' runs may be before it, and it may fail.
    """
    stop_after_ms = luck.choice([0, luck.uniform(0, 30), luck.uniform(30, 1500)]) if luck.random() < 0.5 else None
    _type_knobs(page, luck, will_stop=stop_after_ms is not None)
    button, text = _choose(page, luck, demos)
    before = page.evaluate(_ON_SCREEN)
    _click(page, button, stop_after_ms)
    run_id = page.evaluate("() => window.denoiseLibrary.running()")
    expected = before | ({"prompt": text, "max_tokens": page.input_value("#max-tokens input")} if text else {})
    ended = _wait_for_end(page, run_id, _END_SECONDS_BESIDE_OTHERS if beside_others else _END_SECONDS)
    allowed = {"stop", "length"} if stop_after_ms is None else {"stopped"}
    faults = [] if ended in allowed | ({"failed"} if beside_others else set()) else [f"ended as {ended}"]
    differences = _differences(run_id, expected, runs_folder, ended)
    problem = page.inner_text("#player .dp-problem") if ended == "failed" else ""
    return Round(run_id, ended, stop_after_ms, (*faults, *differences), problem)


def _type_knobs(page: Page, luck: random.Random, will_stop: bool) -> None:
    """Open the fold, if it is closed, and type without waiting for anything; sometimes close it again."""
    if page.get_attribute("#knobs", "open") is None:
        page.click("#knobs summary")
    knobs: dict[str, float | str] = {
        "max_tokens": luck.randint(8, 128), "canvas_length": luck.randint(8, 64), "max_steps": luck.randint(1, 12),
        "entropy_bound": luck.choice([0, 0.003, 0.1]), "temperature": luck.choice([0, 0.5, 1]),
        "seed": luck.choice(["", luck.randint(0, 2**32 - 1)]),
    } | (_LONG if will_stop else {})  # fmt: skip
    for name, value in luck.sample(list(knobs.items()), len(knobs)):
        page.fill(f"#knobs [name={name}]", str(value))
    page.select_option("#knobs [name=sampler]", "entropy-bound" if will_stop else luck.choice(list(_SAMPLERS)))
    if luck.random() < 0.5:
        page.click("#knobs summary")


_SAMPLERS = ("entropy-bound", "confidence-threshold")


def _choose(page: Page, luck: random.Random, demos: dict[str, str]) -> tuple[str, str | None]:
    """A button, and the text that it puts into the prompt."""
    if luck.random() < 0.5:
        demo = luck.choice(list(demos))
        return f"#card-{demo}", demos[demo]
    page.fill("#prompt textarea", f"{luck.choice(list(demos.values()))} {luck.randint(0, 999)}")
    return "#denoise", None


def _click(page: Page, button: str, stop_after_ms: float | None) -> None:
    """In one task of the browser: no driver is quick enough to press Stop 5 ms after a click."""
    page.evaluate(
        """([button, ms]) => {
          const press = (selector) => document.querySelector(selector).click();
          press(button);
          if (ms === null) return null;
          const later = ms === 0 ? Promise.resolve() : new Promise((done) => setTimeout(done, ms));
          return later.then(() => press('#stop'));
        }""",
        [button, stop_after_ms],
    )


def _wait_for_end(page: Page, run_id: str, seconds: float) -> str:
    """How the run on show ended; it is the one that was asked for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        shown = page.evaluate(_PAINTED_STATE)
        if shown["run"] == run_id and shown["state"] != "running":
            return str(shown["state"])
        page.wait_for_timeout(20)
    return f"nothing: the page shows {shown}"


def _differences(run_id: str, expected: dict[str, str], runs_folder: Path, ended: str) -> list[str]:
    """Where what ran is not what was on the screen, read off the run that the app has kept."""
    path = runs_folder / f"{run_id}.jsonl.gz"
    deadline = time.monotonic() + _END_SECONDS
    while not path.exists():  # a run without a step is not kept
        if ended in ("stopped", "failed") and time.monotonic() > deadline - _END_SECONDS + 2:
            return []
        if time.monotonic() > deadline:
            return [f"{path.name} was not kept"]
        time.sleep(0.02)
    info = load_trace(path).info
    ran = {"prompt": info.prompt} | info.settings.to_dict()
    return [
        f"{name} was {shown!r} on the screen and {ran[name]!r} in the run"
        for name, shown in expected.items()
        if shown != ""
        and (str(ran[name]) != shown.strip() if name in ("prompt", "sampler") else ran[name] != float(shown))
    ]
