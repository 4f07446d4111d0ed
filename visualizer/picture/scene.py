"""A recorded run as timed frames of cells: what every picture of an export shows, and how long it stands.

A frame holds cells, no pixels; `image` draws them. Frames are made when they are asked for, so that memory does not
grow with their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import overload

from visualizer.errors import SettingsError
from visualizer.picture.cells import Cell, CellGrid
from visualizer.picture.final_text import FinalText
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.looks import Look, Mark
from visualizer.picture.stage import Billing, Need, Stage, set_stage
from visualizer.theme import THEMES, Theme
from visualizer.trace import CellState, Finish, Phase, Trace

PRESETS: dict[str, tuple[int, int | None]] = {
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "square": (1080, 1080),
    "portrait": (1080, 1920),
    "readme": (880, None),
}
"""Widths and heights by name; a height of None is as tall as the text needs."""
STEP_MS = 120
"""How long a step stands at equal pacing and speed 1."""
SHORTEST_MS = 20
"""GIF players show shorter frames much longer."""
_TICK_MS = 10
_SLOW_FROM_SHARE, _SLOW_TIMES = 0.6, 4.0
"""A slow finish begins at this share of the steps and ends this many times slower."""
_SCROLL_MARGIN_SHARE = 0.25
_MOMENTS_TO_FIT = 8
ENDINGS = {"stop": "finished", "length": "cut off at the token budget", "stopped": "stopped", "failed": "failed"}
"""How a run ended, in words."""
_NOTES = {
    "settled": ("settled layout: every token stands where it will end", "settled layout"),
    "flow": ("the text as it stands at each step", "flow layout"),
}
_LEGEND_GAP_CELLS = 3


class Pacing(StrEnum):
    """How long the steps stand."""

    EQUAL = "equal"
    REAL = "real"
    SLOW_FINISH = "slow-finish"


class Arrangement(StrEnum):
    """Where tokens stand: at the place that they will have in the end, or as the text flows at the moment."""

    SETTLED = "settled"
    FLOW = "flow"


@dataclass(frozen=True)
class SceneOptions:
    """What a scene looks like and how it runs.

    width, height: pixels at 1×, even; height None is as tall as the text needs. scale: 1 or 2, the same layout with
    more pixels. speed: of the steps, not of the holds. start_hold_ms, end_hold_ms: how long the first and the last
    frame stand at least. loop_start: share of the frames with which a loop begins; above 0 the frames are rotated, and
    the file's last one is not the committed text. frame_step: keep every n-th step, and every block's first and last.
    recorded: labelled "recorded", else "live". prompt to label: what is written around the canvas.

    Raises SettingsError when a value is out of range.
    """

    width: int = 1280
    height: int | None = 720
    scale: int = 1
    theme: str = "dark"
    layout: Arrangement = Arrangement.SETTLED
    pacing: Pacing = Pacing.EQUAL
    speed: float = 1.0
    start_hold_ms: int = 700
    end_hold_ms: int = 2500
    loop_start: float = 0.0
    frame_step: int = 1
    recorded: bool = True
    prompt: bool = True
    checkpoint: bool = True
    seed: bool = True
    step: bool = True
    legend: bool = True
    progress: bool = True
    label: bool = True

    def __post_init__(self) -> None:
        for name, (spoken, lowest, highest) in _RANGES.items():
            _check(spoken, getattr(self, name), lowest, highest, whole=name not in ("speed", "loop_start"))
        for spoken, side in (("width", self.width), ("height", self.height or 0)):
            if side % 2:
                raise SettingsError(f"The {spoken} must be even, as video needs it, not {side}.")
        if self.height is not None:
            _check("height", self.height, 240, 3840, whole=True)
        object.__setattr__(self, "layout", _choice("layout", self.layout, Arrangement))
        object.__setattr__(self, "pacing", _choice("pacing", self.pacing, Pacing))
        if self.theme not in THEMES:
            raise SettingsError(f"The theme must be {_either(THEMES)}, not {self.theme!r:.60}.")
        if self.loop_start >= 1:
            raise SettingsError("The loop start must be a share from 0 to below 1.")

    @classmethod
    def preset(cls, name: str, **changes: object) -> SceneOptions:
        """The options of a named size, with changes. Raises SettingsError for a name that there is not."""
        if name not in PRESETS:
            raise SettingsError(f"The preset must be {_either(PRESETS)}, not {name!r:.60}.")
        width, height = PRESETS[name]
        return cls(**{"width": width, "height": height} | changes)


_RANGES = {
    "width": ("width", 320, 3840),
    "scale": ("scale", 1, 2),
    "speed": ("speed", 0.1, 20),
    "start_hold_ms": ("start hold in milliseconds", 0, 60_000),
    "end_hold_ms": ("end hold in milliseconds", 0, 60_000),
    "loop_start": ("loop start", 0, 1),
    "frame_step": ("frame step", 1, 1000),
}


@dataclass(frozen=True)
class SceneFrame:
    """One picture. duration_ms: a multiple of 10.

    cells: those in view, rows counted from the first row in view. status: the words that change. progress: 0 to 1.
    rows_above, rows_below: how many rows there are out of view.
    """

    duration_ms: int
    state_index: int
    cells: tuple[Cell, ...]
    status: str
    progress: float
    rows_above: int = 0
    rows_below: int = 0


@dataclass(frozen=True, eq=False)
class Scene:
    """Frames of a run, and the stage that they stand on.

    size: width and height in pixels, scale applied. frames: made when asked for. durations_ms: one per frame.
    """

    options: SceneOptions
    theme: Theme
    stage: Stage
    frames: Sequence[SceneFrame]
    durations_ms: tuple[int, ...]
    glyphs: Glyphs

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even."""
        return self.stage.size

    @property
    def duration_ms(self) -> int:
        """How long the scene runs."""
        return sum(self.durations_ms)


def build_scene(trace: Trace, options: SceneOptions, glyphs: Glyphs | None = None) -> Scene:
    """The scene of a recorded run. A run without a step is one frame that says so. glyphs: other fonts."""
    glyphs = glyphs or Glyphs()
    settled = options.layout is Arrangement.SETTLED
    kept = kept_states(trace, options.frame_step)
    final = FinalText(trace, glyphs.cells)

    def rows_of(columns: int) -> int:
        grid = CellGrid(final, columns, settled)
        step = max(1, len(kept) // _MOMENTS_TO_FIT)
        moments = kept[-1:] if settled else [*kept[::step], *kept[-1:]]
        return max((grid.rows(index) for index in moments), default=1)

    need = Need(rows_of, final.unbroken_columns())
    stage = set_stage(options.width, options.height, _billing(trace, options), need, glyphs)
    grid = CellGrid(final, stage.columns, settled)
    durations = durations_ms(trace, kept, options)
    frames = _Frames(trace, grid, stage.rows, kept, durations, options)
    start = int(options.loop_start * len(durations))
    return Scene(
        options,
        THEMES[options.theme],
        stage.scaled(options.scale),
        frames,
        durations[start:] + durations[:start],
        glyphs,
    )


def kept_states(trace: Trace, frame_step: int) -> list[int]:
    """Indices of the states that are shown: every n-th, and the first and the last of every block."""
    states = trace.states
    return [
        index
        for index, state in enumerate(states)
        if index % frame_step == 0
        or state.phase is Phase.COMMIT
        or index + 1 == len(states)
        or states[index - 1].block != state.block
    ]


def durations_ms(trace: Trace, kept: Sequence[int], options: SceneOptions) -> tuple[int, ...]:
    """How long each kept state stands: whole 10 ms, at least 20, and rounded so that their sum does not drift."""
    if not kept:
        return (_ticks(max(options.end_hold_ms, SHORTEST_MS)),)
    starts = [start / options.speed for start in _starts_ms(trace, options.pacing)]
    rounded = [_ticks(starts[index]) for index in kept]
    durations = [max(SHORTEST_MS, after - start) for start, after in pairwise(rounded)]
    durations.append(max(SHORTEST_MS, _ticks(options.end_hold_ms)))
    durations[0] = max(durations[0], _ticks(options.start_hold_ms))
    return tuple(durations)


def _starts_ms(trace: Trace, pacing: Pacing) -> list[float]:
    """When every state begins, at speed 1."""
    count = len(trace.states)
    if pacing is Pacing.REAL:
        return [state.elapsed_ms - trace.states[0].elapsed_ms for state in trace.states]
    starts = [0.0]
    for index in range(count - 1):
        late = max(0.0, (index + 1) / count - _SLOW_FROM_SHARE) / (1 - _SLOW_FROM_SHARE)
        slower = 1 + (_SLOW_TIMES - 1) * late**2 if pacing is Pacing.SLOW_FINISH else 1.0
        starts.append(starts[-1] + STEP_MS * slower)
    return starts


def _ticks(milliseconds: float) -> int:
    return round(milliseconds / _TICK_MS) * _TICK_MS


class _Frames(Sequence[SceneFrame]):
    """The frames of a scene, each made anew when it is asked for."""

    def __init__(
        self,
        trace: Trace,
        grid: CellGrid,
        rows: int,
        kept: Sequence[int],
        durations: Sequence[int],
        options: SceneOptions,
    ) -> None:
        self._trace, self._grid, self._rows, self._kept = trace, grid, rows, kept
        self._durations, self._options = durations, options
        self._start = int(options.loop_start * len(durations))

    def __len__(self) -> int:
        return len(self._durations)

    @overload
    def __getitem__(self, place: int) -> SceneFrame: ...
    @overload
    def __getitem__(self, place: slice) -> list[SceneFrame]: ...
    def __getitem__(self, place: int | slice) -> SceneFrame | list[SceneFrame]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._frame((place + self._start) % len(self))

    def _frame(self, number: int) -> SceneFrame:
        if not self._kept:
            return SceneFrame(self._durations[number], 0, (), "the run ended before its first step", 0.0)
        index = self._kept[number]
        cells = self._grid.cells(index)
        rows = self._grid.rows(index)
        top = self._tops[number]
        if rows > self._rows:
            cells = tuple(cell._replace(row=cell.row - top) for cell in cells if top <= cell.row < top + self._rows)
        return SceneFrame(
            duration_ms=self._durations[number],
            state_index=index,
            cells=cells,
            status=status_of(self._trace, index) if self._options.step else "",
            progress=(index + 1) / len(self._trace.states),
            rows_above=top,
            rows_below=max(0, rows - top - self._rows),
        )

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


def _activity(cells: Sequence[Cell]) -> int | None:
    """The row around which a step happens: the middle one of its new and marked cells."""
    rows = sorted(cell.row for cell in cells if cell.look.state is CellState.NEW or cell.look.mark)
    return rows[len(rows) // 2] if rows else None


def status_of(trace: Trace, index: int) -> str:
    """Block, step and time of a state in words, and how the run ended if it did not end by itself."""
    state = trace.states[index]
    blocks = trace.states[-1].block + 1
    words = [f"block {state.block + 1} of {blocks}"] if blocks > 1 else []
    words += [f"step {state.step} of at most {state.max_steps}", f"{state.elapsed_ms / 1000:.1f} s"]
    if index + 1 == len(trace.states) and trace.ended != Finish.STOP_TOKEN.value:
        words.append(ENDINGS[trace.ended])
    return "   ·   ".join(words)


def _billing(trace: Trace, options: SceneOptions) -> Billing:
    facts = [trace.info.checkpoint] if options.checkpoint else []
    facts += [f"seed {trace.info.settings.seed}"] if options.seed else []
    statuses = [status_of(trace, index) for index in range(len(trace.states))] if options.step else []
    return Billing(
        prompt=trace.info.prompt if options.prompt else "",
        label=("recorded" if options.recorded else "live") if options.label else "",
        facts=tuple(facts),
        longest_status=max(statuses, key=len, default="" if trace.states else "the run ended before its first step"),
        legend_cells=legend_cells() if options.legend else 0,
        notes=_NOTES[options.layout],
        progress=options.progress,
    )


@dataclass(frozen=True)
class LegendEntry:
    """A sample of a cell, and the word beside it if it is not the sample's own. column: in cells of the legend."""

    cell: Cell
    word: str
    column: int


def legend() -> tuple[LegendEntry, ...]:
    """One sample of every kind of cell, side by side."""
    entries: list[LegendEntry] = []
    column = 0
    for look, word, is_noise in (
        (Look(CellState.MASKED, sure=2), "noise", True),
        (Look(CellState.NEW), "new", False),
        (Look(CellState.DRAFT), "draft", False),
        (Look(CellState.COMMITTED), "committed", False),
        (Look(CellState.MASKED, Mark.REVERTED), "reverted", True),
        (Look(CellState.NEW, Mark.CHANGED), "changed", False),
    ):
        width = 4 if is_noise else len(word)
        signs = () if is_noise else tuple((offset, 1, letter) for offset, letter in enumerate(word))
        cell = Cell(0, column, width, signs, look, look.mark is not Mark.NONE, len(entries))
        entries.append(LegendEntry(cell, word if is_noise else "", column + width + 1))
        column += width + (len(word) + 1 if is_noise else 0) + _LEGEND_GAP_CELLS
    return tuple(entries)


def legend_cells() -> int:
    """How many cells the legend takes."""
    last = legend()[-1]
    return last.cell.column + last.cell.width


def _check(spoken: str, value: object, lowest: float, highest: float, whole: bool) -> None:
    numeric = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not numeric or not lowest <= value <= highest:
        kind = "whole number" if whole else "number"
        raise SettingsError(f"The {spoken} must be a {kind} from {lowest:g} to {highest:g}, not {value!r:.60}.")


def _choice(spoken: str, value: object, kind: type[StrEnum]) -> StrEnum:
    if value not in list(kind):
        raise SettingsError(f"The {spoken} must be {_either(kind)}, not {value!r:.60}.")
    return kind(value)


def _either(names: Sequence[str]) -> str:
    *first, last = [f'"{name}"' for name in names]
    return f"{', '.join(first)} or {last}"
