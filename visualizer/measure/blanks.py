"""What the first step thinks of the blanks of a canvas that was written on: the stretches between what is held."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from visualizer.measure.phenomena import Kind, Phenomenon, ending_ids, percent
from visualizer.measure.quoting import clipped
from visualizer.trace import Phase, Trace

_PLACES, _RANKS, _LEAST = 6, 3, 0.01
"""So many positions of a blank are told in words, and of each so many tokens that are at least so probable."""
_QUOTE = 16


def blanks(trace: Trace) -> tuple[Phenomenon, ...]:
    """The blanks of every block whose first step there is, in order; each is seen at that step."""
    pinned, ends = trace.info.draft.pinned, ending_ids(trace)
    held_until = max((place + 1 for place, token_id in pinned.items() if token_id not in ends), default=0)
    return tuple(
        Phenomenon(Kind.BLANK, number, block.first + 1, block.first + 1, here, _says(trace, block.first + 1, here))
        for number, block in enumerate(trace.blocks)
        if block.first < block.last and trace.states[block.first + 1].phase is Phase.STEP
        for here in _stretches(
            place for place in range(block.length)
            if block.offset + place < held_until and block.offset + place not in pinned
        )
    )  # fmt: skip


def _stretches(places: Iterator[int]) -> Iterator[tuple[int, ...]]:
    """Neighbours in groups."""
    for _, group in groupby(enumerate(places), lambda entry: entry[1] - entry[0]):
        yield tuple(place for _, place in group)


def _says(trace: Trace, index: int, places: tuple[int, ...]) -> str:
    state = trace.states[index]
    told = []
    for place in places[:_PLACES]:
        ranked = zip(state.top_ids[place].tolist(), state.top_probabilities[place].tolist(), strict=True)
        likely = [f"“{_text(trace, token)}” {percent(share)}" for token, share in ranked if share >= _LEAST][:_RANKS]
        told.append(", ".join(likely) or "nothing above 1\u00a0%")
    more = f" · and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    mean = float(state.entropy_nats[list(places)].mean())
    return f"{len(places)} {'position' if len(places) == 1 else 'positions'}, {mean:.2f} nats in the mean: " + (
        " · ".join(told) + more
    )


def _text(trace: Trace, token_id: int) -> str:
    text = trace.texts[token_id]
    return clipped(text, _QUOTE) or ("⏎" if "\n" in text else "␣")
