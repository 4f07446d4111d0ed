"""What a run has done at each state, and who took fewer passes and less time."""

from dataclasses import replace

import pytest

from tests.support.trace_samples import growing_run
from visualizer.measure import Score, scores_of, times_apart, verdict
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


@pytest.mark.parametrize(
    ("device", "started_at", "why"),
    [
        ("Metal, Darwin arm64, bfloat16", "2026-01-01T00:00:00Z", "one ran on CPU, Linux x86_64, the other on Metal"),
        (
            "CPU, Linux x86_64",
            "2026-01-03T00:00:00Z",
            "they ran on 2026-01-01 and 2026-01-03, perhaps on other machines",
        ),
        ("CPU, Linux x86_64", "once", "one does not say when it ran"),
        ("CPU, Linux x86_64, float32", "2026-01-01T08:00:00Z", ""),
    ],
)
def test_times_of_other_machines_or_days_are_not_compared(device, started_at, why):
    denoised, typed = run_of(2), run_of(4, Writing.TYPED)
    denoised = replace(
        denoised, info=replace(denoised.info, device="CPU, Linux x86_64", started_at="2026-01-01T00:00:00Z")
    )
    typed = replace(typed, info=replace(typed.info, device=device, started_at=started_at))
    assert why in times_apart(denoised.info, typed.info)
    assert bool(times_apart(denoised.info, typed.info)) == bool(why)
    assert len(verdict(denoised, typed)) == (1 if why else 2)


def test_a_side_that_did_not_end_has_not_lost():
    stopped = replace(run_of(4, Writing.TYPED), ended="stopped")
    assert verdict(run_of(2), stopped) == ("no winner: the typed side was stopped",)
