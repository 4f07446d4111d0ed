"""Drafts made of a recording: what stands in it held, thrown back, written over, or gone on with.

Places are positions of the answer, counted over all blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from visualizer.draft import Draft
from visualizer.errors import SettingsError
from visualizer.trace.canvas import CanvasState, Phase
from visualizer.trace.trace import Trace


class SelfConditioning(StrEnum):
    """What the first step of a run that begins in the middle of another is told of the step before it.

    NONE: nothing, as at the beginning of any run. TOP_K: the most probable tokens, as many as the recording kept of
    each position, their probabilities brought to a sum of 1: what else was possible is left out.
    """

    NONE = "none"
    TOP_K = "top-k"


def standing_ids(trace: Trace, index: int) -> dict[int, int]:
    """What stands on the canvases at a state, by place: the blocks before it, and the accepted tokens of its own.

    Where the token budget ends the answer, what lies beyond it is left out.
    """
    state, number = trace.states[index], trace.block_at(index)
    blocks = trace.blocks
    canvases: list[CanvasState] = [trace.states[block.last] for block in blocks[:number]] + [state]
    end = blocks[number].offset + state.answer_length
    budget = trace.info.settings.total_tokens
    return {
        block.offset + place: int(canvas.canvas_ids[place])
        for block, canvas in zip(blocks, canvases, strict=False)
        for place in range(block.length)
        if canvas.accepted[place] and (end < budget or block.offset + place < budget)
    }


def hold(trace: Trace, index: int, places: Collection[int]) -> Draft:
    """The tokens of some places stay, and all else is noise again.

    Raises SettingsError for a place where nothing stands.
    """
    standing = standing_ids(trace, index)
    _check_places(places, standing.keys())
    return Draft(pinned={place: standing[place] for place in places}, origin=f"held {_of(places, trace, index)}")


def throw_back(trace: Trace, index: int, places: Collection[int]) -> Draft:
    """Some places are noise again, and all else that stands stays.

    Raises SettingsError for a place beyond the canvas.
    """
    _check_places(places, range(_end(trace, index)))
    kept = {place: token_id for place, token_id in standing_ids(trace, index).items() if place not in places}
    return Draft(pinned=kept, origin=f"thrown back {_of(places, trace, index)}")


def write(trace: Trace, index: int, places: Sequence[int], ids: Sequence[int]) -> Draft:
    """Other tokens stand at some places, in their order, and stay, as all else that stands does.

    Raises SettingsError for a place beyond the canvas, or where there are more or fewer places than tokens.
    """
    _check_places(places, range(_end(trace, index)))
    if len(ids) != len(places):
        raise SettingsError(f"The text takes {len(ids)} positions, and {len(places)} are chosen.")
    kept = throw_back(trace, index, places).pinned
    return Draft({**kept, **dict(zip(places, ids, strict=True))}, origin=f"written over {_of(places, trace, index)}")


def go_on(
    trace: Trace, index: int, places: Collection[int] = (), conditioning: SelfConditioning = SelfConditioning.TOP_K
) -> Draft:
    """The run from this state: its accepted tokens to begin with, noise drawn anew, the blocks before it as they are,
    and what was pinned stays so.

    places: they are noise again, and nothing conditions them. The steps are counted, and the schedule of temperatures
    begins, anew. Raises SettingsError for a place beyond the canvas.
    """
    if places:
        _check_places(places, range(_end(trace, index)))
    state, first = trace.states[index], trace.blocks[trace.block_at(index)].offset
    kept = {place: token_id for place, token_id in standing_ids(trace, index).items() if place not in places}
    told = {}
    if conditioning is SelfConditioning.TOP_K and state.top_ids.shape[1]:
        told = {first + place: _renormalised(state, place) for place in range(len(state.canvas_ids))
                if first + place not in places}  # fmt: skip
    back = f" without {len(places)} positions" if places else ""
    stays = {place for place in kept if place < first or place in trace.info.draft.pinned}
    return Draft(
        pinned={place: token_id for place, token_id in kept.items() if place in stays},
        seeded={place: token_id for place, token_id in kept.items() if place not in stays},
        conditioning=told,
        origin=f"gone on from {_where(trace, index)}{back}, self-conditioning: {conditioning}",
    )


def _renormalised(state: CanvasState, place: int) -> tuple[tuple[int, float], ...]:
    ids, chances = state.top_ids[place].tolist(), state.top_probabilities[place].astype(float)
    shares = (chances / chances.sum()).tolist()
    return tuple((token_id, share) for token_id, share in zip(ids, shares, strict=True) if share > 0)


def _end(trace: Trace, index: int) -> int:
    block = trace.blocks[trace.block_at(index)]
    return block.offset + block.length


def _check_places(places: Collection[int], among: Collection[int]) -> None:
    if not places:
        raise SettingsError("Choose at least one position of the canvas.")
    beyond = [place for place in places if place not in among]
    if beyond:
        raise SettingsError(f"Nothing stands at position {beyond[0] + 1:,} of this canvas.")


def _of(places: Collection[int], trace: Trace, index: int) -> str:
    return f"{len(places)} {'position' if len(places) == 1 else 'positions'} of {_where(trace, index)}"


def _where(trace: Trace, index: int) -> str:
    state = trace.states[index]
    moment = "the end" if state.phase is Phase.COMMIT else f"step {state.step}"
    return f"{moment} of block {state.block + 1}, seed {trace.info.settings.seed}"
