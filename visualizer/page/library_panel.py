"""The line under the player: save, open, compare, this browser's runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import gradio as gr

from visualizer.errors import UNEXPECTED, VisualizerError
from visualizer.page.answers import Answers
from visualizer.page.listeners import AT_ONCE, QUIET

log = logging.getLogger(__name__)

Made = TypeVar("Made")

_PANEL = """<p id="notice" role="status" hidden></p>
<button id="save-now" type="button" hidden>Save it now</button>
<div id="again" role="group" aria-label="Compare with the same prompt and seed">
  <span>Compare with</span>
  <button type="button" data-change="sampler">the other sampler</button>
  <button type="button" data-change="canvas">half the canvas</button>
  <button type="button" data-change="steps">half the steps</button>
  <button type="button" data-change="temperature">another temperature</button>
  <button type="button" data-change="knobs">the knobs as set</button>
  <button type="button" id="run-on" title="Go on from the step shown, with other noise">Run from here</button>
  <button type="button" id="race-it" title="Beside the same answer typed, one token a forward pass">Race it</button>
</div>
<details id="your-runs" hidden><summary>Your runs</summary><ol></ol></details>"""
_FETCH_SAVED = "(notice) => window.denoiseLibrary.fetchSaved(notice)"
_FORGETTING = "() => window.denoiseLibrary.forgetting()"
_FORGOTTEN = "(text) => window.denoiseLibrary.forgotten(text)"
_TAKEN = "(id, text) => window.denoiseLibrary.taken(id, text)"
_SHOWN = "() => window.denoiseLibrary.shown()"


class LibraryPanel:
    """The panel; `wire` connects it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        with gr.Row(elem_id="library-actions"):
            self._save = gr.Button("Save recording", elem_id="save", size="sm", scale=0, min_width=130)
            self._upload = gr.UploadButton(
                "Open a recording", elem_id="upload", size="sm", scale=0, min_width=140, file_count="single",
                file_types=[".gz", ".jsonl"],
            )  # fmt: skip
        gr.HTML(_PANEL, elem_id="library", apply_default_css=False, js_on_load=None)
        self._file = gr.DownloadButton("", elem_id="saved-file", visible="hidden")
        self._forget = gr.Button(visible="hidden", elem_id="forget")
        self._notice = gr.Textbox(elem_id="notice-text", visible="hidden", show_label=False)
        self._taken_id = gr.Textbox(visible="hidden", show_label=False)

    def wire(self, shown: gr.Textbox) -> None:
        """Connect it. shown: the id of the run on show."""
        saved = self._save.click(self._saved, shown, [self._file, self._notice], js=_SHOWN, **QUIET)
        saved.then(None, self._notice, None, js=_FETCH_SAVED, **AT_ONCE)
        taken = self._upload.upload(self._taken, self._upload, [self._taken_id, self._notice], **QUIET)
        taken.then(None, [self._taken_id, self._notice], None, js=_TAKEN, **AT_ONCE)
        gone = self._forget.click(self._gone, shown, self._notice, js=_FORGETTING, trigger_mode="multiple", **AT_ONCE)
        gone.then(None, self._notice, None, js=_FORGOTTEN, **AT_ONCE)

    def _saved(self, run_id: str | None) -> tuple[str | None, str]:
        return _spoken(lambda: str(self._answers.download(run_id)), None)

    def _taken(self, path: str | None) -> tuple[str, str]:
        return _spoken(lambda: self._answers.take(path), "")

    def _gone(self, run_id: str | None) -> str:
        return _spoken(lambda: self._answers.forget(run_id), None)[1]


def _spoken(make: Callable[[], Made], otherwise: Made) -> tuple[Made, str]:
    """What was made and no notice, or the other value and the sentence that says why."""
    try:
        return make(), ""
    except VisualizerError as exc:
        return otherwise, str(exc)
    except Exception:
        log.exception("A recording could not be saved, opened or deleted")
        return otherwise, UNEXPECTED
