"""What the page shows besides a new run: earlier runs, recordings that came with the app, files, comparisons.

The page asks with a small JSON object and gets a stream of messages, whatever it asked for. `assets/library.js` is its
other half in the browser.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.errors import UNEXPECTED, SettingsError, TraceError, VisualizerError
from visualizer.player import compare_message, end_message, notice_message, recording_message
from visualizer.prompts import Prompt
from visualizer.run import Engine, Gallery, Run, Runs
from visualizer.settings import Sampler, Settings
from visualizer.trace import Trace, load_trace, save_trace

log = logging.getLogger(__name__)

_OTHER_TEMPERATURE = 0.7
_LABEL_CHARACTERS = 40
_KNOBS = ("max_tokens", "canvas_length", "max_steps", "sampler", "entropy_bound", "temperature", "seed")
"""In the order of the page's knobs."""


class Library:
    """Answers what the page asks. folder: where finished runs are kept; None keeps the last ones in memory."""

    def __init__(
        self, engine: Engine, prompts: tuple[Prompt, ...], folder: Path | None = None,
        recordings: Path = RECORDINGS_FOLDER,
    ) -> None:  # fmt: skip
        self.engine = engine
        self.runs = Runs(engine, folder)
        self.gallery = Gallery(prompts, recordings)
        self._downloads = TemporaryDirectory(prefix="diffusion-runs-")

    async def stream(self, asked: str, prompt: str, *knobs: float | str | None) -> AsyncIterator[str]:
        """The player's messages of what the page asks for; what goes wrong ends them with one sentence.

        asked: JSON with `do`, which is one of

        - `denoise`: a new run of the prompt with the knobs; `instead`, the id of the run that it replaces, which is
          stopped.
        - `open`: the run or recording of `id`. On a page that opens (`first`) it may be missing or gone: then one of
          the gallery.
        - `compare`: `left` and `right` side by side.
        - `again`: the run `left` once more with one `change` (see `varied`), and then both side by side.
        """
        try:
            wish = _read_wish(asked)
            if wish["do"] == "denoise":
                messages = self._denoise(wish, prompt, knobs)
            elif wish["do"] == "open":
                messages = self._open(wish)
            elif wish["do"] == "again":
                messages = self._again(wish, knobs)
            else:
                messages = self._compare(wish.get("left", ""), wish.get("right", ""))
            async for message in messages:
                yield message
        except VisualizerError as exc:
            yield notice_message(str(exc))
        except Exception:
            log.exception("What the page asked for failed")
            yield notice_message(UNEXPECTED)

    def trace(self, run_id: str) -> Trace:
        """The trace of a run, as far as it is, or of a recording.

        Raises TraceError when there is none of that id.
        """
        if not run_id:
            raise TraceError("There is no run on show yet.")
        return self.gallery.trace(run_id) if run_id in self.gallery.ids() else self.runs.trace(run_id)

    def take(self, path: Path) -> str:
        """Keep an uploaded recording, and return its id. The uploaded file is removed.

        Raises TraceError when it is none.
        """
        try:
            return self.runs.keep(load_trace(path))
        finally:
            path.unlink(missing_ok=True)

    def download(self, run_id: str) -> Path:
        """A run as a file with a speaking name.

        Raises TraceError when there is none of that id, or no step of it yet.
        """
        trace = self.trace(run_id)
        if not trace.states:
            raise TraceError("There is nothing to save yet: the run has no step.")
        folder = Path(self._downloads.name) / secrets.token_hex(4)
        folder.mkdir()
        path = folder / f"{_speaking_name(trace)}.jsonl.gz"
        save_trace(trace, path)
        return path

    async def _denoise(
        self, wish: dict[str, str], prompt: str, knobs: tuple[float | str | None, ...]
    ) -> AsyncIterator[str]:
        self.runs.stop(wish.get("instead", ""))
        try:
            settings = self.engine.card.defaults.changed(**dict(zip(_KNOBS, knobs, strict=True)))
            run = self.runs.begin(prompt, settings)
        except VisualizerError as exc:
            yield end_message(secrets.token_hex(4), "failed", str(exc))
            return
        async for message in run.messages():
            yield message

    async def _open(self, wish: dict[str, str]) -> AsyncIterator[str]:
        run_id, ids = wish.get("id", ""), self.gallery.ids()
        try:
            found = self.runs.find(run_id) if run_id not in ids else None
        except TraceError:
            if "first" not in wish:
                raise
            if not ids:
                return
            found, run_id = None, ids[0]
        if isinstance(found, Run) and found.ended is None:
            async for message in found.messages():
                yield message
        else:
            yield await asyncio.to_thread(self._recording, run_id)

    async def _compare(self, left: str, right: str) -> AsyncIterator[str]:
        if left == right:
            raise SettingsError("These are one and the same run; choose another one to compare it with.")
        both = [await asyncio.to_thread(self._recording, run_id) for run_id in (left, right)]
        yield compare_message(*both)

    async def _again(self, wish: dict[str, str], knobs: tuple[float | str | None, ...]) -> AsyncIterator[str]:
        self.runs.stop(wish.get("instead", ""))
        left = wish.get("left", "")
        before = await asyncio.to_thread(self.trace, left)
        settings = varied(before.info.settings, wish.get("change", ""), dict(zip(_KNOBS, knobs, strict=True)))
        run = self.runs.begin(before.info.prompt, settings)
        async for message in run.messages():
            yield message
        if run.ended in ("stop", "length"):
            async for message in self._compare(left, run.id):
                yield message

    def _recording(self, run_id: str) -> str:
        trace = self.trace(run_id)
        label = self.gallery.title(run_id) if run_id in self.gallery.ids() else _shortened(trace.info.prompt)
        return recording_message(trace, run_id, label)


def varied(settings: Settings, change: str, knobs: dict[str, float | str | None]) -> Settings:
    """The same run with one knob changed: `sampler`, `canvas`, `steps`, `temperature`; or with the page's `knobs`.

    Prompt, seed and token budget stay. Raises SettingsError when the change is none, or unknown.
    """
    others = {
        "sampler": lambda: {"sampler": next(other for other in Sampler if other is not settings.sampler)},
        "canvas": lambda: {"canvas_length": max(8, settings.canvas_length // 2)},
        "steps": lambda: {"max_steps": max(1, settings.max_steps // 2)},
        "temperature": lambda: {"temperature": 0.0 if settings.temperature else _OTHER_TEMPERATURE},
        "knobs": lambda: knobs | {"seed": settings.seed, "max_tokens": settings.max_tokens},
    }
    if change not in others:
        raise SettingsError(f"A run cannot be changed by {change!r:.40}.")
    another = settings.changed(**others[change]())
    if another == settings:
        raise SettingsError("The knobs are those of the run on show; set one of them differently first.")
    return another


class LibraryPanel:
    """The line under the player: save, open, compare, this browser's runs."""

    def __init__(self, library: Library) -> None:
        self._library = library
        with gr.Row(elem_id="library-actions"):
            self.save = gr.Button("Save recording", elem_id="save", size="sm", scale=0, min_width=130)
            self.upload = gr.UploadButton(
                "Open a recording", elem_id="upload", size="sm", scale=0, min_width=140, file_count="single",
                file_types=[".gz", ".jsonl"],
            )  # fmt: skip
        gr.HTML(_PANEL, elem_id="library", apply_default_css=False, js_on_load=None)
        self._file = gr.DownloadButton("", elem_id="saved-file", visible="hidden")
        self._notice = gr.Textbox(elem_id="notice-text", visible="hidden", show_label=False)

    def wire(self, asked: gr.Textbox, shown: gr.Textbox) -> None:
        """Connect it. asked: whose change streams to the player; shown: the id of the run on show."""
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        saved = self.save.click(self._save, shown, [self._file, self._notice], **quiet)
        saved.then(None, self._notice, None, js=_FETCH_SAVED, queue=False, **quiet)
        taken = self.upload.upload(self._take, self.upload, [asked, self._notice], **quiet)
        taken.then(None, self._notice, None, js=_SHOW_NOTICE, queue=False, **quiet)

    def _save(self, run_id: str) -> tuple[str | None, str]:
        return _spoken(lambda: str(self._library.download(run_id)), None)

    def _take(self, path: str) -> tuple[object, str]:
        return _spoken(lambda: json.dumps({"do": "open", "id": self._library.take(Path(path))}), gr.skip())


_PANEL = """<p id="notice" role="status" hidden></p>
<div id="again" role="group" aria-label="Compare with the same prompt and seed">
  <span>Compare with</span>
  <button type="button" data-change="sampler">the other sampler</button>
  <button type="button" data-change="canvas">half the canvas</button>
  <button type="button" data-change="steps">half the steps</button>
  <button type="button" data-change="temperature">another temperature</button>
  <button type="button" data-change="knobs">the knobs as set</button>
</div>
<details id="your-runs" hidden><summary>Your runs</summary><ol></ol></details>"""
_FETCH_SAVED = "(notice) => window.denoiseLibrary.fetchSaved(notice)"
_SHOW_NOTICE = "(text) => window.denoiseLibrary.notice(text)"
LIBRARY_GLUE = """
const player = createPlayer(element.querySelector('.player-root'));
const library = createLibrary(document, player);
window.denoiseLibrary = library;
watch('value', () => library.receive(props.value));
"""
"""What the player's component runs when it has been mounted."""


def _spoken(make: Callable[[], object], otherwise: object) -> tuple[object, str]:
    """What was made and no notice, or the other value and the sentence that says why."""
    try:
        return make(), ""
    except VisualizerError as exc:
        return otherwise, str(exc)
    except Exception:
        log.exception("A recording could not be saved or opened")
        return otherwise, UNEXPECTED


def _read_wish(asked: str) -> dict[str, str]:
    """Raises SettingsError for what this page never asks."""
    try:
        wish = json.loads(asked)
    except (TypeError, ValueError, RecursionError):
        wish = None
    texts = isinstance(wish, dict) and all(isinstance(value, str) for value in wish.values())
    if not texts or wish.get("do") not in ("denoise", "open", "compare", "again"):
        raise SettingsError("The page asked for something unknown; reload it.")
    return wish


def _shortened(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _LABEL_CHARACTERS else line[: _LABEL_CHARACTERS - 1] + "…"


def _speaking_name(trace: Trace) -> str:
    words = re.findall(r"[a-z0-9]+", trace.info.prompt.lower())[:6]
    return "-".join([*words, f"seed{trace.info.settings.seed}"])[:60]
