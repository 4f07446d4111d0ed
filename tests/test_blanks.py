"""The blanks of a canvas that was written on, and what the first step thought of them."""

from dataclasses import replace

import numpy as np

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from visualizer.draft import Draft
from visualizer.measure import blanks
from visualizer.player.report import report_of


def with_draft(trace, *pinned):
    return replace(trace, info=replace(trace.info, draft=Draft(dict.fromkeys(pinned, 0))))


def landed():
    trace = landing_trace(["The", " sky", " is", " blue", "\n", "<eos>"], [2] * 6, special=("<eos>",))
    first = replace(
        trace.states[1], top_ids=np.array([[0, 1], [1, 3], [2, 1], [4, 3], [4, 1], [5, 1]], np.int32),
        top_probabilities=np.array([[1, 0], [0.75, 0.2], [1, 0], [0.5, 0.005], [1, 0], [1, 0]], np.float32),
        entropy_nats=np.float32([0, 1, 0, 2, 0, 0]),
    )  # fmt: skip
    return replace(trace, states=(trace.states[0], first, *trace.states[2:]))


def test_a_blank_is_what_was_free_before_and_between_what_is_held_and_says_what_the_first_step_thought():
    found = blanks(with_draft(landed(), 0, 2, 4))
    assert [(one.first, one.positions) for one in found] == [(1, (1,)), (1, (3,))]
    assert found[0].says == "1 position, 1.00 nats in the mean: “sky” 75\u00a0%, “blue” 20\u00a0%"
    assert found[1].says == "1 position, 2.00 nats in the mean: “⏎” 50\u00a0%"
    assert [one.positions for one in blanks(with_draft(landed(), 3))] == [(0, 1, 2)]


def test_what_is_open_after_the_last_text_that_is_held_is_no_blank():
    trace = landed()
    ended = replace(trace, info=replace(trace.info, draft=Draft({0: 0, 5: 5})))
    assert blanks(trace) == blanks(with_draft(trace, 0)) == blanks(ended) == ()


def test_blanks_of_every_block_that_has_begun_are_told():
    trace = with_draft(made_trace(["a", "b", "c"], blocks=2), 0, 4)
    assert [(one.block, one.positions) for one in blanks(trace)] == [(0, (1, 2)), (1, (0,))]
    assert len(blanks(stopped_trace(trace, 2))) == 1
    assert blanks(stopped_trace(trace, 1)) == ()


def test_long_blanks_say_so_and_all_stand_first_in_the_report():
    trace = with_draft(made_trace([f"w{k}" for k in range(12)]), 10)
    found = report_of(trace)["found"][0]
    assert found["kind"] == "blank" and found["seen"][0]["i"] == tuple(range(10))
    assert found["seen"][0]["says"].endswith("· and 4 more")
