"""Constraints over a recording: met, lost again, and from which state."""

from dataclasses import replace

import numpy as np

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from visualizer.bundled import ASSETS_FOLDER
from visualizer.measure import scoreboard
from visualizer.measure.scoreboard import StandingText
from visualizer.trace import load_trace, trace_parts

ACROSTIC = "Write an acrostic with the letters C, A."


def turns(trace):
    return {score.check.label: score.turns for score in scoreboard(trace)}


def standing_texts(trace):
    text, parts = StandingText(), trace_parts(trace)
    return [text.read(state, trace.shown_texts(index), parts[index]) for index, state in enumerate(trace.states)]


def test_a_check_is_met_from_the_state_at_which_it_holds():
    trace = landing_trace(["C", "alm", "\n", "A", "ir"], [2, 3, 1, 1, 4], ACROSTIC)
    assert turns(trace) == {"C": (2,), "A": (1,), "two lines": (2,)}
    assert all(score.is_met for score in scoreboard(trace))


def test_a_check_that_is_lost_says_so_and_may_be_met_again():
    trace = landing_trace(["C", "alm", "\n", "A", "ir"], [1, 1, 1, 1, 4], ACROSTIC)
    states = list(trace.states)
    states[2] = replace(states[2], accepted=states[2].accepted & np.array([False, True, True, True, True]))
    lost = replace(trace, states=tuple(states))
    assert turns(lost)["C"] == (1, 2, 3)
    [first, *_] = scoreboard(stopped_trace(lost, 3))
    assert (first.turns, first.is_met) == ((1, 2), False)


def test_the_text_of_a_state_is_what_stands_and_noise():
    trace = landing_trace(["C", "alm", "<eos>"], [2, 1, 1], special=["<eos>"])
    assert standing_texts(trace) == ["░░", "░alm", "Calm", "Calm"]


def test_what_earlier_blocks_wrote_stands_before():
    trace = made_trace(["a ", "b "], steps=2, blocks=2, vocabulary=("x",))
    texts = standing_texts(trace)
    assert texts[-1] == "a b a b "
    assert all(text.startswith("a b ") for text in texts[len(texts) // 2 :])


def test_a_prompt_without_constraints_has_no_scoreboard():
    assert scoreboard(made_trace(["a"])) == ()


def test_the_recorded_acrostic_stands_from_its_first_step():
    scores = scoreboard(load_trace(ASSETS_FOLDER / "recordings" / "acrostic.jsonl.gz"))
    assert [score.check.label for score in scores] == [*"OCEANS", "six lines"]
    assert {score.turns for score in scores} == {(1,)}
