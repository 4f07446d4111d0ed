"""The order of a run as figures: hand-made orders, scipy's tau-b, and the control that others have published."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from visualizer.bundled import ASSETS_FOLDER
from visualizer.measure import commit_steps, order_figures, order_of
from visualizer.trace import load_trace


def landed(steps, tail=0):
    """A run whose words are accepted at these steps, with a tail accepted at once."""
    ends = ["<eos>", *["<pad>"] * (tail - 1)] if tail else []
    cells = [*[f" w{number}" for number in range(len(steps))], *ends]
    return landing_trace(cells, [*steps, *[1] * tail], special=["<eos>"] if tail else ())


def ordered(steps, tail=0):
    return order_of(landed(steps, tail))


@pytest.mark.parametrize(
    ("steps", "tau"),
    [([1, 2, 3, 4], 1), ([4, 3, 2, 1], -1), ([1, 2, 2, 1], 0), ([3, 3, 3], None), ([1], None), ([2, 4, 1, 3], 0)],
)
def test_left_to_right_is_one_and_backwards_minus_one(steps, tau):
    assert ordered(steps).tau == (pytest.approx(tau) if tau is not None else None)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=40), st.integers(0, 20))
def test_tau_is_scipys_whatever_the_ties_and_the_tail(steps, tail):
    tau = ordered(steps, tail).tau
    expected = kendalltau(steps, range(len(steps))).statistic
    assert (tau is None and np.isnan(expected)) or tau == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.integers(1, 9), min_size=20, max_size=150))
def test_tau_of_bins_is_scipys_of_their_first_tokens(steps):
    earliest = [min(steps[start : start + 8]) for start in range(0, len(steps), 8)]
    expected = kendalltau(earliest, range(len(earliest))).statistic
    tau = ordered(steps).bin_taus[1]
    assert (tau is None and np.isnan(expected)) or tau == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("content", [128, 160, 190])
def test_strict_blocks_of_sixteen_score_what_was_published_on_a_canvas_of_256(content):
    order = ordered([1 + position // 16 for position in range(content)], tail=256 - content)
    assert 0.935 < order.control < 0.965
    assert order.tau == pytest.approx(order.control)


def test_pairs_of_two_blocks_are_none():
    trace = made_trace([" a", " b"], steps=2, blocks=2)
    backwards = [replace(state, accepted=np.array(accepted)) for state, accepted in zip(
        trace.states, 2 * [[False, False], [False, True], [True, True], [True, True]], strict=True)]  # fmt: skip
    assert order_of(replace(trace, states=tuple(backwards))).tau == -1


def test_what_was_accepted_once_was_committed_then_whatever_came_of_it():
    trace = landed([1, 2, 3, 4])
    states = list(trace.states)
    states[2] = replace(states[2], accepted=np.array([False, True, False, False]))
    order = order_of(replace(trace, states=tuple(states)))
    assert (order.tau, order.unaccepts, order.content_unaccepts) == (1, 1, 1)


def test_a_tail_that_is_taken_back_is_counted_apart():
    trace = landed([1, 2, 3], tail=2)
    states = list(trace.states)
    states[2] = replace(states[2], accepted=np.array([True, True, False, True, False]))
    order = order_of(replace(trace, states=tuple(states)))
    assert (order.tokens, order.unaccepts, order.content_unaccepts) == (3, 1, 0)


def test_what_comes_with_the_commit_comes_last_and_has_no_entropy():
    trace = landed([1, 1, 2])
    states = [replace(state, entropy_nats=np.float32([0.2, 0.4, 9])) for state in trace.states]
    states[2] = replace(states[2], accepted=np.array([True, True, False]))
    trace = replace(trace, states=(*states[:-1], replace(states[-1], accepted=np.ones(3, dtype=bool))))
    assert [steps.tolist() for steps in commit_steps(trace)] == [[1, 1, 3]]
    assert order_of(trace).entropy_nats == pytest.approx(0.3)


def test_what_a_draft_pinned_is_no_content():
    trace = landed([1, 2, 3])
    pinned = np.array([True, False, False])
    trace = replace(trace, states=tuple(replace(state, pinned=pinned) for state in trace.states))
    assert order_of(trace).tokens == 2


def test_a_stopped_run_is_measured_as_far_as_it_came():
    order = order_of(stopped_trace(landed([1, 2, 3, 4]), 3))
    assert (order.tokens, order.steps, order.tau) == (2, 2, 1)
    assert order_of(stopped_trace(landed([1, 2]), 0)).tokens == 0


def test_one_token_a_step_from_the_left_is_all_autoregressive():
    order = ordered([1, 2, 3, 4, 5])
    assert order.local == order.global_ == ((1, 1),) * 3
    assert (order.same_step_share, order.tokens_a_step) == (0, 1)


@pytest.mark.parametrize(
    ("steps", "local", "global_"),
    [
        ([5, 4, 3, 2, 1], [(0, 0), (0, 0), (0, 0)], [(0.2, 0.2), (0.4, 0.4), (0.8, 0.8)]),
        ([1, 2, 5, 3, 4], [(0.5, 0.5), (0, 0), (0, 0)], [(0.6, 0.6), (1, 1), (1, 1)]),
        ([1, 1, 1, 1, 1], [(0, 1), (0, 1), (0, 1)], [(0.2, 1), (0.4, 1), (0.8, 1)]),
    ],
)
def test_local_and_global_ar_ness_of_orders_written_down(steps, local, global_):
    order = ordered(steps)
    assert np.allclose(order.local, local)
    assert np.allclose(order.global_, global_)


@given(st.permutations(range(1, 13)))
def test_both_readings_agree_where_each_step_brings_one_token(steps):
    order = ordered(steps)
    assert all(low == high for low, high in (*order.local, *order.global_))
    assert list(order.local) == sorted(order.local, reverse=True)
    assert list(order.global_) == sorted(order.global_)


def test_pairs_of_one_step_are_a_share_of_all():
    assert ordered([1, 1, 1, 2]).same_step_share == 0.5


def test_every_figure_says_what_it_counts():
    figures = order_figures(order_of(load_trace(ASSETS_FOLDER / "recordings" / "palindrome.jsonl.gz")))
    assert [figure.value for figure in figures][:4] == ["0.30", "0.91", "0.40 · 0.43 · 0.58", "43 %"]
    assert all(figure.about.endswith(".") for figure in figures)
    assert all(set(figure.value) <= set("–0. ·1nats") for figure in order_figures(ordered([1])))
