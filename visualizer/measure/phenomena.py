"""What is known of such models by name, found in a recording from the recording alone.

Every finding has its definition, thresholds included (`DEFINITIONS`), the states over which it is seen and the
positions where. Precision comes before all: what might as well be chance is not named, and a block that was stopped,
whose end is not known, has no findings. The names: arXiv 2606.20560.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from visualizer.measure.quoting import clipped
from visualizer.trace import CHANNEL_CLOSER, CHANNEL_OPENER, CanvasState, Part, Phase, Trace, settled_steps, trace_parts

Ints = npt.NDArray[np.int64]

LENGTH_SHARE, LENGTH_LEAST = 1 / 8, 2  # said in words below
"""By how much of the answer's length, and at least how many tokens, an expected length may be off."""
SPREAD_PROBABILITY, SPREAD_FEWEST, SPREAD_MOST, SPREAD_MASS = 0.1, 3, 8, (0.6, 1.7)
"""Of a smeared token: at every position, how many positions, and summed over them, where about 1 is one token."""
SHIFTS, SHIFTED_FEWEST, SHIFTED_KINDS, SHIFTED_PROBABILITY, SHIFTED_FINAL = (-3, -2, -1, 1, 2, 3), 4, 3, 0.1, 0.75
STOOD_STEPS, MEANWHILE_FEWEST, MOVED_WITHIN = 2, 4, 4
SURE_PROBABILITY, NEAR = 0.9, 16
_QUOTE = 24


class Kind(StrEnum):
    """The findings by name, in the order in which they are listed."""

    BLANK = "blank"
    EARLY_LENGTH = "early length"
    CORRECTION = "retroactive correction"
    INTERMEDIATE = "intermediate token"
    TOKEN_SMEARING = "token smearing"
    SEQUENCE_SMEARING = "sequence smearing"


def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\u00a0%") if share < 0.995 else "over 99\u00a0%"


DEFINITIONS = {
    Kind.BLANK: (
        "Positions that were free before and between what was held on the canvas, and what the first step thought of "
        "each: its most probable tokens."
    ),
    Kind.EARLY_LENGTH: (
        "From this step on the length that the probabilities of ending expect, the sum over positions of 1 − P(ended), "
        f"stays within an eighth of the answer’s, at least {LENGTH_LEAST} tokens, while less than half of them are "
        "accepted."
    ),
    Kind.CORRECTION: (
        f"A token that was accepted and stood for {STOOD_STEPS} steps or more is another one in the end, after "
        f"{MEANWHILE_FEWEST} or more tokens behind it settled; it has not just moved by up to {MOVED_WITHIN} positions."
    ),
    Kind.INTERMEDIATE: (
        f"The best guess at a position for {STOOD_STEPS} steps or more, {percent(SURE_PROBABILITY)} sure or more, "
        f"never accepted and nowhere in the answer, while {MEANWHILE_FEWEST} or more tokens within {NEAR} positions "
        "settled. Whether it helped them, no recording can say."
    ),
    Kind.TOKEN_SMEARING: (
        f"One token has a probability of {SPREAD_PROBABILITY:g} or more at {SPREAD_FEWEST} to {SPREAD_MOST} neighbours "
        f"that are not accepted, {SPREAD_MASS[0]:g} to {SPREAD_MASS[1]:g} in all, and stands there once in the end."
    ),
    Kind.SEQUENCE_SMEARING: (
        f"At {SHIFTED_FEWEST} positions in a row or more, of {SHIFTED_KINDS} different tokens or more, another "
        f"candidate of {SHIFTED_PROBABILITY:g} or more is the best guess of a position up to {max(SHIFTS)} aside: two "
        "alignments of one text at once, of which one stands at three of four of them in the end."
    ),
}


@dataclass(frozen=True)
class Phenomenon:
    """A finding. first, last: of the states over which it is seen; positions: of its block; says: in a sentence."""

    kind: Kind
    block: int
    first: int
    last: int
    positions: tuple[int, ...]
    says: str


def phenomena(trace: Trace) -> tuple[Phenomenon, ...]:
    """All findings of a run, by kind and then in time."""
    parts, order = trace_parts(trace), list(Kind)
    found = [
        finding
        for number, block in enumerate(trace.blocks)
        if trace.states[block.last].phase is Phase.COMMIT
        for finding in _Finder(trace, number, parts[block.last]).findings()
    ]
    return tuple(sorted(found, key=lambda finding: (order.index(finding.kind), finding.first, finding.positions)))


def expected_lengths(trace: Trace, block: int) -> tuple[float, ...]:
    """The sum over positions of 1 − P(ended), at every denoising step of a block.

    The probability of an end is recorded since version 2 of the file; in older ones it is that of the kept candidates
    that mark structure, but no thought.
    """
    ends = np.array(sorted(ending_ids(trace)), dtype=np.int64)
    return tuple(
        float(len(state.accepted) - _ended(state, ends).sum())
        for state in trace.states_of(trace.blocks[block])
        if state.phase is Phase.STEP
    )


def _ended(state: CanvasState, ends: Ints) -> npt.NDArray[np.float32]:
    if state.ending is not None:
        return state.ending
    ended: npt.NDArray[np.float32] = (np.isin(state.top_ids, ends) * state.top_probabilities).sum(axis=1)
    return ended


def ending_ids(trace: Trace) -> set[int]:
    """What ends a text, as far as a recording tells."""
    return {token for token in trace.special if trace.texts[token] not in (CHANNEL_OPENER, CHANNEL_CLOSER)}


@dataclass(frozen=True, eq=False)
class _Stand:
    """A token that was shown at a position over consecutive steps, as indices among the block's steps."""

    position: int
    token: int
    start: int
    end: int


def _neighbours(places: list[tuple[int, float]]) -> Iterator[list[tuple[int, float]]]:
    """Places of rising positions in groups that stand side by side."""
    run = places[:1]
    for before, place in pairwise(places):
        if place[0] != before[0] + 1:
            yield run
            run = []
        run.append(place)
    yield run


class _Merged:
    """Findings in the order in which they began; what is seen again at some of its positions is one finding."""

    def __init__(self) -> None:
        self.findings: list[Phenomenon] = []
        self._keys: list[int] = []

    def add(self, key: int, finding: Phenomenon) -> None:
        for place, before in enumerate(self.findings):
            if self._keys[place] == key and set(before.positions) & set(finding.positions):
                both = tuple(sorted({*before.positions, *finding.positions}))
                self.findings[place] = replace(before, last=finding.last, positions=both)
                return
        self.findings.append(finding)
        self._keys.append(key)


class _Finder:
    """Looks at one committed block. S are its denoising steps, L its positions."""

    def __init__(self, trace: Trace, number: int, parts: np.ndarray) -> None:
        self._trace, self._number = trace, number
        self._block = trace.blocks[number]
        states = trace.states_of(self._block)
        self._states: tuple[CanvasState, ...] = tuple(state for state in states if state.phase is Phase.STEP)
        self._places = [self._block.first + k for k, state in enumerate(states) if state.phase is Phase.STEP]
        self._final, self._answer_length = states[-1].canvas_ids, states[-1].answer_length
        self._is_text = (parts == Part.ANSWER) | (parts == Part.THOUGHT)
        self._texts = np.flatnonzero(self._is_text)
        self._settled = settled_steps(states)

    def findings(self) -> Iterator[Phenomenon]:
        if not self._states:
            return
        yield from self._early_length()
        yield from self._corrections()
        yield from self._intermediates()
        yield from self._smeared_tokens()
        yield from self._smeared_sequences()

    # ---- Length ------------------------------------------------------------------------------------------------------

    def _early_length(self) -> Iterator[Phenomenon]:
        length, many = self._answer_length, len(self._final)
        tolerance = max(LENGTH_LEAST, LENGTH_SHARE * length)
        if many - length <= tolerance or not len(self._texts):
            return  # who expects nothing, and so the whole canvas, would be near enough
        lengths = np.array(expected_lengths(self._trace, self._number))
        off = np.flatnonzero(np.abs(lengths - length) > tolerance)
        step = int(off[-1]) + 1 if len(off) else 0
        if step == len(lengths):
            return
        accepted = int(self._states[step].accepted[self._texts].sum())
        if 2 * accepted < len(self._texts):
            says = (
                f"Step {self._step(step)} expects {lengths[step]:.0f} tokens; the answer has {length}. "
                f"{accepted} of {len(self._texts)} are accepted."
            )
            yield self._finding(Kind.EARLY_LENGTH, step, step, [length], says)

    # ---- Tokens that stood and went ----------------------------------------------------------------------------------

    @cached_property
    def _stands(self) -> tuple[_Stand, ...]:
        """What stood long enough in the text's places and is not the final token."""
        shown = np.array([state.shown_ids() for state in self._states])
        found = []
        for position in self._texts.tolist():
            own = shown[:, position]
            edges = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), len(own)]
            for start, end in pairwise(edges):
                if end - start >= STOOD_STEPS and own[start] != self._final[position]:
                    found.append(_Stand(position, int(own[start]), start, end - 1))
        return tuple(stand for stand in found if self._differs(stand))

    def _differs(self, stand: _Stand) -> bool:
        """Whether its text is another than the final one, blanks aside."""
        return self._text(stand.token).strip() not in ("", self._text(int(self._final[stand.position])).strip())

    def _corrections(self) -> Iterator[Phenomenon]:
        for stand in self._stands:
            states = self._states[stand.start : stand.end + 1]
            written = [k for k, state in enumerate(states, stand.start) if state.accepted[stand.position]]
            near = self._final[max(0, stand.position - MOVED_WITHIN) : stand.position + MOVED_WITHIN + 1]
            behind = self._texts[self._texts > stand.position]
            meanwhile = self._settled_between(behind, written[0], stand.position) if written else 0
            if not written or stand.token in near or meanwhile < MEANWHILE_FEWEST:
                continue
            final = self._quoted(int(self._final[stand.position]))
            says = (
                f"{self._quoted(stand.token)}, accepted at step {self._step(written[0])}, is {final} from step "
                f"{self._settled[stand.position]} on; {meanwhile} tokens behind it settle meanwhile."
            )
            last = min(stand.end + 1, len(self._states) - 1)
            yield self._finding(Kind.CORRECTION, written[0], last, [stand.position], says)

    def _intermediates(self) -> Iterator[Phenomenon]:
        """Neighbours that stood over the same steps are one finding."""
        stands = [stand for stand in self._stands if self._is_intermediate(stand)]
        while stands:
            group = [stands.pop(0)]
            for stand in [*stands]:
                last = group[-1]
                if (stand.position, stand.start, stand.end) == (last.position + 1, last.start, last.end):
                    group.append(stand)
                    stands.remove(stand)
            first = group[0]
            text = clipped("".join(self._text(stand.token) for stand in group), _QUOTE)
            sure = percent(max(map(self._surest, group)))
            says = (
                f"“{text}” stands from step {self._step(first.start)} to {self._step(first.end)}, {sure} sure, while "
                f"{self._meanwhile(first)} tokens near it settle; it "
                "is nowhere in the answer."
            )
            positions = [stand.position for stand in group]
            yield self._finding(Kind.INTERMEDIATE, first.start, first.end, positions, says)

    def _is_intermediate(self, stand: _Stand) -> bool:
        written = {int(state.canvas_ids[stand.position]) for state in self._states if state.accepted[stand.position]}
        return (
            stand.token not in {*written, *self._final[self._texts].tolist(), *self._trace.special}
            and self._surest(stand) >= SURE_PROBABILITY
            and self._meanwhile(stand) >= MEANWHILE_FEWEST
        )

    def _surest(self, stand: _Stand) -> float:
        return max(float(state.probability[stand.position]) for state in self._states[stand.start : stand.end + 1])

    def _meanwhile(self, stand: _Stand) -> int:
        """How many tokens near it settled after its first step, the step that it went at included."""
        near = self._texts[(self._texts != stand.position) & (np.abs(self._texts - stand.position) <= NEAR)]
        settled = self._settled[near]
        return int(((settled > self._step(stand.start)) & (settled <= self._step(stand.end) + 1)).sum())

    def _settled_between(self, positions: Ints, start: int, position: int) -> int:
        """How many settled after a step, and not after the position itself did."""
        settled = self._settled[positions]
        return int(((settled > self._step(start)) & (settled <= self._settled[position])).sum())

    # ---- Smearing ----------------------------------------------------------------------------------------------------

    def _smeared_tokens(self) -> list[Phenomenon]:
        found = _Merged()
        for k, state in enumerate(self._states):
            for token, positions, shares in self._spreads(state):
                says = (
                    f"{self._quoted(token)} is spread over {len(positions)} positions at step {self._step(k)} "
                    f"({', '.join(f'{share:.2f}' for share in shares)}); in the end it stands there once."
                )
                found.add(token, self._finding(Kind.TOKEN_SMEARING, k, k, positions, says))
        return found.findings

    def _spreads(self, state: CanvasState) -> Iterator[tuple[int, list[int], list[float]]]:
        """Tokens that are smeared at a state: their positions, and the probability at each."""
        likely = (state.top_probabilities >= SPREAD_PROBABILITY) & ~state.accepted[:, None]
        likely &= ~np.isin(state.top_ids, sorted(self._trace.special))
        rows, ranks = np.nonzero(likely)
        by_token: dict[int, list[tuple[int, float]]] = {}
        for row, rank in zip(rows.tolist(), ranks.tolist(), strict=True):
            share = float(state.top_probabilities[row, rank])
            by_token.setdefault(int(state.top_ids[row, rank]), []).append((row, share))
        for token, places in by_token.items():
            for run in _neighbours(places) if len(places) >= SPREAD_FEWEST else []:
                positions, shares = [position for position, _ in run], [share for _, share in run]
                fits = SPREAD_FEWEST <= len(run) <= SPREAD_MOST and SPREAD_MASS[0] <= sum(shares) <= SPREAD_MASS[1]
                around = self._final[max(0, positions[0] - 1) : positions[-1] + 2]
                if fits and (around == token).sum() == 1 and self._is_text[positions].all():
                    yield token, positions, shares

    def _smeared_sequences(self) -> list[Phenomenon]:
        found = _Merged()
        for k, state in enumerate(self._states):
            for shift, positions in self._shifted(state):
                text = clipped("".join(self._text(int(state.candidate_ids[place])) for place in positions), _QUOTE)
                side = f"{abs(shift)} position{'s' * (abs(shift) > 1)} to the {'right' if shift > 0 else 'left'}"
                says = f"At step {self._step(k)} “{text}” is also read {side}."
                found.add(shift, self._finding(Kind.SEQUENCE_SMEARING, k, k, positions, says))
        return found.findings

    def _shifted(self, state: CanvasState) -> Iterator[tuple[int, list[int]]]:
        """Shifts at which other candidates repeat the best guesses, and where."""
        length, guesses = len(state.candidate_ids), state.candidate_ids
        others = np.where(state.top_probabilities[:, 1:] >= SHIFTED_PROBABILITY, state.top_ids[:, 1:], -1)
        is_open = self._is_text & ~state.accepted & ~np.isin(guesses, sorted(self._trace.special))
        for shift in SHIFTS:
            source = np.arange(length) - shift
            moved = np.where((source >= 0) & (source < length), guesses[source.clip(0, length - 1)], -2)
            alike = is_open & (guesses != moved) & (others == moved[:, None]).any(axis=1)
            places = np.flatnonzero(alike)
            for run in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1):
                kinds = len(set(moved[run].tolist()))
                ends_as_one = max((self._final[run] == text[run]).mean() for text in (guesses, moved)) if kinds else 0
                if len(run) >= SHIFTED_FEWEST and kinds >= SHIFTED_KINDS and ends_as_one >= SHIFTED_FINAL:
                    yield shift, run.tolist()

    # ---- Words -------------------------------------------------------------------------------------------------------

    def _finding(self, kind: Kind, first: int, last: int, positions: list[int], says: str) -> Phenomenon:
        return Phenomenon(kind, self._number, self._places[first], self._places[last], tuple(positions), says)

    def _step(self, k: int) -> int:
        return self._states[k].step

    def _text(self, token: int) -> str:
        return self._trace.texts[token]

    def _quoted(self, token: int) -> str:
        return f"“{clipped(self._text(token), _QUOTE)}”"
