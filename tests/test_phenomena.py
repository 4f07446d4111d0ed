"""What is found by name: every planted finding, and nothing in a thousand runs without any."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.made_traces import made_trace, stopped_trace
from tests.support.old_recordings import WHY
from tests.support.wandering import EOS, wandering
from visualizer.measure import DEFINITIONS, phenomena
from visualizer.measure.phenomena import Kind, expected_lengths
from visualizer.trace import load_trace


def found(run):
    return [(seen.kind, seen.first, seen.last, seen.positions) for seen in phenomena(run.trace())]


def ordered(seed=7):
    """A run that settles from left to right, three positions a step, the tail last."""
    run = wandering(seed, content=24, tail=8, steps=10)
    run.accepted[:] = False
    for position in range(24):
        run.settle(position, 1 + position // 3)
    for position in range(24, 32):
        run.settle(position, 9)
    return run


def test_nothing_is_found_in_a_thousand_runs_without_anything():
    assert [seed for seed in range(1000) if found(wandering(seed))] == []


def test_nothing_is_found_where_the_text_goes_from_left_to_right():
    assert found(ordered()) == []


def test_an_early_length_is_found_where_it_begins_to_hold():
    run = ordered()
    for position in range(24, 32):
        run.settle(position, 2)
    [(kind, first, last, positions)] = found(run)
    assert (kind, first, last, positions) == (Kind.EARLY_LENGTH, 3, 3, (24,))
    assert "Step 3 expects 24 tokens; the answer has 24. 6 of 24 are accepted." in phenomena(run.trace())[0].says


def test_a_length_that_is_lost_again_is_not_known_yet():
    run = ordered()
    for position in range(24, 32):
        run.settle(position, 2)
        run.guesses[8, position], run.probability[8, position], run.accepted[8, position] = 5000, 0.9, False
    assert found(run) == []


def test_a_canvas_that_is_full_but_for_little_expects_nothing():
    run = wandering(3, content=28, tail=2)
    for position in (28, 29):
        run.settle(position, 0)
    assert found(run) == []


def test_the_expected_length_sums_what_has_not_ended():
    run = ordered()
    run.guesses[0, 24:], run.probability[0, 24:] = EOS, 0.5
    run.others[0, 23], run.other_probability[0, 23] = EOS, 0.25
    assert expected_lengths(run.trace(), 0)[0] == pytest.approx(24 + 8 / 2 - 0.25)


def test_the_recorded_probability_of_an_end_is_taken_where_there_is_one():
    trace = ordered().trace()
    states = [replace(state, ending=np.full(32, 0.5, np.float32)) for state in trace.states]
    assert expected_lengths(replace(trace, states=tuple(states)), 0)[0] == 16


def test_a_correction_is_found_that_waited_for_what_stands_behind():
    run = ordered()
    run.settle(2, 1, token=77)
    run.settle(2, 6)
    [(kind, first, last, positions)] = found(run)
    assert (kind, first, last, positions) == (Kind.CORRECTION, 2, 7, (2,))


@pytest.mark.parametrize("why", ["nothing settled behind it", "it moved by one", "the same was there before"])
def test_what_is_no_correction_is_not_called_one(why):
    run = ordered()
    place, token = (21, 77) if why == "nothing settled behind it" else (2, 77)
    if why == "it moved by one":
        token = run.final[3] = 77
        run.settle(3, 2)
    if why == "the same was there before":
        token = run.final[place]
    run.settle(place, place // 3 + 1, token=token)
    run.accepted[4, place] = False
    run.settle(place, 8)
    assert found(run) == []


def test_intermediate_tokens_are_found_and_neighbours_are_one_finding():
    run = ordered()
    for position in (18, 19):
        run.guesses[2:5, position], run.probability[2:5, position] = 600 + position, 0.95
    assert found(run) == [(Kind.INTERMEDIATE, 3, 5, (18, 19))]


@pytest.mark.parametrize("why", ["unsure", "in the answer", "for one step"])
def test_a_guess_that_proves_nothing_is_no_intermediate_token(why):
    run = ordered()
    run.guesses[2:5, 18], run.probability[2:5, 18] = 600, 0.95
    if why == "unsure":
        run.probability[2:5, 18] = 0.8
    if why == "in the answer":
        run.guesses[2:5, 18] = run.final[3]
    if why == "for one step":
        run.guesses[3, 18] = 601
        run.guesses[4, 18] = 602
    assert found(run) == []


def smeared(token=77, count=4, share=0.3):
    run = ordered()
    run.final[20] = token
    run.settle(20, 7)
    run.others[1:3, 18 : 18 + count], run.other_probability[1:3, 18 : 18 + count] = token, share
    return run


def test_a_smeared_token_is_found_over_its_steps():
    assert found(smeared()) == [(Kind.TOKEN_SMEARING, 2, 3, (18, 19, 20, 21))]


def test_a_word_that_is_likely_at_two_places_or_faintly_at_many_is_not_smeared():
    assert found(smeared(count=2)) == []
    assert found(smeared(share=0.09)) == []
    assert found(smeared(count=6, share=0.4)) == []  # more than one token's worth


def test_a_word_that_comes_twice_is_not_smeared():
    run = smeared()
    run.final[19] = 77
    run.settle(19, 7)
    assert found(run) == []


def shifted(tokens=(51, 52, 53, 54, 55)):
    run = ordered()
    for offset, token in enumerate(tokens):
        run.final[15 + offset] = token
        run.settle(15 + offset, 6)
        run.guesses[2, 15 + offset] = token
        run.others[2, 16 + offset], run.other_probability[2, 16 + offset] = token, 0.3
    return run


def test_two_alignments_are_found():
    assert found(shifted()) == [(Kind.SEQUENCE_SMEARING, 3, 3, (16, 17, 18, 19, 20))]


def test_a_repeated_word_is_no_alignment():
    assert found(shifted(tokens=(51, 52, 51, 52, 51))) == []


def test_a_run_that_was_stopped_has_no_findings():
    trace = smeared().trace()
    assert phenomena(stopped_trace(trace, len(trace.states) - 1)) == ()
    assert phenomena(stopped_trace(trace, 0)) == ()


def test_a_run_of_several_blocks_is_looked_at_block_by_block():
    assert phenomena(made_trace([" a", " b"], blocks=2)) == ()


def test_a_recording_of_the_pocket_has_what_can_be_seen_in_it():
    seen = phenomena(load_trace(WHY))
    assert [(one.kind, one.first, one.positions) for one in seen][:3] == [
        (Kind.EARLY_LENGTH, 1, (42,)),
        (Kind.CORRECTION, 1, (32,)),
        (Kind.CORRECTION, 8, (30,)),
    ]
    assert all(0 <= one.first <= one.last and np.all(np.diff(one.positions) > 0) for one in seen)


def test_every_kind_has_its_definition():
    assert list(DEFINITIONS) == list(Kind)
