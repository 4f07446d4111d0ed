"""What the page is shown: new runs, earlier runs, recordings that came with the app, files, comparisons.

The page asks with one JSON object and gets a stream of the player's messages, whatever it asked for.
`assets/library.js` is its other half in the browser.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.errors import UNEXPECTED, SettingsError, TraceError, VisualizerError
from visualizer.hub import Partner, missing_partner, partner_of
from visualizer.model import CheckpointCard
from visualizer.page.wishes import Wish
from visualizer.player import (
    COMPARE_SIGN,
    RACE_SIGN,
    compare_message,
    influence_message,
    kept_message,
    notice_message,
    race_message,
    recording_message,
    unkept_message,
)
from visualizer.prompts import Prompt
from visualizer.request import Request
from visualizer.run import Engine, Gallery, Run, Runs, drafted, influence
from visualizer.settings import SET_BY_VISITORS, Sampler, Settings
from visualizer.trace import Phase, Trace, Writing, file_stem, load_trace, save_trace, typed_out

log = logging.getLogger(__name__)

_OTHER_TEMPERATURE = 0.7
_LABEL_CHARACTERS = 40


class Answers:
    """Answers what the page asks.

    folder: where finished runs are kept; None keeps the last ones in memory. partner: what types beside a checkpoint.
    """

    def __init__(
        self, engine: Engine, prompts: tuple[Prompt, ...], folder: Path | None = None,
        recordings: Path = RECORDINGS_FOLDER, partner: Callable[[CheckpointCard], Partner | None] = partner_of,
    ) -> None:  # fmt: skip
        self.engine = engine
        self._partner = partner
        self.runs = Runs(engine, folder)
        self.gallery = Gallery(prompts, recordings)
        self._downloads = TemporaryDirectory(prefix="diffusion-runs-")

    async def stream(self, asked: str | None, client: str | None = None) -> AsyncGenerator[str]:
        """The player's messages of what the page asks for; what cannot be gets one sentence, and the run that was
        followed until then goes on.

        asked: JSON with `do`, which is one of

        - `denoise`: a new run of `prompt` with `knobs` (by name; what is missing or null takes the checkpoint's
          default), under the `id` that the browser drew. `instead`: the run that it replaces, which is stopped.
          `draft`: what stands on its canvas before, in one of the forms of `visualizer/run/drafts.py`; `from` names a
          run or a recording of this page by its id. Without a `prompt`, such a run has that one's prompt and settings,
          but for the seed of `knobs`, and is shown beside it in the end.
        - `again`: the run `left` once more with one `change` (see `varied`), under `id`, and then both side by side.
        - `open`: the run or recording of `id`. On a page that opens (`first`) it may be missing or gone: then one of
          the gallery.
        - `compare`: `left` and `right` side by side.
        - `race`: the run `left`, which was denoised and has ended, beside a run of its prompt that is typed, under
          `id`; where nothing is here that types, beside the same answer as if typed.
        - `influence`: what would have moved in the step that led to a `state` of the run `id`, had the token at a
          `place` been held before it (`visualizer/run/influence.py`).

        `following`: the run that the page follows as it asks, and those that it has asked for since, each in
        place of the one before; where this wish is refused, the one of them that has not ended is followed on.
        client: the page that asks.
        """
        following: list[str] = []
        try:
            wish = Wish(asked, client)
            following = wish.following
            answer = {"denoise": self._denoise, "again": self._again, "open": self._open, "compare": self._compare,
                      "race": self._race, "influence": self._influence}  # fmt: skip
            async for message in answer[wish.text("do")](wish):
                yield message
        except VisualizerError as exc:
            yield notice_message(str(exc))
            async for message in self._go_on(following):
                yield message
        except Exception:
            log.exception("What the page asked for failed")
            yield notice_message(UNEXPECTED)

    def stop(self, run_id: str | None) -> None:
        """Stop a run of that id, also where it has yet to be asked for; None stops none."""
        self.runs.stop(run_id or "")

    def forget(self, run_id: str | None) -> None:
        """Delete a run of this server. Raises VisualizerError when that cannot be."""
        self.runs.forget(run_id or "")

    def trace(self, run_id: str | None) -> Trace:
        """The trace of a run, as far as it is, or of a recording; of two beside one another that of the main one.

        Raises TraceError when there is none of that id.
        """
        run_id = _main(run_id or "")
        if not run_id:
            raise TraceError("There is no run on show yet.")
        return self.gallery.trace(run_id) if run_id in self.gallery.ids() else self.runs.trace(run_id)

    def pair(self, run_id: str | None) -> tuple[Trace, Trace] | None:
        """Both sides of a race or a comparison; None for the id of one run. Raises TraceError when a side is gone."""
        left, right = _sides(run_id or "")
        if right is None:
            return None
        return self.trace(left), self.trace(right) if right else typed_out(self.trace(left))

    def take(self, uploaded: str | Path | None) -> str:
        """Keep an uploaded recording, and return its id. The uploaded file is removed.

        Raises TraceError when it is none.
        """
        if not uploaded:
            raise TraceError("No file was chosen.")
        path = Path(uploaded)
        try:
            return self.runs.keep(load_trace(path))
        finally:
            path.unlink(missing_ok=True)

    def download(self, run_id: str | None) -> Path:
        """A run as a file with a speaking name.

        Raises TraceError when there is none of that id, or no step of it yet.
        """
        trace = self.trace(run_id)
        if not trace.states:
            raise TraceError("There is nothing to save yet: the run has no step.")
        folder = Path(self._downloads.name) / secrets.token_hex(4)
        folder.mkdir()
        path = folder / f"{file_stem(trace)}.jsonl.gz"
        save_trace(trace, path)
        return path

    async def _denoise(self, wish: Wish) -> AsyncIterator[str]:
        left = wish.parent
        if left is None:
            request = Request.of(self.engine.card.defaults, wish.text("prompt"), wish.knobs(), wish.text("id"))
        else:
            before = await asyncio.to_thread(self.trace, left)
            request = Request(wish.text("id"), before.info.prompt, before.info.settings.changed(seed=wish.seed))
        if wish.draft is not None:
            request = await asyncio.to_thread(drafted, request, wish.draft, self.engine.card, self.trace)
        run = self.runs.begin(request, wish.text("instead"), wish.client)
        async for message in run.messages():
            yield message
        if left is not None and run.ended in ("stop", "length"):
            yield await self._both(left, run.id)

    async def _again(self, wish: Wish) -> AsyncIterator[str]:
        left = _main(wish.text("left"))
        before = await asyncio.to_thread(self.trace, left)
        if before.info.writing is not Writing.DENOISED:
            raise SettingsError("This was typed, and has none of these knobs; a run that was denoised can be repeated.")
        settings = varied(before.info.settings, wish.text("change"), wish.knobs())
        request = Request(wish.text("id"), before.info.prompt, settings, before.info.draft)
        run = self.runs.begin(request, wish.text("instead"), wish.client)
        async for message in run.messages():
            yield message
        if run.ended in ("stop", "length"):
            yield await self._both(left, run.id)

    async def _go_on(self, following: Sequence[str]) -> AsyncIterator[str]:
        """Follow on what the page followed when it asked for what is refused."""
        run = self.runs.under_way(following)
        if run is not None:
            async for message in run.messages():
                yield message

    async def _open(self, wish: Wish) -> AsyncIterator[str]:
        run_id, ids = wish.text("id"), self.gallery.ids()
        try:
            found = self.runs.find(run_id) if run_id not in ids else None
        except TraceError:
            if not wish.text("first"):
                raise
            if not ids:
                return
            found, run_id = None, ids[0]
        if isinstance(found, Run) and found.ended is None:
            async for message in found.messages():
                yield message
        else:
            yield await asyncio.to_thread(self._recording, run_id)
            if isinstance(found, Run) and found.unkept:
                yield unkept_message(run_id, found.unkept)
                yield kept_message(run_id)

    async def _compare(self, wish: Wish) -> AsyncIterator[str]:
        left, right = (_main(wish.text(side)) for side in ("left", "right"))
        if left == right:
            raise SettingsError("These are one and the same run; choose another one to compare it with.")
        yield await self._both(left, right)

    async def _race(self, wish: Wish) -> AsyncIterator[str]:
        left = _main(wish.text("left"))
        before = await asyncio.to_thread(self.trace, left)
        if before.info.writing is not Writing.DENOISED:
            raise SettingsError("This was typed itself; a race begins from a run that was denoised.")
        if self.runs.under_way([left]):
            raise SettingsError("This run is under way; a race begins when it has ended.")
        partner, note = await asyncio.to_thread(self._partner_for, before)
        right, right_id = None, ""
        if partner is not None:
            engine = self.engine.partner(partner.card, partner.beside)
            request = Request(wish.text("id"), before.info.prompt, typed_settings(partner.card, before.info.settings))
            run = self.runs.begin(request, "", wish.client, engine)
            async for message in run.messages():
                yield message
            right, right_id = run.trace(), run.id
            if not any(state.phase is Phase.STEP for state in right.states):
                note = (
                    f"{partner.card.name} {'was stopped' if right.ended == 'stopped' else 'failed'} before its first "
                )
                note += f"token; the same answer as if typed stands in its place. {right.problem}".rstrip()
                right, right_id = None, ""
        yield await asyncio.to_thread(
            lambda: race_message(before, right or typed_out(before), (left, right_id), self._label(left, before), note)
        )

    async def _influence(self, wish: Wish) -> AsyncIterator[str]:
        run_id, state, place = wish.text("id"), wish.number("state"), wish.number("place")
        if self.runs.is_busy:
            raise SettingsError("A run is under way; ask what moves when it has ended.")
        trace = await asyncio.to_thread(self.trace, run_id)
        found = await asyncio.to_thread(influence, self.engine, trace, state, place)
        yield influence_message(run_id, trace, found)

    def _partner_for(self, trace: Trace) -> tuple[Partner | None, str]:
        """What types beside a run of the checkpoint in use; where it is here and cannot work, None and why."""
        card = self.engine.card
        if trace.info.checkpoint != card.name:
            return None, ""
        try:
            partner, missing = self._partner(card), missing_partner(card)
        except VisualizerError as exc:
            return None, str(exc)
        if partner is None and missing:
            return None, f"{missing}, which types, is not on this machine; once it is fetched, it runs in such a race."
        return partner, ""

    async def _both(self, left: str, right: str) -> str:
        both = [await asyncio.to_thread(self._recording, run_id) for run_id in (left, right)]
        return compare_message(both[0], both[1], (left, right))

    def _recording(self, run_id: str) -> str:
        trace = self.trace(run_id)
        return recording_message(trace, run_id, self._label(run_id, trace))

    def _label(self, run_id: str, trace: Trace) -> str:
        """What a recording is called on the page."""
        return self.gallery.title(run_id) if run_id in self.gallery.ids() else _shortened(trace.info.prompt)


def _sides(run_id: str) -> tuple[str, str | None]:
    """Both ids of which an id is made up; None for the other one of a single run, "" for one that was drawn."""
    left, sign, right = run_id.replace(COMPARE_SIGN, RACE_SIGN).partition(RACE_SIGN)
    return left, right if sign else None


def _main(run_id: str) -> str:
    """Of two the run that is saved, repeated or raced: of a race the denoised one, of a comparison the later one."""
    return run_id.rpartition(COMPARE_SIGN)[2].partition(RACE_SIGN)[0]


def varied(settings: Settings, change: str, knobs: Mapping[str, object]) -> Settings:
    """The same run with one knob changed: `sampler`, `canvas`, `steps`, `temperature`; or with the page's `knobs`.

    Prompt, seed and token budget stay. Raises SettingsError when the change is none, or unknown.
    """
    others: dict[str, Callable[[], Mapping[str, object]]] = {
        "sampler": lambda: {"sampler": next(other for other in Sampler if other is not settings.sampler)},
        "canvas": lambda: {"canvas_length": max(8, settings.canvas_length // 2)},
        "steps": lambda: {"max_steps": max(1, settings.max_steps // 2)},
        "temperature": lambda: {"temperature": 0.0 if settings.temperature else _OTHER_TEMPERATURE},
        "knobs": lambda: {name: knobs.get(name) for name in SET_BY_VISITORS if name not in ("seed", "max_tokens")},
    }
    if change not in others:
        raise SettingsError(f"A run cannot be changed by {change!r:.40}.")
    another = settings.changed(**others[change]())
    if another == settings:
        raise SettingsError("The knobs are those of the run on show; set one of them differently first.")
    return another


def typed_settings(card: CheckpointCard, settings: Settings) -> Settings:
    """Those of a typed run that is to answer as another was asked: seed, budget, and what its template knows."""
    return card.defaults.changed(
        seed=settings.seed,
        max_tokens=settings.max_tokens,
        think=settings.think and card.thinks,
        system=settings.system if card.takes_system else "",
    )


def _shortened(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _LABEL_CHARACTERS else line[: _LABEL_CHARACTERS - 1] + "…"
