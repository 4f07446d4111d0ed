"""Settle steps, on canvases of a few positions."""

import numpy as np
import pytest

from visualizer.trace.canvas import CanvasState, Phase
from visualizer.trace.settled import settled_steps


def state(ids, accepted, step, phase=Phase.STEP, block=0):
    zeros = np.zeros(len(ids), dtype=np.float32)
    none = np.zeros((len(ids), 0))
    return CanvasState(
        canvas_ids=np.array(ids, dtype=np.int32), candidate_ids=np.array(ids, dtype=np.int32),
        accepted=np.array(accepted, dtype=bool), entropy_nats=zeros, probability=zeros, top_ids=none,
        top_probabilities=none, block=block, step=step, max_steps=48, phase=phase, temperature=0.5, elapsed_ms=0.0,
        answer_length=len(ids),
    )  # fmt: skip


def run(*steps, committed):
    """One position: (id, accepted) of each step, and the committed id."""
    states = [state([0], [False], 0, Phase.NOISE)]
    states += [state([token], [accepted], number) for number, (token, accepted) in enumerate(steps, start=1)]
    return [*states, state([committed], [True], len(steps), Phase.COMMIT)]


@pytest.mark.parametrize(
    ("label", "states", "settled"),
    [
        ("accepted at once", run((7, True), (7, True), committed=7), 1),
        ("accepted later", run((3, False), (7, True), (7, True), committed=7), 2),
        ("noise that happens to be the right token", run((7, False), (7, True), committed=7), 2),
        ("back to noise and accepted again", run((7, True), (4, False), (7, True), committed=7), 3),
        ("accepted with another token first", run((5, True), (7, True), committed=7), 2),
        ("never accepted before the commit", run((5, False), (4, False), committed=7), 3),
        ("noise again at the last step", run((7, True), (4, False), committed=7), 3),
        ("flips at the commit", run((5, True), (5, True), committed=7), 3),
        ("stopped without a commit", run((3, False), (7, True), committed=7)[:-1], 2),
        ("stopped before it was accepted", run((3, False), (7, False), committed=7)[:-1], 3),
    ],
)
def test_a_position_settles_where_its_last_unbroken_acceptance_begins(label, states, settled):
    assert settled_steps(states).tolist() == [settled], label


def test_every_position_settles_on_its_own():
    first, second = state([7, 1], [True, False], 1), state([7, 8], [True, True], 2)
    commit = state([7, 8], [True, True], 2, Phase.COMMIT)
    assert settled_steps([first, second, commit]).tolist() == [1, 2]


@pytest.mark.parametrize("states", [[], [state([1], [True], 1), state([1], [True], 1, block=1)]], ids=["none", "two"])
def test_states_of_none_or_of_two_blocks_are_refused(states):
    with pytest.raises(ValueError, match="one block"):
        settled_steps(states)
