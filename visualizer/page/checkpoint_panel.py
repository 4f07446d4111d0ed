"""The page's checkpoint picker: one quiet line that unfolds to the choices, what they need, and the way there."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr

from visualizer.bundled import POCKET_FOLDER
from visualizer.byte_sizes import spoken_size
from visualizer.errors import UNEXPECTED, VisualizerError
from visualizer.hub import DIFFUSION_GEMMA, DIFFUSION_GEMMA_BYTES, POCKET, Offer, Progress
from visualizer.model import CheckpointCard
from visualizer.page.checkpoint_choice import Chooser, Finding

log = logging.getLogger(__name__)

_OTHER = "other"
_CHOICES = [
    ("Pocket", POCKET),
    ("DiffusionGemma 26B-A4B, 4-bit", DIFFUSION_GEMMA),
    ("A folder or hub id", _OTHER),
]
_QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}

_Updates = dict[gr.Component, object]
"""New values, or updates, of the components that change."""


class ChooserPanel:
    """The picker, folded; `wire` connects it."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self._built_for = card = chooser.engine.card
        choice = choice_of(card)
        with gr.Accordion(_fold_label(card), open=False, elem_id="chooser") as self._fold:
            self._choice = gr.Radio(_CHOICES, value=choice, label="Checkpoint", show_label=False, container=False,
                                    elem_id="chooser-choice")  # fmt: skip
            self._name = gr.Textbox(
                _typed(card), label="Folder or hub id", show_label=False, container=False, visible=choice == _OTHER,
                placeholder="owner/name or /path/to/folder", max_length=500, elem_id="chooser-name",
            )  # fmt: skip
            self._status = gr.HTML(_in_use(card), elem_id="chooser-status", apply_default_css=False, js_on_load=None)
            self._use = gr.Button("Use it", elem_id="chooser-use", visible=False, size="sm")
            self._cancel = gr.Button("Cancel", elem_id="chooser-cancel", visible=False, size="sm")

    def wire(
        self, page: gr.Blocks, following: list[gr.Component], follow: Callable[[CheckpointCard], list[dict]]
    ) -> None:
        """Connect it. following: the page's parts that follow the checkpoint; follow: their updates for a card."""
        self._following = following
        self._follow = follow
        asked = [self._choice, self._name]
        outputs = [self._fold, self._choice, self._name, self._status, self._use, self._cancel, *following]
        self._choice.input(self._look, asked, outputs, trigger_mode="always_last", **_QUIET)
        self._name.submit(self._look, asked, outputs, trigger_mode="always_last", **_QUIET)
        self._use.click(self._bring, asked, outputs, trigger_mode="once", **_QUIET)
        self._cancel.click(self._chooser.cancel, None, None, queue=False, show_progress="hidden",
                           api_visibility="private")  # fmt: skip
        page.load(self._opened, None, outputs, **_QUIET)

    def _look(self, choice: str, name: str) -> Iterator[_Updates]:
        yield {
            self._name: gr.update(visible=choice == _OTHER),
            self._use: gr.update(visible=False),
            self._status: _looking(choice, name),
        }
        if choice != _OTHER or name.strip():
            yield self._found(self._chooser.look(name if choice == _OTHER else choice))

    def _found(self, finding: Finding) -> _Updates:
        card = self._chooser.engine.card
        if isinstance(finding.found, CheckpointCard) and finding.found.folder == card.folder:
            return {self._status: _in_use(card), self._use: gr.update(visible=False)}
        ready = finding.found is not None and finding.refusal is None
        return {self._status: _finding(finding), self._use: gr.update(visible=ready, value=_verb(finding.found))}

    def _bring(self, choice: str, name: str) -> Iterator[_Updates]:
        finding = self._chooser.look(name if choice == _OTHER else choice)
        if finding.found is None or finding.refusal:
            yield self._found(finding)
        else:
            loading = _note("Loading, once a run under way has ended…")
            yield {self._status: loading, self._use: gr.update(visible=False)}
            yield from self._reported(self._chooser.bring(finding.found))

    def _reported(self, steps: Iterator[Progress]) -> Iterator[_Updates]:
        try:
            for progress in steps:
                yield {
                    self._status: _bar(progress),
                    self._use: gr.update(visible=False),
                    self._cancel: gr.update(visible=True),
                }
            yield self._current()
        except VisualizerError as exc:
            yield self._failed(str(exc))
        except Exception:
            log.exception("Switching the checkpoint failed")
            yield self._failed(UNEXPECTED)

    def _current(self) -> _Updates:
        card = self._chooser.engine.card
        choice = choice_of(card)
        return {
            self._fold: gr.update(label=_fold_label(card)),
            self._choice: choice,
            self._name: gr.update(value=_typed(card), visible=choice == _OTHER),
            self._status: _in_use(card),
            self._use: gr.update(visible=False),
            self._cancel: gr.update(visible=False),
        } | dict(zip(self._following, self._follow(card), strict=True))

    def _failed(self, sentence: str) -> _Updates:
        kept = f"{sentence} {self._chooser.engine.card.name} stays in use."
        return {
            self._status: _note(kept, refused=True),
            self._use: gr.update(visible=True, value="Try again"),
            self._cancel: gr.update(visible=False),
        }

    def _opened(self) -> Iterator[_Updates]:
        """A page as it loads: it may have been built for another checkpoint, or a fetch may be under way."""
        # An update that changes nothing: a generator that yields none would empty every output.
        yield self._current() if self._chooser.engine.card != self._built_for else {self._fold: gr.update()}
        if self._chooser.fetch is not None and self._chooser.fetch.running:
            yield {self._fold: gr.update(open=True)}
            yield from self._reported(self._chooser.follow())


def choice_of(card: CheckpointCard) -> str:
    """Which of the picker's choices a checkpoint is."""
    if card.folder == POCKET_FOLDER:
        return POCKET
    return DIFFUSION_GEMMA if card.name == DIFFUSION_GEMMA else _OTHER


def _typed(card: CheckpointCard) -> str:
    """What a person would type for it: where it is fetched from, or where it lies."""
    if choice_of(card) != _OTHER:
        return ""
    return card.name if "snapshots" in card.folder.parts else str(card.folder)


def _fold_label(card: CheckpointCard) -> str:
    return f"Checkpoint: {Path(card.name).name}"


def _verb(found: CheckpointCard | Offer | None) -> str:
    if not isinstance(found, Offer):
        return "Use it"
    rest = spoken_size(found.total_bytes - found.here_bytes())
    return f"Fetch {'the other ' if found.here_bytes() else ''}{rest} and use it"


def _looking(choice: str, name: str) -> str:
    if choice == _OTHER and not name.strip():
        return _note("Of model type diffusion_gemma, on this machine or on the hub. Enter looks it up.")
    if choice == DIFFUSION_GEMMA:
        return _note(f"About {spoken_size(DIFFUSION_GEMMA_BYTES)} to fetch, and as much memory. Looking closer…")
    return _note("Looking…")


def _in_use(card: CheckpointCard) -> str:
    return _note(f"In use: {card.name}, canvas of {card.canvas_length}, {card.vocab_size:,} token ids.")


def _finding(finding: Finding) -> str:
    lines = "".join(f"<dt>{html.escape(label)}</dt><dd>{html.escape(words)}</dd>" for label, words in finding.needs)
    table = f"<dl>{lines}</dl>" if lines else ""
    return table + (_note(finding.refusal, refused=True) if finding.refusal else "")


def _bar(progress: Progress) -> str:
    percent = int(progress.share * 100)
    return (
        f"<div class='fetch-bar' role='progressbar' aria-label='Fetched' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{percent}'><span style='width: {progress.share:.2%}'></span></div>"
        f"<p class='fetch-words'>{html.escape(str(progress))}</p>"
    )


def _note(sentence: str, refused: bool = False) -> str:
    return f"<p role='status'{' class=refused' if refused else ''}>{html.escape(sentence)}</p>"
