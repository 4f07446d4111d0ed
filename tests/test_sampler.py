"""The sampler's pure steps, worked by hand and against a plain reference."""

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.model.sampler import (
    accept_by_confidence,
    accept_by_entropy,
    draw_noise,
    has_settled,
    schedule_temperature,
)

# Multiples of 1/64: sums of a few hundred of them are exact in float32.
SIXTY_FOURTHS = st.integers(0, 512).map(lambda count: count / 64)


def test_the_schedule_starts_at_its_highest_temperature_and_ends_one_stride_above_its_lowest():
    temperatures = [schedule_temperature(step, 4, t_min=0.4, t_max=0.8) for step in (1, 2, 3, 4)]
    assert temperatures == pytest.approx([0.8, 0.7, 0.6, 0.5])


def test_a_schedule_of_one_step_is_at_its_highest_temperature():
    assert schedule_temperature(1, 1, t_min=0.4, t_max=0.8) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("label", "entropies", "bound", "accepted"),
    [
        # Ascending 0, 1, 2, 4: the sums less the largest are 0, 0, 1, 3.
        ("a bound of nothing takes two: the largest is not counted", [4, 0, 2, 1], 0, [0, 1, 0, 1]),
        ("just below the next sum", [4, 0, 2, 1], 0.99, [0, 1, 0, 1]),
        ("exactly the next sum", [4, 0, 2, 1], 1, [0, 1, 1, 1]),
        ("all", [4, 0, 2, 1], 3, [1, 1, 1, 1]),
        ("only the surest of uncertain ones", [5, 3, 4], 0.1, [0, 1, 0]),
        ("one position", [7], 0, [1]),
        ("certain everywhere", [0, 0, 0], 0, [1, 1, 1]),
    ],
)
def test_the_surest_positions_are_accepted_within_the_bound(label, entropies, bound, accepted):
    result = accept_by_entropy(mx.array(entropies, dtype=mx.float32), bound)
    assert result.dtype == mx.bool_
    assert result.tolist() == [bool(flag) for flag in accepted], label


@given(st.lists(SIXTY_FOURTHS, min_size=1, max_size=40), SIXTY_FOURTHS)
def test_entropy_acceptance_agrees_with_a_plain_reference(entropies, bound):
    accepted = accept_by_entropy(mx.array(entropies, dtype=mx.float32), bound).tolist()
    ascending = sorted(entropies)
    count = sum(sum(ascending[:taken]) <= bound for taken in range(len(ascending)))
    taken = [entropy for entropy, flag in zip(entropies, accepted, strict=True) if flag]
    assert sorted(taken) == ascending[:count]


@given(st.lists(st.floats(0, 12.5, width=32), min_size=1, max_size=40), st.floats(0, 100, width=32))
def test_at_least_one_position_is_accepted_and_the_bound_holds_for_any_entropies(entropies, bound):
    accepted = np.array(accept_by_entropy(mx.array(entropies, dtype=mx.float32), bound))
    assert accepted.any()
    taken = np.float64(entropies)[accepted]
    assert taken.sum() - taken.max() <= bound + 1e-3


@pytest.mark.parametrize(
    ("label", "probability", "before", "last_step", "after"),
    [
        ("what is probable enough", [0.9, 0.95, 0.2], [0, 0, 0], False, [1, 1, 0]),
        ("what was accepted stays, however improbable now", [0.1, 0.95, 0.2], [1, 0, 0], False, [1, 1, 0]),
        ("the surest when none is probable enough", [0.3, 0.1, 0.5], [0, 0, 0], False, [0, 0, 1]),
        ("the surest open one, not the surest of all", [0.3, 0.1, 0.99], [0, 0, 1], False, [1, 0, 1]),
        ("nothing is forced when one is probable enough", [0.91, 0.1, 0.5], [0, 0, 0], False, [1, 0, 0]),
        ("one of equals", [0.5, 0.5, 0.5], [0, 0, 0], False, [1, 0, 0]),
        ("an improbable one when all are", [0.0, 0.0, 0.0], [1, 0, 0], False, [1, 1, 0]),
        ("nothing is left", [0.1, 0.1, 0.1], [1, 1, 1], False, [1, 1, 1]),
        ("the last step takes all", [0.0, 0.1, 0.2], [0, 0, 0], True, [1, 1, 1]),
    ],
)
def test_confidence_acceptance_takes(label, probability, before, last_step, after):
    result = accept_by_confidence(mx.array(probability), mx.array(before).astype(mx.bool_), 0.9, last_step)
    assert result.tolist() == [bool(flag) for flag in after], label


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=20), st.floats(0, 1))
def test_confidence_acceptance_keeps_everything_and_always_advances(positions, threshold):
    probability, before = zip(*positions, strict=True)
    after = accept_by_confidence(mx.array(probability), mx.array(before), threshold, last_step=False).tolist()
    assert all(now for now, was in zip(after, before, strict=True) if was)
    assert sum(after) > sum(before) or all(before)


def test_noise_depends_on_the_key_alone():
    first, again = (draw_noise(64, 1000, mx.random.key(3)).tolist() for _ in range(2))
    assert first == again
    assert draw_noise(64, 1000, mx.random.key(4)).tolist() != first


def test_noise_is_spread_over_the_whole_vocabulary():
    noise = draw_noise(4000, 8, mx.random.key(0))
    assert noise.dtype == mx.int32
    assert np.bincount(np.array(noise), minlength=8).min() > 400
    assert sorted(set(noise.tolist())) == list(range(8))


@pytest.mark.parametrize(
    ("label", "history", "now", "stability_steps", "entropy", "settled"),
    [
        ("no step before", [], [1, 2], 1, 0.0, False),
        ("the same as before, and sure", [[1, 2]], [1, 2], 1, 0.0, True),
        ("the same as before, but unsure", [[1, 2]], [1, 2], 1, 0.2, False),
        ("exactly at the limit", [[1, 2]], [1, 2], 1, 0.125, False),
        ("sure, but one position differs", [[1, 3]], [1, 2], 1, 0.0, False),
        ("the same as before, once of two times", [[1, 2]], [1, 2], 2, 0.0, False),
        ("the same as the last two", [[1, 2], [1, 2]], [1, 2], 2, 0.0, True),
        ("the same as one of the last two", [[1, 3], [1, 2]], [1, 2], 2, 0.0, False),
        ("what lies further back does not count", [[9, 9], [1, 2]], [1, 2], 1, 0.0, True),
    ],
)
def test_the_stop_rule(label, history, now, stability_steps, entropy, settled):
    entropies = mx.array([0.0, 2 * entropy])
    before = [mx.array(ids) for ids in history]
    assert has_settled(before, mx.array(now), stability_steps, entropies, stop_entropy=0.125).item() is settled, label
