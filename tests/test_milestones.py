"""When a line of an answer, and all of it, stood for the first time."""

import pytest

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from visualizer.measure.milestones import Milestones, milestones_of
from visualizer.trace import typed_out

WORDS = ["One", " two", "\n", "three", " four"]


@pytest.mark.parametrize(
    ("landed", "line", "answer"),
    [
        ([1, 2, 2, 4, 3], 2, 4),
        ([3, 5, 4, 1, 2], 2, 5),  # the second line is the first that stands
        ([3, 3, 3, 3, 3], 3, 3),
    ],
)
def test_the_first_line_that_stands_need_not_be_the_first_of_the_text(landed, line, answer):
    assert milestones_of(landing_trace(WORDS, landed)) == Milestones(line, answer)


def test_an_answer_of_one_line_stands_with_its_line_and_blank_lines_are_none():
    assert milestones_of(landing_trace(["One", " two"], [1, 3])) == Milestones(3, 3)
    assert milestones_of(landing_trace(["One", "\n", "\n", "two"], [4, 2, 1, 3])) == Milestones(3, 4)


def test_a_typed_text_has_its_first_line_first_and_its_end_before_the_stop_token():
    denoised = landing_trace([*WORDS, "<turn|>"], [4, 4, 4, 1, 1, 1], special=["<turn|>"])
    assert milestones_of(typed_out(denoised)) == Milestones(3, 5)


def test_a_line_over_two_blocks_stands_when_its_rest_does():
    trace = made_trace(["a", " b"], blocks=2)
    second = trace.blocks[1]
    reached = milestones_of(trace)
    assert reached.line == reached.answer
    assert second.first < reached.answer <= second.last


def test_without_an_answer_nothing_was_reached():
    assert milestones_of(stopped_trace(landing_trace(WORDS, [1] * 5), 0)) == Milestones(None, None)
