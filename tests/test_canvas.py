"""Cell states and marks, derived from two states of a few positions."""

import numpy as np
from hypothesis import given

from tests.support.canvas_samples import state_sequences, tiny_state
from visualizer.trace.canvas import CellState, Phase, cell_states, changed, reverted

MASKED, NEW, DRAFT, COMMITTED = CellState


def test_a_position_that_was_not_accepted_is_masked():
    assert cell_states(None, tiny_state([5, 6], [False, False])).tolist() == [MASKED, MASKED]


def test_the_first_acceptance_is_new():
    before, now = tiny_state([5, 6], [False, True]), tiny_state([5, 6], [True, True])
    assert cell_states(before, now).tolist() == [NEW, DRAFT]


def test_noise_that_equals_the_accepted_token_does_not_make_it_old():
    before, now = tiny_state([5], [False]), tiny_state([5], [True])
    assert cell_states(before, now).tolist() == [NEW]
    assert not changed(before, now).any()


def test_noise_that_gives_way_to_a_token_is_not_a_change():
    before, now = tiny_state([9], [False]), tiny_state([5], [True])
    assert cell_states(before, now).tolist() == [NEW]
    assert not changed(before, now).any()


def test_an_accepted_position_with_another_token_is_new_and_marked_as_changed():
    before, now = tiny_state([5, 6], [True, True]), tiny_state([9, 6], [True, True])
    assert cell_states(before, now).tolist() == [NEW, DRAFT]
    assert changed(before, now).tolist() == [True, False]
    assert not reverted(before, now).any()


def test_a_reverted_position_goes_back_to_noise():
    before, now = tiny_state([5, 6], [True, False]), tiny_state([9, 7], [False, False])
    assert cell_states(before, now).tolist() == [MASKED, MASKED]
    assert reverted(before, now).tolist() == [True, False]
    assert not changed(before, now).any()


def test_a_commit_makes_every_position_white_and_shows_the_flips():
    before = tiny_state([5, 6, 7], [True, True, False])
    commit = tiny_state([5, 9, 7], [True] * 3, Phase.COMMIT)
    assert cell_states(before, commit).tolist() == [COMMITTED] * 3
    assert changed(before, commit).tolist() == [False, True, False]
    assert not reverted(before, commit).any()


def test_a_block_owes_nothing_to_the_one_before():
    before = tiny_state([5, 6], [True, True], Phase.COMMIT, block=0)
    now = tiny_state([5, 9], [True, False], block=1)
    assert cell_states(before, now).tolist() == [NEW, MASKED]
    assert not changed(before, now).any()
    assert not reverted(before, now).any()


def test_without_a_state_before_nothing_is_marked():
    now = tiny_state([5, 6], [True, False])
    assert not changed(None, now).any()
    assert not reverted(None, now).any()


def test_the_mean_entropy_is_over_the_canvas():
    state = tiny_state([5, 6], [True, False], entropy_nats=np.array([0.5, 1.5], dtype=np.float32))
    assert state.mean_entropy_nats == 1.0


@given(state_sequences())
def test_masked_means_not_accepted_and_marks_exclude_each_other(states):
    for before, now in zip([None, *states], states, strict=False):
        cells, back, moved = cell_states(before, now), reverted(before, now), changed(before, now)
        assert cells.dtype == np.uint8 and back.dtype == moved.dtype == bool
        if now.phase is Phase.COMMIT:
            assert (cells == COMMITTED).all()
        else:
            assert ((cells == MASKED) == ~now.accepted).all()
            assert not (moved & (cells != NEW)).any()
        assert not (back & moved).any()
        assert not (back & now.accepted).any()
        assert not (moved & ~now.accepted).any()
