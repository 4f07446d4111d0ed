"""Drafts made of a recording: what stands is held, thrown back, written over, gone on with."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.canvas_samples import tiny_state
from tests.support.trace_samples import run_info
from visualizer.draft import Draft
from visualizer.errors import SettingsError
from visualizer.trace import SelfConditioning, Trace, go_on, hold, throw_back, write
from visualizer.trace.canvas import Phase

RANKS = {"top_ids": np.int32([[7, 8], [9, 8], [6, 7]]),
         "top_probabilities": np.float32([[0.6, 0.2], [1.0, 0.0], [0.3, 0.1]])}  # fmt: skip


def recorded(max_tokens=9):
    """Two blocks of three positions: 11 12 13 committed, then a step in which the middle one is noise."""
    states = (
        tiny_state([1, 2, 3], [False] * 3, Phase.NOISE, step=0),
        tiny_state([11, 12, 13], [True] * 3, step=1),
        tiny_state([11, 12, 13], [True] * 3, Phase.COMMIT, step=1),
        tiny_state([4, 5, 6], [False] * 3, Phase.NOISE, step=0, block=1),
        tiny_state([14, 99, 16], [True, False, True], [Phase.STEP][0], block=1, step=1, **RANKS),
    )
    texts = {token_id: str(token_id) for state in states for token_id in state.token_ids()}
    info = run_info(canvas_length=8, max_tokens=max_tokens, seed=5)
    return Trace(info, states, texts, frozenset(), ({},) * 5, ("11 12 13",), "stopped")


def test_what_is_held_stays_and_all_else_is_noise():
    draft = hold(recorded(), 4, [5, 1])
    assert (dict(draft.pinned), draft.seeded, draft.conditioning) == ({1: 12, 5: 16}, {}, {})
    assert draft.origin == "held 2 positions of step 1 of block 2, seed 5"


def test_what_is_thrown_back_is_noise_and_all_else_that_stands_stays():
    draft = throw_back(recorded(), 4, [1, 3])
    assert dict(draft.pinned) == {0: 11, 2: 13, 5: 16}
    assert dict(throw_back(recorded(), 2, [0]).pinned) == {1: 12, 2: 13}


def test_what_is_written_over_stays_with_all_else():
    assert dict(write(recorded(), 4, [4, 0], [50, 51]).pinned) == {0: 51, 1: 12, 2: 13, 3: 14, 4: 50, 5: 16}


def test_a_run_goes_on_from_a_state_with_its_tokens_and_what_it_knew():
    draft = go_on(recorded(), 4)
    assert (dict(draft.pinned), dict(draft.seeded)) == ({0: 11, 1: 12, 2: 13}, {3: 14, 5: 16})
    assert {place: [token_id for token_id, _ in ranks] for place, ranks in draft.conditioning.items()} == {
        3: [7, 8], 4: [9], 5: [6, 7]
    }  # fmt: skip
    assert draft.conditioning[3][0][1] == pytest.approx(0.75)
    assert draft.origin == "gone on from step 1 of block 2, seed 5, self-conditioning: top-k"


def test_what_was_held_is_held_when_the_run_goes_on():
    trace = recorded()
    trace = replace(trace, info=replace(trace.info, draft=Draft({3: 14, 5: 16})))
    assert dict(go_on(trace, 4).pinned) == {0: 11, 1: 12, 2: 13, 3: 14, 5: 16}
    assert (dict(go_on(trace, 4, [3]).pinned)[5], go_on(trace, 4, [3]).seeded) == (16, {})


def test_a_run_goes_on_without_some_places_and_without_what_it_knew():
    draft = go_on(recorded(), 4, [3, 4])
    assert (dict(draft.seeded), set(draft.conditioning)) == ({5: 16}, {5})
    untold = go_on(recorded(), 4, [3], SelfConditioning.NONE)
    assert (dict(untold.seeded), untold.conditioning) == ({5: 16}, {})
    assert go_on(recorded(), 3).conditioning == {}


def test_what_lies_beyond_the_budget_does_not_stand():
    assert dict(hold(recorded(max_tokens=6), 4, [5]).pinned) == {5: 16}
    with pytest.raises(SettingsError, match="Nothing stands at position 6"):
        hold(recorded(max_tokens=5), 4, [5])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda trace: hold(trace, 4, []), "Choose at least one position"),
        (lambda trace: hold(trace, 4, [4]), "Nothing stands at position 5"),
        (lambda trace: throw_back(trace, 2, [3]), "Nothing stands at position 4"),
        (lambda trace: go_on(trace, 4, [6]), "Nothing stands at position 7"),
        (lambda trace: write(trace, 4, [3, 4], [50, 51, 52]), "The text takes 3 positions, and 2 are chosen"),
    ],
    ids=["no place", "noise held", "beyond the canvas", "gone on beyond it", "a text that does not fit"],
)
def test_what_cannot_be_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(SettingsError, match=sentence):
        make(recorded())
