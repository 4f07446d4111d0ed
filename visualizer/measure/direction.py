"""The plan of a run's time: when each state is shown, for how long, what is lit, what is said.

Made once from a recording and followed by the replay on the page, by every film and by the exported page: the noise
stands long enough to be seen as noise; each step that lands scaffold is held with its tokens lit; the dull middle is
quick; where the model changes its mind there is a pause; the end is calm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visualizer.measure.captions import Captions
from visualizer.measure.scaffold import scaffold_of
from visualizer.measure.standing import standing_of
from visualizer.trace import Part, Phase, Trace, Writing, changed, reverted, trace_parts

_NOISE_MS, _LATER_NOISE_MS, _LATER_NOISE_IN_ALL_MS = 1800, 900, 2400
"""Of the first block, and of those after it."""
_FIRST_LANDING_MS, _LANDING_MS, _TURN_MS = 2200, 1400, 1500
_FIRST_STEP_MS = 1400
_DULL_MS, _DULL_IN_ALL_MS, _SHORTEST_MS = 130, 4500, 20
_CALM_STEPS, _CALM_MS = 2, 320
"""The last steps before a commit, which slow down."""
_END_MS, _BETWEEN_BLOCKS_MS = 3200, 700
_MOST_HOLDS, _MOST_TURNS = 5, 3
_READABLE_MS, _READING_MS = 1400, 42
"""A line that would stand shorter is not said, and the one before stands so long for each of its characters."""
_LEAST_LANDING_SHARE, _MUCH_SHARE, _MUCH_TOKENS = 0.04, 0.3, 3
"""Of all scaffold: what is worth a hold, and what is worth a poster."""


@dataclass(frozen=True)
class Shot:
    """How one state is shown. lit: positions of its canvas; raw: noise as the tokens that the model reads."""

    duration_ms: int
    lit: tuple[int, ...] = ()
    caption: str = ""
    raw: bool = False


@dataclass(frozen=True)
class Direction:
    """A shot for every state of a run. moment: the state that has most to tell, 0 where there is none."""

    shots: tuple[Shot, ...]
    moment: int


class _Turn(NamedTuple):
    """A change of mind. worth: how much there is to see of it."""

    worth: int
    caption: str


def direction_of(trace: Trace) -> Direction:
    """The plan of a recorded run."""
    if not trace.states:
        return Direction((), 0)
    director = _Director(trace)
    return Direction(tuple(director.shots()), director.moment)


class _Director:
    """Knows of every state what happens at it, and gives time to what is worth most."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._parts = trace_parts(trace)
        self._is_denoised = trace.info.writing is Writing.DENOISED
        self._commits = [trace.states[block.last].phase is Phase.COMMIT for block in trace.blocks]
        self._standings = [standing_of(trace, block, self._parts) for block in trace.blocks]
        self._captions = [
            Captions(standing, number, len(trace.blocks), self._commits[number], trace.info.writing)
            for number, standing in enumerate(self._standings)
        ]
        self._landed = dict(self._landings())
        self._turns = dict(self._changes_of_mind())
        self._holds = self._chosen()
        self.moment = self._moment()
        if trace.states[self.moment].phase is Phase.STEP:
            self._holds.setdefault(self.moment, _LANDING_MS)  # so that a poster's line is of its own step

    def shots(self) -> Iterator[Shot]:
        durations = self._durations()
        raw_until = next((index for index in sorted(self._holds) if index in self._landed), 1)
        for index, caption in enumerate(self._said(durations)):
            lit = self._landed[index] if index in self._holds and index in self._landed else ()
            yield Shot(durations[index], lit, caption, raw=self._is_denoised and index <= raw_until)

    # ---- What happens ------------------------------------------------------------------------------------------------

    def _landings(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The states at which scaffold lands, each with its positions."""
        for standing, flags in zip(self._standings, scaffold_of(self._trace), strict=True):
            own = flags[standing.positions]
            for place in range(1, len(standing.there)):
                index = standing.block.first + place
                fresh = own & standing.there[place] & ~standing.there[place - 1]
                if fresh.any() and self._trace.states[index].phase is Phase.STEP:
                    yield index, tuple(standing.positions[fresh].tolist())

    def _changes_of_mind(self) -> Iterator[tuple[int, _Turn]]:
        """The states at which an accepted token of the answer is replaced or taken back, each with the best of it."""
        for number, (block, standing) in enumerate(zip(self._trace.blocks, self._standings, strict=True)):
            own = np.zeros(block.length, dtype=bool)
            own[standing.positions] = True
            for index in range(block.first + 1, block.last + 1):
                before, state = self._trace.states[index - 1], self._trace.states[index]
                if state.phase is not Phase.STEP:
                    continue
                ours = own & (self._parts[index - 1] == Part.ANSWER) & (self._parts[index] == Part.ANSWER)
                moved, lost = changed(before, state) & ours, reverted(before, state) & ours
                if not (moved | lost).any():
                    continue
                was, now = self._trace.shown_texts(index - 1), self._trace.shown_texts(index)
                places = np.flatnonzero(moved | lost).tolist()
                turns = [self._turn(number, index, was, now if moved[place] else None, place) for place in places]
                best = max(turns, key=lambda turn: turn.worth)
                if best.worth > 0:
                    yield index, best

    def _turn(self, number: int, index: int, was: list[str], now: list[str] | None, position: int) -> _Turn:
        captions, place = self._captions[number], index - self._trace.blocks[number].first
        before = was[position]
        after = now[position] if now else None
        following = was[position + 1] if position + 1 < len(was) else ""
        letters = sum(map(str.isalnum, before))
        is_word = not before[:1].isalnum() and not following[:1].isalnum()
        if letters < 2 or (after is not None and after.strip() in ("", before.strip())):
            return _Turn(0, "")
        worth = letters + 8 * is_word + 6 * (after is not None)
        if after is None:
            return _Turn(worth, captions.reversal(place, before))
        return _Turn(worth, captions.change(place, before, after))

    # ---- What gets time ----------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[int, int]:
        """The states that are held, and how long: the largest landings and the best changes of mind."""
        size = {index: len(lit) for index, lit in self._landed.items()}
        scaffold = sum(size.values())
        large = [index for index in size if size[index] >= max(1, _LEAST_LANDING_SHARE * scaffold)]
        turns = sorted(self._turns, key=lambda index: -self._turns[index].worth)[:_MOST_TURNS]
        landings = sorted(large, key=lambda index: -size[index])[: _MOST_HOLDS - len(turns)]
        holds = {index: _TURN_MS for index in turns} | {index: _LANDING_MS for index in landings}
        if landings:
            holds[min(landings)] = _FIRST_LANDING_MS
        return holds

    def _moment(self) -> int:
        """The landing of much of the scaffold; where it comes in drops, where half of the first answer stands."""
        size = {index: len(lit) for index, lit in self._landed.items()}
        largest = max(size, key=lambda index: size[index], default=0)
        if largest in self._holds and size[largest] >= max(_MUCH_TOKENS, _MUCH_SHARE * sum(size.values())):
            return largest
        there = self._standings[0].there
        half = np.flatnonzero(there.sum(axis=1) * 2 >= there.shape[1])
        return int(half[0]) if there.shape[1] and len(half) else len(there) - 1

    def _durations(self) -> list[int]:
        states, blocks = self._trace.states, self._trace.blocks
        ends = {block.last: _BETWEEN_BLOCKS_MS for block in blocks[:-1]} | {blocks[-1].last: _END_MS}
        noise = max(_SHORTEST_MS, min(_LATER_NOISE_MS, _LATER_NOISE_IN_ALL_MS // max(1, len(blocks) - 1)))
        calm = {place for block in blocks for place in range(block.last - _CALM_STEPS, block.last)}
        dull = sum(index not in self._holds for index in range(len(states)))
        quick = max(_SHORTEST_MS, min(_DULL_MS, _DULL_IN_ALL_MS // max(1, dull)))
        durations = []
        for index, state in enumerate(states):
            if state.phase is Phase.NOISE:
                found = noise if index else _NOISE_MS
            elif index in ends:
                found = ends[index]
            elif index in self._holds:
                found = self._holds[index]
            elif index == 1:
                found = _FIRST_STEP_MS
            else:
                found = max(quick, _CALM_MS) if index in calm and len(blocks) == 1 else quick
            durations.append(round(found, -1))
        return durations

    # ---- What is said ------------------------------------------------------------------------------------------------

    def _said(self, durations: list[int]) -> list[str]:
        """The line under every state: its own, else the one before, until that is read and a dull stretch goes on."""
        own = [self._own_caption(index) for index in range(len(durations))]
        said: list[str] = []
        stood_ms, told = 0, 0
        for index, caption in enumerate(own):
            if not caption and index >= told and said and stood_ms >= _READING_MS * len(said[-1]):
                told = next((after for after in range(index, len(own)) if own[after]), len(own))
                if sum(durations[index:told]) >= _READABLE_MS:
                    caption = self._middle(index, told - 1)
            caption = caption or (said[-1] if said else "")
            stood_ms = durations[index] + (stood_ms if said and said[-1] == caption else 0)
            said.append(caption)
        return said

    def _own_caption(self, index: int) -> str:
        number = self._trace.block_at(index)
        block, captions, state = self._trace.blocks[number], self._captions[number], self._trace.states[index]
        if state.phase is Phase.NOISE:
            return captions.noise(block.length, int(state.accepted.sum())) if self._is_denoised else ""
        if state.phase is Phase.COMMIT:
            return captions.end() if index + 1 == len(self._trace.states) else ""
        if index not in self._holds and index != 1:
            return ""
        place = index - block.first
        turn = self._turns[index].caption if index in self._holds and index in self._turns else ""
        return captions.landing(place) or turn or captions.count(place)

    def _middle(self, first: int, last: int) -> str:
        """Of states of one block; a stretch that runs over a block's end is not spoken of."""
        number = self._trace.block_at(first)
        block = self._trace.blocks[number]
        if first == block.first or last > block.last or self._trace.states[last].phase is Phase.COMMIT:
            return ""
        return self._captions[number].middle(first - block.first, last - block.first)
