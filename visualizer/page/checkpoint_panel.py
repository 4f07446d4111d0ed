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
from visualizer.hub import (
    DIFFUSION_GEMMA,
    DIFFUSION_GEMMA_BYTES,
    GEMMA_4,
    POCKET,
    Checkpoints,
    FetchProgress,
    Finding,
    Needs,
    Offer,
)
from visualizer.model import CheckpointCard, check_denoises
from visualizer.page.folds import fold, fold_value
from visualizer.page.listeners import AT_ONCE, QUIET
from visualizer.run import Engine

log = logging.getLogger(__name__)

_OTHER = "other"
_PARTNER_HERE = f"{GEMMA_4} is here. It types, so it is not used alone: it runs in races beside {DIFFUSION_GEMMA}."
_CHOICES = [
    ("Pocket", POCKET),
    ("DiffusionGemma 26B-A4B, 4-bit", DIFFUSION_GEMMA),
    ("A folder or hub id", _OTHER),
]

_WATCHERS = 8
"""Pages that look or wait at once; a fetch must not hold up other tabs."""

_Updates = dict[gr.Component, object]
"""New values, or updates, of the components that change."""


class CheckpointPanel:
    """The picker, folded; `wire` connects it."""

    def __init__(self, engine: Engine, checkpoints: Checkpoints) -> None:
        self._engine = engine
        self._checkpoints = checkpoints
        self._built_for = card = engine.card
        choice = choice_of(card)
        with fold(_fold_label(card), "chooser") as self._fold:
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
        self,
        page: gr.Blocks,
        following: list[gr.Component],
        follow: Callable[[CheckpointCard], list[dict[str, object]]],
    ) -> None:
        """Connect it. following: the page's parts that follow the checkpoint; follow: their updates for a card."""
        self._following = following
        self._follow = follow
        asked = [self._choice, self._name]
        outputs = [self._fold, self._choice, self._name, self._status, self._use, self._cancel, *following]
        self._choice.input(self._look, asked, outputs, trigger_mode="always_last", concurrency_limit=_WATCHERS, **QUIET)
        self._name.submit(self._look, asked, outputs, trigger_mode="always_last", concurrency_limit=_WATCHERS, **QUIET)
        self._use.click(self._bring, asked, outputs, trigger_mode="once", concurrency_limit=_WATCHERS, **QUIET)
        self._cancel.click(self._checkpoints.cancel, None, None, **AT_ONCE)
        page.load(self._opened, None, outputs, concurrency_limit=_WATCHERS, **QUIET)

    def _look(self, choice: str | None, typed: str | None) -> Iterator[_Updates]:
        name = _named(choice, typed)
        yield {
            self._name: gr.update(visible=choice == _OTHER),
            self._use: gr.update(visible=False),
            self._status: _looking(name),
        }
        if name:
            try:
                yield self._found(self._checkpoints.look(name))
            except VisualizerError as exc:
                yield self._refused(str(exc))

    def _found(self, finding: Finding) -> _Updates:
        card = self._engine.card
        if isinstance(finding.found, CheckpointCard) and finding.found.folder == card.folder:
            return {self._status: _in_use(card), self._use: gr.update(visible=False)}
        usable = finding.refusal is None
        return {self._status: _finding(finding), self._use: gr.update(visible=usable, value=_verb(finding))}

    def _refused(self, sentence: str) -> _Updates:
        return {self._status: _note(sentence, refused=True), self._use: gr.update(visible=False)}

    def _bring(self, choice: str | None, typed: str | None) -> Iterator[_Updates]:
        try:
            finding = self._checkpoints.look(_named(choice, typed))
        except VisualizerError as exc:
            yield self._refused(str(exc))
            return
        if finding.refusal is not None:
            yield self._found(finding)
            return
        yield {
            self._status: _note("Loading, once a run under way has ended…"),
            self._use: gr.update(visible=False),
        }
        yield from self._switched(finding.found, self._checkpoints.bring(finding.found))

    def _switched(self, found: CheckpointCard | Offer, fetching: Iterator[FetchProgress]) -> Iterator[_Updates]:
        """Show the fetch to its end, and switch the engine; where that fails, the engine keeps what it has."""
        try:
            for progress in fetching:
                yield {
                    self._status: _bar(progress),
                    self._use: gr.update(visible=False),
                    self._cancel: gr.update(visible=True),
                }
            card = self._checkpoints.ready(found)
            if card.name == GEMMA_4:
                hidden = gr.update(visible=False)
                yield {self._status: _note(_PARTNER_HERE), self._use: hidden, self._cancel: hidden}
                return
            check_denoises(card)
            self._engine.use(card)
            yield self._current()
        except VisualizerError as exc:
            yield self._failed(str(exc))
        except Exception:
            log.exception("Switching the checkpoint failed")
            yield self._failed(UNEXPECTED)

    def _current(self) -> _Updates:
        card = self._engine.card
        choice = choice_of(card)
        ours: _Updates = {
            self._fold: fold_value(_fold_label(card)),
            self._choice: choice,
            self._name: gr.update(value=_typed(card), visible=choice == _OTHER),
            self._status: _in_use(card),
            self._use: gr.update(visible=False),
            self._cancel: gr.update(visible=False),
        }
        return ours | dict(zip(self._following, self._follow(card), strict=True))

    def _failed(self, sentence: str) -> _Updates:
        kept = f"{sentence} {self._engine.card.name} stays in use."
        return {
            self._status: _note(kept, refused=True),
            self._use: gr.update(visible=True, value="Try again"),
            self._cancel: gr.update(visible=False),
        }

    def _opened(self) -> Iterator[_Updates]:
        """A page as it loads: it may have been built for another checkpoint, or a fetch may be under way."""
        # An update that changes nothing: a generator that yields none would empty every output.
        yield self._current() if self._engine.card != self._built_for else {self._fold: gr.update()}
        fetch = self._checkpoints.under_way
        if fetch is not None:
            yield {self._fold: fold_value(_fold_label(self._engine.card), is_open=True)}
            yield from self._switched(fetch.offer, fetch.progress())


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


def _verb(finding: Finding) -> str:
    needs = finding.needs
    if isinstance(finding.found, Offer) and finding.found.repo_id == GEMMA_4 and needs is not None:
        return f"Fetch {spoken_size(needs.missing_bytes)} for races"
    if needs is None or not needs.missing_bytes:
        return "Use it"
    return f"Fetch {'the other ' if needs.here_bytes else ''}{spoken_size(needs.missing_bytes)} and use it"


def _named(choice: str | None, typed: str | None) -> str:
    """What is chosen, or typed; "" where nothing is."""
    return ((typed if choice == _OTHER else choice) or "").strip()


def _looking(name: str) -> str:
    if not name:
        return _note("Of model type diffusion_gemma, on this machine or on the hub. Enter looks it up.")
    if name == DIFFUSION_GEMMA:
        return _note(f"About {spoken_size(DIFFUSION_GEMMA_BYTES)} to fetch, and as much memory. Looking closer…")
    return _note("Looking…")


def _in_use(card: CheckpointCard) -> str:
    return _note(f"In use: {card.name}, canvas of {card.canvas_length}, {card.vocab_size:,} token ids.")


def _finding(finding: Finding) -> str:
    fits = finding.refusal is None
    lines = _needs_lines(finding.needs, fits) if finding.needs else [("Here", "comes with the app, nothing to fetch")]
    rows = "".join(f"<dt>{html.escape(label)}</dt><dd>{html.escape(words)}</dd>" for label, words in lines)
    return f"<dl>{rows}</dl>" + (_note(str(finding.refusal), refused=True) if finding.refusal else "")


def _needs_lines(needs: Needs, fits: bool) -> list[tuple[str, str]]:
    """What a checkpoint takes, as labels and words."""
    if needs.missing_bytes:
        here = f", {spoken_size(needs.here_bytes)} is here" if needs.here_bytes else ""
        lines = [
            ("Download", f"{spoken_size(needs.missing_bytes)}{here}"),
            ("Disk", f"{spoken_size(needs.free_disk_bytes)} free"),
        ]
    else:
        lines = [("Here", "nothing to fetch")]
    memory = f"{spoken_size(needs.memory_bytes)} of {spoken_size(needs.machine_memory_bytes)}"
    lines.append(("Memory", f"{memory} {'that Metal recommends' if needs.metal else 'that are free'}"))
    return [*lines, ("Canvas", f"up to {needs.canvas_length} positions")] if fits else lines


def _bar(progress: FetchProgress) -> str:
    percent = int(progress.share * 100)
    return (
        f"<div class='fetch-bar' role='progressbar' aria-label='Fetched' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{percent}'><span style='width: {progress.share:.2%}'></span></div>"
        f"<p class='fetch-words'>{html.escape(str(progress))}</p>"
    )


def _note(sentence: str, refused: bool = False) -> str:
    return f"<p role='status'{' class=refused' if refused else ''}>{html.escape(sentence)}</p>"
