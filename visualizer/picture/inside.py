"""A look inside a run as still pictures: the map of all its steps, and of one step the table and the curves.

The player draws the same live (`assets/player/heatmap.js`, `table.js`, `curves.js`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from visualizer.picture.options import SceneOptions
from visualizer.picture.pixels import Box, Pixels
from visualizer.picture.sheet import Sheet
from visualizer.trace import Block, CanvasState, CellState, Part, Phase, Trace, cell_states, trace_parts

AXIS_SHARES = {"longTail": 0.35, "text": 0.82, "room": 4}
"""A tail that is longer than the first share of the canvas is drawn narrower: the text, and so many positions after it,
get the second share of the width."""
MAP_SHARES = {"quiet": 0.4, "settled": 0.42, "right": 0.2, "guess": 0.06, "sureGuess": 0.36}
"""How much of its colour a place of the map has: what is no text, of what it would have; after it settled; with the
token of the end that it does not keep; with another one, and how much more where that is surest."""
_NOTHING = "the run ended before its first step"
_MAP_PX, _LEAST_ROW_PX, _MOST_ROW_PX = 300, 2, 18
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_MOST_TICKS = 10
_TABLE_STEPS, _RANKS, _COLUMN, _MOST_COLUMNS = 12, 3, 150, 7
_PLOT_PX = 260
_SHOWN = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥"})

Reals = npt.NDArray[np.float64]


def map_of(trace: Trace, options: SceneOptions) -> Pixels:
    """Steps down, positions across: each lights up when its candidate becomes that of the end for good (H×W×3 RGB)."""
    sheet = Sheet(options)
    sheet.head(trace, "when every position settled: steps down, positions across" if trace.states else _NOTHING)
    if not trace.states:
        return sheet.pixels()
    row = min(max(_MAP_PX // len(trace.states), _LEAST_ROW_PX), _MOST_ROW_PX)
    row_px = sheet.px(row)
    edges = _edges(trace, sheet.room)
    parts = trace_parts(trace)
    for block in trace.blocks:
        colours, shares = _map_colours(sheet, trace.states_of(block), parts[block.first : block.last + 1])
        across = np.repeat(np.arange(block.length), np.diff(edges[: block.length + 1]))
        down = np.repeat(np.arange(len(shares)), row_px)
        sheet.paint(sheet.left, sheet.bottom, colours[down][:, across], shares[down][:, across])
        sheet.bottom += len(down)
        sheet.skip(4)
    _ticks(sheet, edges)
    left = sheet.left
    for ink, share, word in (
        ("new", 1.0, "settles early"),
        ("draft", 1.0, "settles late"),
        ("new", MAP_SHARES["right"], "the token of the end, not yet for good"),
        ("masked", MAP_SHARES["sureGuess"], "another token, the brighter the surer"),
    ):
        side = sheet.px(13)
        sheet.fill(Box(left, sheet.bottom + sheet.px(3), side, side), ink, share)
        left += side + sheet.px(7)
        left += sheet.write(left, sheet.bottom, word, room=max(1, sheet.left + sheet.room - left)) + sheet.px(22)
    sheet.skip(18)
    return sheet.pixels()


def table_of(trace: Trace, options: SceneOptions, index: int) -> Pixels:
    """The most probable tokens around the position that changed its mind most, at steps around one (H×W×3 RGB)."""
    sheet = Sheet(options)
    steps, block = _steps_around(trace, index)
    if not steps:
        sheet.head(trace, _NOTHING)
        return sheet.pixels()
    here = _restless(trace, block)
    columns = min(_MOST_COLUMNS, max(1, sheet.room // sheet.px(_COLUMN)), block.length)
    first = max(0, min(block.length - columns, here - columns // 2))
    sheet.head(trace, f"the most probable tokens around position {here + 1}, which changed its candidate most often")
    line, indent = sheet.line_px(), sheet.px(52)
    width = (sheet.room - indent) // columns
    shown = trace.shown_texts(index)
    for column in range(columns):
        left, position = sheet.left + indent + column * width, first + column
        ink = "text" if position == here else "quiet"
        sheet.write(left + sheet.px(6), sheet.bottom, str(position + 1), ink=ink, bold=position == here)
        token = shown[position].translate(_SHOWN) if index <= block.last else ""
        sheet.write(left + sheet.px(6), sheet.bottom + line, token, ink="text", bold=True, room=width - sheet.px(12))
    sheet.bottom += 2 * line
    for number in steps:
        state, top = trace.states[number], sheet.bottom + sheet.px(4)
        sheet.fill(Box(sheet.left, sheet.bottom, sheet.room, 1), "line")
        is_now = number == index
        if is_now:
            sheet.fill(Box(sheet.left, top - sheet.px(3), sheet.room, _RANKS * line + sheet.px(7)), "raised")
        sheet.write(
            sheet.left + indent - sheet.px(12), top, str(state.step), ink="text" if is_now else "quiet", bold=is_now,
            is_right=True,
        )  # fmt: skip
        codes = cell_states(trace.states[number - 1] if number > block.first else None, state)
        for column in range(columns):
            box = Box(sheet.left + indent + column * width, top, width - sheet.px(8), line)
            _ranks(sheet, trace, state, first + column, CellState(codes[first + column]), box)
        sheet.bottom = top + _RANKS * line + sheet.px(4)
    return sheet.pixels()


def curves_of(trace: Trace, options: SceneOptions, index: int) -> Pixels:
    """How probable the end, and the token that is spread most, are at every position of a step (H×W×3 RGB)."""
    sheet = Sheet(options)
    steps, block = _steps_around(trace, index)
    if not steps:
        sheet.head(trace, _NOTHING)
        return sheet.pixels()
    number = index if index in steps else steps[-1]
    state = trace.states[number]
    endings = _ending_ids(trace)
    token = _most_spread(state, endings)
    sheet.head(trace, f"step {state.step}: how probable a token is at every position")
    edges, height = _edges(trace, sheet.room), sheet.px(_PLOT_PX)
    across = np.repeat(np.arange(block.length), np.diff(edges[: block.length + 1]))
    sheet.fill(Box(sheet.left, sheet.bottom, sheet.room, height), "raised", 0.5)
    sheet.fill(Box(sheet.left, sheet.bottom + height // 2, sheet.room, 1), "line")
    ends = _probability_of(state, endings) if state.ending is None else np.clip(state.ending, 0, 1, dtype=float)
    _curve(sheet, ends[across], height, "quiet", area=True)
    _curve(sheet, _probability_of(state, {token})[across], height, "accent", area=False)
    sheet.bottom += height
    _ticks(sheet, edges)
    text = trace.texts[token].translate(_SHOWN)
    for ink, words in (
        ("quiet", f"the end of the text, expected after {(1 - ends).sum():.0f} positions of this canvas"),
        ("accent", f"“{text}”, the token that is spread over most positions"),
    ):
        sheet.fill(Box(sheet.left, sheet.bottom + sheet.px(8), sheet.px(22), sheet.px(3)), ink)
        sheet.write(sheet.left + sheet.px(32), sheet.bottom, words, room=sheet.room - sheet.px(32))
        sheet.skip(20)
    return sheet.pixels()


def _edges(trace: Trace, width: int) -> npt.NDArray[np.int64]:
    """Where positions begin and the last one ends, in pixels; a long tail is narrower (`AXIS_SHARES`)."""
    length = max(block.length for block in trace.blocks)
    lasts = [trace.states[block.last] for block in trace.blocks]
    end = max(state.answer_length if state is lasts[-1] else len(state.canvas_ids) for state in lasts)
    places = np.arange(length + 1) / length
    if length - end > AXIS_SHARES["longTail"] * length:
        cut, text = min(length, end + int(AXIS_SHARES["room"])), AXIS_SHARES["text"]
        places = np.concatenate([np.linspace(0, text, cut + 1), np.linspace(text, 1, length - cut + 1)[1:]])
    return np.round(places * width).astype(np.int64)


def _map_colours(sheet: Sheet, states: tuple[CanvasState, ...], parts: tuple[np.ndarray, ...]) -> tuple[Reals, Reals]:
    """The colour of every step and position (S×L×3), and how much of it (S×L)."""
    candidates = np.array([state.candidate_ids for state in states])
    measured = np.array([state.phase is not Phase.NOISE for state in states])[:, None]
    right = (candidates == candidates[-1]) & measured
    keeps = np.flip(np.cumprod(np.flip(right, 0), 0), 0).astype(bool)
    since = np.where(keeps.any(axis=0), keeps.argmax(axis=0), len(states) - 1)
    early, late = sheet.colour("new"), sheet.colour("draft")
    ramp = early + (late - early) * (since / max(1, len(states) - 1))[:, None]
    sure = np.array([state.probability for state in states], dtype=float) * measured
    colours = np.where(keeps[:, :, None], ramp, np.where(right[:, :, None], early, sheet.colour("masked")))
    first = np.arange(len(states))[:, None] == since
    guess = np.where(right, MAP_SHARES["right"], MAP_SHARES["guess"] + MAP_SHARES["sureGuess"] * sure)
    shares = np.where(keeps, np.where(first, 1.0, MAP_SHARES["settled"]), guess)
    return colours, shares * np.where(np.array(parts) == Part.TAIL, MAP_SHARES["quiet"], 1.0)


def _ticks(sheet: Sheet, edges: npt.NDArray[np.int64]) -> None:
    """Numbers of positions under a picture, as many as there is room for."""
    length, taken = len(edges) - 1, -1
    every = next((step for step in _TICKS if length / step <= _MOST_TICKS * 2), length)
    for number in (1, *range(every, length + 1, every)):
        left = sheet.left + int(edges[number - 1])
        if taken < left < sheet.left + sheet.room - sheet.px(24):
            taken = left + sheet.write(left, sheet.bottom, str(number)) + sheet.px(16)
    sheet.skip(26)


def _steps_around(trace: Trace, index: int) -> tuple[list[int], Block]:
    """The indices of some steps around a state, of the block that it is of; none where there was no step."""
    if not trace.states:
        return [], Block(0, 0, 0, 0)
    block = trace.blocks[trace.block_at(index)]
    steps = [k for k in range(block.first, block.last + 1) if trace.states[k].phase is Phase.STEP]
    middle = sum(k < index for k in steps)
    first = max(0, min(len(steps) - _TABLE_STEPS, middle - _TABLE_STEPS // 2))
    return steps[first : first + _TABLE_STEPS], block


def _restless(trace: Trace, block: Block) -> int:
    """The position whose candidate changed most often."""
    steps = [state.candidate_ids for state in trace.states_of(block) if state.phase is Phase.STEP]
    changes = sum((before != after for before, after in pairwise(steps)), np.zeros(block.length, dtype=np.int64))
    return int(np.argmax(changes))


def _ranks(sheet: Sheet, trace: Trace, state: CanvasState, position: int, code: CellState, box: Box) -> None:
    """The most probable tokens of a position, one under the other."""
    ink = {CellState.NEW: "new", CellState.DRAFT: "draft"}.get(code, "masked")
    ranked = zip(state.top_ids[position].tolist(), state.top_probabilities[position].tolist(), strict=True)
    for rank, (token_id, share) in enumerate([pair for pair in ranked if pair[1] >= 0.01][:_RANKS]):
        top = box.top + rank * box.height
        sheet.fill(Box(box.left, top, max(1, round(box.width * share)), box.height - sheet.px(2)), ink, 0.22)
        spoken = f"{share:.0%}" if share < 0.995 else ">99%"
        taken = sheet.write(box.left + box.width - sheet.px(4), top, spoken, ink="quiet", is_right=True)
        stands = code is not CellState.MASKED and token_id == int(state.canvas_ids[position])
        text = trace.texts[token_id].translate(_SHOWN)
        sheet.write(
            box.left + sheet.px(5), top, text, ink=ink if stands else "text" if not rank else "quiet", bold=stands,
            room=max(1, box.width - taken - sheet.px(14)),
        )  # fmt: skip


def _ending_ids(trace: Trace) -> set[int]:
    """The tokens that end a text: the special ones that stand after an end in this run."""
    ends = [trace.states[block.last] for block in trace.blocks]
    return {int(token) for state in ends for token in state.shown_ids()[state.answer_length :]} & trace.special


def _most_spread(state: CanvasState, endings: set[int]) -> int:
    """The token that ends no text and is most probable beside the place where it is most probable."""
    found = {int(token) for token in state.top_ids.ravel()} - endings or {int(state.candidate_ids[0])}
    chances = {token: _probability_of(state, {token}) for token in sorted(found)}
    return max(chances, key=lambda token: float(chances[token].sum() - chances[token].max()))


def _probability_of(state: CanvasState, ids: set[int]) -> Reals:
    """How probable some tokens together are at every position, as far as candidates were kept."""
    chances: Reals = (state.top_probabilities * np.isin(state.top_ids, list(ids))).sum(axis=1, dtype=float)
    return np.clip(chances, 0, 1)


def _curve(sheet: Sheet, shares: Reals, height: int, ink: str, area: bool) -> None:
    """A line of steps, a pixel across for each share, and what lies under it."""
    thick = sheet.px(2)
    tops = np.round((1 - shares) * (height - 2 * thick)).astype(int) + thick // 2
    down = np.arange(height)[:, None]
    around = np.array([tops[np.clip(np.arange(len(tops)) - shift, 0, None)] for shift in range(thick + 1)])
    low, high = around.min(axis=0), around.max(axis=0)  # a line that goes up is as thick as one that goes on
    on_line = (down >= low) & (down < high + thick)
    covered = np.where(on_line, 1.0, np.where(area & (down >= tops), 0.16, 0.0))
    colours = np.broadcast_to(sheet.colour(ink), (*covered.shape, 3))
    sheet.paint(sheet.left, sheet.bottom, colours, covered)
