"""The page's checkpoint picker: what a checkpoint needs, fetching it, and the engine's switch to it.

A fetch belongs to the app, not to a tab: it goes on when the tab is closed, and a tab that is opened later follows it.
"""

from __future__ import annotations

import html
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from visualizer.checkpoint import POCKET_FOLDER, CheckpointCard, read_json
from visualizer.engine import Engine
from visualizer.errors import UNEXPECTED, FetchError, VisualizerError
from visualizer.fetch import (
    DIFFUSION_GEMMA,
    DIFFUSION_GEMMA_BYTES,
    POCKET,
    Fetch,
    Progress,
    check_place,
    fit,
    locate,
)
from visualizer.hub import Hub, Offer
from visualizer.machine import (
    Machine,
    check_processor,
    fitting_canvas,
    memory_need,
    probe_machine,
    read_shape,
    spoken_size,
    weights_on_disk,
)

log = logging.getLogger(__name__)

_OTHER = "other"
_CHOICES = [
    ("Pocket", POCKET),
    ("DiffusionGemma 26B-A4B, 4-bit", DIFFUSION_GEMMA),
    ("A folder or hub id", _OTHER),
]
_QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}


@dataclass(frozen=True)
class Finding:
    """What choosing a checkpoint would take. needs: (label, words) lines; refusal: why it cannot work, else None."""

    found: CheckpointCard | Offer | None
    needs: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None


class Chooser:
    """Finds, fetches and hands checkpoints to the engine; at most one fetch at a time."""

    def __init__(self, engine: Engine, hub: Hub, machine: Callable[[], Machine] = probe_machine) -> None:
        self.engine = engine
        self.hub = hub
        self.fetch: Fetch | None = None
        self._probe = machine
        self._machine: Machine | None = None
        self._turn = threading.Lock()

    def look(self, name: str) -> Finding:
        """What a checkpoint needs and whether it can be had; nothing is written or started."""
        try:
            if name == POCKET:
                return Finding(locate(name, self.hub), (("Here", "comes with the app, nothing to fetch"),))
            if name == DIFFUSION_GEMMA:
                check_processor(name, DIFFUSION_GEMMA_BYTES, self.machine())
            found = locate(name, self.hub)
        except VisualizerError as exc:
            return Finding(None, refusal=str(exc))
        needs = self._needs(found)
        try:
            canvas = self._check(found)
        except VisualizerError as exc:
            return Finding(found, needs, refusal=str(exc))
        return Finding(found, (*needs, ("Canvas", f"up to {canvas} positions")))

    def bring(self, found: CheckpointCard | Offer) -> Iterator[Progress]:
        """Fetch what is not here, and switch the engine to it.

        Raises VisualizerError when it cannot be had or does not load; the engine keeps what it had then.
        """
        if isinstance(found, Offer):
            with self._turn:
                if self.fetch is None or not self.fetch.running:
                    self._check(found)
                    self.fetch = Fetch(found)
                elif self.fetch.offer.repo_id != found.repo_id:
                    raise FetchError(f"{self.fetch.offer.repo_id} is being fetched; wait for it, or cancel it first.")
            yield from self.follow()
        else:
            self.engine.use(found if found.folder == POCKET_FOLDER else fit(found, self.machine()))

    def follow(self) -> Iterator[Progress]:
        """How far the fetch under way is, and at its end the switch to what it brought.

        Raises VisualizerError as `bring` does.
        """
        if self.fetch is not None:
            yield from self.fetch.progress()
            self.engine.use(fit(self.fetch.card(), self.machine()))

    def cancel(self) -> None:
        """End the fetch under way; what came is kept."""
        if self.fetch is not None:
            self.fetch.cancel()

    def machine(self) -> Machine:
        """What this machine offers, asked once."""
        if self._machine is None:
            self._machine = self._probe()
        return self._machine

    def _check(self, found: CheckpointCard | Offer) -> int:
        """The canvas length that fits. Raises VisualizerError where it cannot work."""
        if isinstance(found, CheckpointCard):
            return fit(found, self.machine()).canvas_length
        canvas = fitting_canvas(found.repo_id, found.shape, found.weights_bytes, self.machine())
        check_place(found)
        return canvas

    def _needs(self, found: CheckpointCard | Offer) -> tuple[tuple[str, str], ...]:
        if isinstance(found, Offer):
            shape, weights, here = found.shape, found.weights_bytes, found.here_bytes()
            missing = spoken_size(found.total_bytes - here) + (f", {spoken_size(here)} is here" if here else "")
            place = next(folder for folder in found.blobs.parents if folder.is_dir())
            fetching = [("Download", missing), ("Disk", f"{spoken_size(shutil.disk_usage(place).free)} free")]
        else:
            shape = read_shape(read_json(found.folder / "config.json"))
            weights, fetching = weights_on_disk(found.folder), [("Here", "nothing to fetch")]
        machine = self.machine()
        need = memory_need(shape, weights, shape.canvas_length, number_bytes=machine.number_bytes)
        memory = f"{spoken_size(need.total_bytes)} of {spoken_size(machine.memory_bytes)}"
        return (*fetching, ("Memory", f"{memory} {'that Metal recommends' if machine.metal else 'that are free'}"))


@dataclass(frozen=True)
class ChooserParts:
    """The picker's components."""

    fold: gr.Accordion
    choice: gr.Radio
    name: gr.Textbox
    status: gr.HTML
    use: gr.Button
    cancel: gr.Button

    def all(self) -> list[gr.Component]:
        """What an update may change."""
        return [self.fold, self.choice, self.name, self.status, self.use, self.cancel]


def build_chooser(card: CheckpointCard) -> ChooserParts:
    """The picker, folded: one quiet line with the checkpoint's name."""
    choice = choice_of(card)
    with gr.Accordion(_fold_label(card), open=False, elem_id="chooser") as fold:
        return ChooserParts(
            fold=fold,
            choice=gr.Radio(
                _CHOICES, value=choice, label="Checkpoint", show_label=False, container=False, elem_id="chooser-choice"
            ),
            name=gr.Textbox(
                _typed(card), label="Folder or hub id", show_label=False, container=False, visible=choice == _OTHER,
                placeholder="owner/name or /path/to/folder", max_length=500, elem_id="chooser-name",
            ),
            status=gr.HTML(_in_use(card), elem_id="chooser-status", apply_default_css=False, js_on_load=None),
            use=gr.Button("Use it", elem_id="chooser-use", visible=False, size="sm"),
            cancel=gr.Button("Cancel", elem_id="chooser-cancel", visible=False, size="sm"),
        )  # fmt: skip


def wire_chooser(
    page: gr.Blocks,
    chooser: Chooser,
    parts: ChooserParts,
    shown: list[gr.Component],
    show: Callable[[CheckpointCard], list[dict]],
) -> None:
    """Connect the picker. `shown` are the page's parts that follow the checkpoint, `show` their updates for a card."""

    def look(choice: str, name: str) -> Iterator[dict]:
        yield {parts.name: gr.update(visible=choice == _OTHER), parts.use: gr.update(visible=False),
               parts.status: _looking(choice, name)}  # fmt: skip
        if choice != _OTHER or name.strip():
            yield found(chooser.look(name if choice == _OTHER else choice))

    def found(finding: Finding) -> dict:
        card = chooser.engine.card
        if isinstance(finding.found, CheckpointCard) and finding.found.folder == card.folder:
            return {parts.status: _in_use(card), parts.use: gr.update(visible=False)}
        ready = finding.found is not None and finding.refusal is None
        return {parts.status: _finding(finding), parts.use: gr.update(visible=ready, value=_verb(finding.found))}

    def use(choice: str, name: str) -> Iterator[dict]:
        finding = chooser.look(name if choice == _OTHER else choice)
        if finding.found is None or finding.refusal:
            yield found(finding)
        else:
            yield {parts.status: _note("Loading, once a run under way has ended…"), parts.use: gr.update(visible=False)}
            yield from reported(chooser.bring(finding.found))

    def reported(steps: Iterator[Progress]) -> Iterator[dict]:
        try:
            for progress in steps:
                yield {parts.status: _bar(progress), parts.use: gr.update(visible=False),
                       parts.cancel: gr.update(visible=True)}  # fmt: skip
            yield current()
        except VisualizerError as exc:
            yield failed(str(exc))
        except Exception:
            log.exception("Switching the checkpoint failed")
            yield failed(UNEXPECTED)

    def current() -> dict:
        card = chooser.engine.card
        choice = choice_of(card)
        return {
            parts.fold: gr.update(label=_fold_label(card)),
            parts.choice: choice,
            parts.name: gr.update(value=_typed(card), visible=choice == _OTHER),
            parts.status: _in_use(card),
            parts.use: gr.update(visible=False),
            parts.cancel: gr.update(visible=False),
        } | dict(zip(shown, show(card), strict=True))

    def failed(sentence: str) -> dict:
        kept = f"{sentence} {chooser.engine.card.name} stays in use."
        return {parts.status: _note(kept, refused=True), parts.use: gr.update(visible=True, value="Try again"),
                parts.cancel: gr.update(visible=False)}  # fmt: skip

    def opened() -> Iterator[dict]:
        """A page as it loads: it may have been built for another checkpoint, or a fetch may be under way."""
        # An update that changes nothing: a generator that yields none would empty every output.
        yield current() if chooser.engine.card != built_for else {parts.fold: gr.update()}
        if chooser.fetch is not None and chooser.fetch.running:
            yield {parts.fold: gr.update(open=True)}
            yield from reported(chooser.follow())

    built_for = chooser.engine.card
    asked = [parts.choice, parts.name]
    outputs = [*parts.all(), *shown]
    parts.choice.input(look, asked, outputs, trigger_mode="always_last", **_QUIET)
    parts.name.submit(look, asked, outputs, trigger_mode="always_last", **_QUIET)
    parts.use.click(use, asked, outputs, trigger_mode="once", **_QUIET)
    parts.cancel.click(chooser.cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")
    page.load(opened, None, outputs, **_QUIET)


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
