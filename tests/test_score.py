"""What a run has done at each state, and who took fewer passes and less time."""

from dataclasses import replace

from tests.support.trace_samples import growing_run
from visualizer.measure import Score, scores_of, verdict
from visualizer.trace import Writing, typed_out


def run_of(steps, writing=Writing.DENOISED, seconds_a_step=0.1):
    trace = growing_run(["a", " b", " c", " d"], steps=steps)
    states = tuple(replace(state, elapsed_ms=1000 * seconds_a_step * state.step) for state in trace.states)
    return replace(trace, states=states, info=replace(trace.info, writing=writing))


def test_passes_are_counted_over_all_blocks_and_a_commit_is_none():
    scores = scores_of(growing_run(["a", " b", " c", " d"], steps=2, blocks=2))
    assert [score.passes for score in scores] == [0, 1, 2, 2, 2, 3, 4, 4]
    assert [score.tokens for score in scores] == [0, 1, 2, 2, 2, 3, 4, 4]
    assert scores[1].seconds == 0.1


def test_what_was_drawn_has_no_seconds():
    assert scores_of(typed_out(run_of(2)))[-1] == Score(4, 4, None)


def test_passes_and_time_have_each_their_winner():
    denoised, typed = run_of(2, seconds_a_step=1.0), run_of(4, Writing.TYPED, seconds_a_step=0.1)
    told = ("fewer forward passes: denoised, 2 to 4", "less time: typed, 0.40 s to 2.00 s")
    assert verdict(denoised, typed) == told
    assert verdict(typed, denoised) == told


def test_a_tie_is_called_one():
    assert verdict(run_of(4), run_of(4, Writing.TYPED))[0] == "fewer forward passes: neither, 4 to 4"


def test_of_a_drawn_side_only_the_passes_are_compared():
    assert verdict(run_of(2), typed_out(run_of(2))) == ("fewer forward passes: denoised, 2 to 4 if typed",)
