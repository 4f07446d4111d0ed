"""A recorded run as timed frames of cells: what every picture of an export shows, and how long it stands.

A frame holds cells, no pixels; the painter draws them. Frames are made when they are asked for, so that memory does not
grow with their number.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from visualizer.measure import Course, Direction, direction_of, scoreboard
from visualizer.picture.cells import Cell, CellGrid
from visualizer.picture.final_text import FinalText
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.heat import WORDS, heats_of
from visualizer.picture.legend import legend_columns
from visualizer.picture.lettering import Lettering
from visualizer.picture.looks import Mark
from visualizer.picture.marks import Marks
from visualizer.picture.measures import Measures
from visualizer.picture.options import Arrangement, Noise, Pacing, SceneOptions, View
from visualizer.picture.raw_noise import noise_field, with_tokens
from visualizer.picture.stage import SEPARATOR, Billing, Stage
from visualizer.picture.stage_setting import set_stage
from visualizer.picture.subtitle import Subtitle
from visualizer.picture.text_fit import Need
from visualizer.picture.timing import durations_ms, kept_states
from visualizer.theme import THEMES, Theme
from visualizer.trace import CellState, Finish, Part, Phase, Trace, Writing

_SCROLL_MARGIN_SHARE = 0.25
_MOMENTS_TO_FIT = 8
_NO_STEP = "the run ended before its first step"
ENDINGS = {"stop": "finished", "length": "cut off at the token budget", "stopped": "stopped", "failed": "failed"}
"""How a run ended, in words."""
_NOTES = {
    Writing.TYPED.value: ("typed left to right, one token a forward pass", "typed, a token a pass"),
    Writing.DRAWN.value: ("the same text as if typed, one token a pass: drawn, not run", "as if typed: drawn, not run"),
    "settled": ("settled layout: every token stands where it will end", "settled layout"),
    "flow": ("the text as it stands at each step", "flow layout"),
}


@dataclass(frozen=True)
class SceneFrame:
    """One picture. duration_ms: a multiple of 10.

    cells: those in view, rows counted from the first row in view. status: the words that change. progress: 0 to 1.
    caption: what is said of it, line by line. marks: how each constraint stands. rows_above, rows_below: how many rows
    there are out of view.
    """

    duration_ms: int
    state_index: int
    cells: tuple[Cell, ...]
    status: str
    progress: float
    caption: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    rows_above: int = 0
    rows_below: int = 0


@dataclass(frozen=True, eq=False)
class Scene:
    """Frames of a run, and the stage that they stand on.

    size: width and height in pixels, scale applied. frames: made when asked for. durations_ms: one per frame. moment:
    the frame with most to tell.
    """

    options: SceneOptions
    theme: Theme
    stage: Stage
    frames: Sequence[SceneFrame]
    durations_ms: tuple[int, ...]
    glyphs: Glyphs
    moment: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even."""
        return self.stage.size

    @property
    def duration_ms(self) -> int:
        """How long the scene runs."""
        return sum(self.durations_ms)


@dataclass(frozen=True)
class OwnStage:
    """A stage at 1× that another picture sets for a run.

    set: for its need of room and its captions. said: captions beside its own, of the same size.
    """

    measures: Measures
    set: Callable[[Need, Subtitle], Stage]
    said: frozenset[str] = frozenset()


def build_scene(
    trace: Trace,
    options: SceneOptions,
    glyphs: Glyphs | None = None,
    own: OwnStage | None = None,
) -> Scene:
    """The scene of a recorded run. A run without a step is one frame that says so.

    glyphs: other fonts. own: another stage than the usual one.
    """
    glyphs = glyphs or Glyphs()
    settled = options.layout is Arrangement.SETTLED
    plan = direction_of(trace)
    direction = plan if options.pacing is Pacing.DIRECTED else None
    kept = kept_states(trace, options.frame_step, direction)
    final = FinalText(trace, glyphs.columns)

    def rows_of(columns: int) -> int:
        grid = CellGrid(final, columns, settled)
        step = max(1, len(kept) // _MOMENTS_TO_FIT)
        # Before its first step a block is as long as its canvas; what does not fit of that is out of view.
        written = [index for index in kept if trace.states[index].phase is not Phase.NOISE]
        moments = kept[-1:] if settled else [*written[::step], *kept[-1:]]
        return max((grid.rows(index) for index in moments), default=1)

    need = Need(rows_of, final.unbroken_columns())
    measures = own.measures if own is not None else Measures(options.width, options.height)
    lettering = Lettering(glyphs)
    said = captions_of(direction) if direction is not None and options.captions else frozenset()
    subtitle = Subtitle(said | own.said if own is not None and said else said, measures, lettering)
    courses = scoreboard(trace) if options.scoreboard and own is None else ()
    if own is not None:
        stage = own.set(need, subtitle)
    else:
        marks = Marks(courses, measures, lettering)
        stage = set_stage(measures, billing_of(trace, options), need, lettering, subtitle, marks)
    grid = CellGrid(final, stage.columns, settled)
    durations = durations_ms(trace, kept, options, direction)
    frames = _Frames(trace, grid, stage.rows, kept, durations, options, direction, subtitle, courses)
    start = int(options.loop_start * len(durations))
    moment = next((number for number, index in enumerate(kept) if index >= plan.moment), 0)
    return Scene(
        options,
        THEMES[options.theme],
        stage.scaled(options.scale),
        frames,
        durations[start:] + durations[:start],
        glyphs,
        (moment - start) % len(durations),
    )


def captions_of(direction: Direction) -> frozenset[str]:
    """All that is said of a run."""
    return frozenset(shot.caption for shot in direction.shots)


class MadeFrames(Sequence[SceneFrame]):
    """Frames that are each made anew when they are asked for."""

    @abstractmethod
    def made(self, place: int) -> SceneFrame:
        """The frame at a place that is in range."""

    @overload
    def __getitem__(self, place: int) -> SceneFrame: ...
    @overload
    def __getitem__(self, place: slice) -> list[SceneFrame]: ...
    def __getitem__(self, place: int | slice) -> SceneFrame | list[SceneFrame]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self.made(place % len(self))


class _Frames(MadeFrames):
    """The frames of a scene."""

    def __init__(
        self,
        trace: Trace,
        grid: CellGrid,
        rows: int,
        kept: Sequence[int],
        durations: Sequence[int],
        options: SceneOptions,
        direction: Direction | None,
        subtitle: Subtitle,
        courses: Sequence[Course],
    ) -> None:
        self._trace, self._grid, self._rows, self._kept = trace, grid, rows, kept
        self._durations, self._options = durations, options
        self._direction, self._subtitle, self._courses = direction, subtitle, courses
        self._start = int(options.loop_start * len(durations))

    def __len__(self) -> int:
        return len(self._durations)

    def made(self, place: int) -> SceneFrame:
        """Counted from where the film begins."""
        return self._frame((place + self._start) % len(self))

    def _frame(self, number: int) -> SceneFrame:
        if not self._kept:
            return SceneFrame(self._durations[number], 0, (), _NO_STEP, 0.0)
        index = self._kept[number]
        cells, rows = self._cells(index)
        top = self._tops[number]
        if rows > self._rows:
            cells = tuple(cell._replace(row=cell.row - top) for cell in cells if top <= cell.row < top + self._rows)
        return SceneFrame(
            duration_ms=self._durations[number],
            state_index=index,
            cells=cells,
            status=status_of(self._trace, index) if self._options.step else "",
            progress=(index + 1) / len(self._trace.states),
            caption=self._subtitle.lines_of(self._direction.shots[index].caption) if self._direction else (),
            marks=tuple(course.standing(index) for course in self._courses),
            rows_above=top,
            rows_below=max(0, rows - top - self._rows),
        )

    def _cells(self, index: int) -> tuple[tuple[Cell, ...], int]:
        """The cells of a state as its shot wants them, lit, and noise as tokens; and how many rows they take."""
        rows = self._grid.rows(index)
        if self._options.view is not View.STATES:
            return tuple(self._warmed(index)), rows
        if self._direction is None:
            return self._grid.cells(index), rows
        shot = self._direction.shots[index]
        as_tokens = shot.raw and self._options.noise is Noise.TOKENS
        state = self._trace.states[index]
        if as_tokens and state.phase is Phase.NOISE and not state.accepted.any():
            field = noise_field(self._trace, index, self._grid.columns, self._grid.width_of)
            return field, field[-1].row + 1 if field else 1
        cells = self._grid.cells(index)
        if shot.lit:
            offset = self._trace.blocks[self._trace.block_at(index)].offset
            lit = {offset + position for position in shot.lit}
            cells = tuple(_lit(cell) if cell.position in lit else cell for cell in cells)
        if as_tokens:
            cells = tuple(with_tokens(cells, self._trace, index, self._grid.width_of))
        return cells, rows

    @cached_property
    def _heats(self) -> tuple[np.ndarray, ...]:
        return heats_of(self._trace, self._options.view)

    def _warmed(self, index: int) -> Iterator[Cell]:
        """The cells of a state, coloured by the view: what happened to them is no mark on them then."""
        earlier = self._trace.blocks[: self._trace.block_at(index)]
        heat = [number for block in earlier for number in self._heats[block.last].tolist()]
        heat += self._heats[index].tolist()
        for cell in self._grid.cells(index):
            is_text = cell.look.part in (Part.ANSWER, Part.THOUGHT)
            look = cell.look._replace(mark=Mark.NONE, heat=heat[cell.position] if is_text else None)
            yield cell._replace(look=look, marked=False)

    @cached_property
    def _tops(self) -> list[int]:
        """The first row in view of every frame: it follows what happens, and stays while that is well in view."""
        tops: list[int] = []
        top = 0
        margin = int(self._rows * _SCROLL_MARGIN_SHARE)
        for number, index in enumerate(self._kept):
            rows = self._grid.rows(index)
            if rows > self._rows:
                at = rows if number + 1 == len(self._kept) else _activity(self._grid.cells(index))
                if at is not None and not top + margin <= at < top + self._rows - margin:
                    top = at - self._rows // 2
            top = max(0, min(top, rows - self._rows))
            tops.append(top)
        return tops


def _lit(cell: Cell) -> Cell:
    return cell._replace(look=cell.look._replace(lit=True))


def _activity(cells: Sequence[Cell]) -> int | None:
    """The row around which a step happens: the middle one of its new and marked cells."""
    rows = sorted(cell.row for cell in cells if cell.look.state is CellState.NEW or cell.look.mark)
    return rows[len(rows) // 2] if rows else None


def status_of(trace: Trace, index: int) -> str:
    """Block, step and time of a state in words, and how the run ended if it did not end by itself."""
    state = trace.states[index]
    count = len(trace.blocks)
    words = [f"block {trace.block_at(index) + 1} of {count}"] if count > 1 else []
    at_most = f" of at most {state.max_steps}" if trace.info.writing is Writing.DENOISED else ""
    words.append(f"{trace.info.writing.unit} {state.step}{at_most}")
    if trace.info.writing is not Writing.DRAWN:
        words.append(f"{state.elapsed_ms / 1000:.1f} s")
    if index + 1 == len(trace.states) and trace.ended != Finish.STOP_TOKEN.value:
        words.append(ENDINGS[trace.ended])
    return SEPARATOR.join(words)


def billing_of(trace: Trace, options: SceneOptions) -> Billing:
    """The words around a run."""
    facts = [trace.info.checkpoint] if options.checkpoint else []
    facts += [trace.info.seed_in_words] if options.seed else []
    facts += [WORDS[options.view]] if options.view in WORDS else []
    if options.prompt:
        facts += ["thinking"] if trace.info.settings.think else []
        facts += ["system prompt"] if trace.info.settings.system else []
    statuses = [status_of(trace, index) for index in range(len(trace.states))] if options.step else []
    held = bool(trace.info.draft.pinned)
    return Billing(
        prompt=trace.info.prompt if options.prompt else "",
        label=("drawn" if trace.info.writing is Writing.DRAWN else "recorded") if options.label else "",
        facts=tuple(facts),
        longest_status=max(statuses, key=len, default="" if trace.states else _NO_STEP),
        legend_columns=legend_columns(options.view, held)
        if options.legend and trace.info.writing is Writing.DENOISED
        else 0,
        holds=held,
        notes=_NOTES.get(trace.info.writing) or _NOTES[options.layout],
        progress=options.progress,
    )
