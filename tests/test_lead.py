"""Scaffold first, as a number with its chance: on runs of a few tokens whose settle steps are written down."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from tests.support.made_traces import landing_trace
from visualizer.bundled import ASSETS_FOLDER
from visualizer.measure import scaffold_first
from visualizer.trace import load_trace, typed_out

WHY = "Why is the sky blue? Answer in exactly three sentences."


def lead_of(scaffold, content, tail=0):
    """Of an answer whose full stops settle at some steps, and its words at others."""
    cells = [*["."] * (len(scaffold) - 1), *[" w"] * len(content), "."]
    landed = [*scaffold[:-1], *content, scaffold[-1]]
    special = ["<eos>"] if tail else []
    ends = [*special, *["<pad>"] * (tail - 1)]
    return scaffold_first(landing_trace([*cells, *ends], [*landed, *[1] * tail], WHY, special))


@pytest.mark.parametrize(
    ("scaffold", "content", "probability", "says"),
    [
        (
            [1, 1, 1],
            [2, 3, 4, 5, 6, 7, 8, 9, 9],
            1.0,
            "Scaffold first: a scaffold token settles before a content token",
        ),
        ([9, 9, 9], [1, 2, 3, 4, 5, 6, 7, 8, 8], 0.0, "Content first: a content token settles before a scaffold token"),
        ([4, 4, 4], [4, 4, 4, 4, 4, 4], 0.5, "No lead"),
        ([2, 5, 8], [3, 5, 7, 1, 9, 5], 0.5, "No lead"),
        ([1, 5], [1, 2], 0.375, "No lead"),
    ],
)
def test_pairs_are_counted_and_ties_halved(scaffold, content, probability, says):
    lead = lead_of(scaffold, content)
    assert lead.probability == probability
    assert says in lead.sentence


def test_what_a_draft_held_is_in_neither_group():
    trace = landing_trace(["w", " x", ".", " y", " z", "."], [3, 4, 1, 5, 6, 1], WHY)
    held = np.array([True, False, True, False, False, False])
    lead = scaffold_first(replace(trace, states=tuple(replace(state, pinned=held) for state in trace.states)))
    assert (lead.scaffold_steps.tolist(), lead.content_steps.tolist()) == ([1], [4, 5, 6])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=9), st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_the_chance_is_scipys(scaffold, content):
    p = mannwhitneyu(scaffold, content, method="asymptotic").pvalue
    assert lead_of(scaffold, content).p == pytest.approx(p, abs=1e-3)


def test_of_a_typed_text_no_lead_is_claimed():
    typed = typed_out(landing_trace([".", " w", " w", "."], [4, 1, 2, 3], WHY))
    lead = scaffold_first(typed)
    assert lead.probability == 0.5
    assert lead.sentence.startswith(
        "Typed, so the order is that of the text: a scaffold token settles before a content"
    )


def test_tokens_that_all_settle_together_are_no_lead():
    assert lead_of([1], [1, 1]).p == 1.0


def test_the_tail_is_in_neither_group():
    assert lead_of([3, 3, 3], [1, 1, 1, 1], tail=40).probability == lead_of([3, 3, 3], [1, 1, 1, 1]).probability == 0


def test_blanks_are_content_of_nothing():
    lead = scaffold_first(landing_trace(["A", " ", "\n", "."], [2, 1, 1, 1], WHY))
    assert (lead.scaffold_steps.tolist(), lead.content_steps.tolist()) == ([1], [2])


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["A", " word"], "Scaffold first? Nothing to compare: this answer has no scaffold."),
        ([".", " "], "Scaffold first? Nothing to compare: this answer has no content."),
    ],
)
def test_an_answer_of_one_group_is_said_to_be_one(cells, sentence):
    lead = scaffold_first(landing_trace(cells, [1] * len(cells), WHY))
    assert (lead.probability, lead.p, lead.sentence) == (None, None, sentence)


def test_a_recorded_story_has_its_frame_first():
    lead = scaffold_first(load_trace(ASSETS_FOLDER / "recordings" / "story.jsonl.gz"))
    assert (len(lead.scaffold_steps), np.median(lead.scaffold_steps)) == (16, 1)
    assert lead.sentence == (
        "Scaffold first: a scaffold token settles before a content token with probability 0.96 "
        "(0.5 would be no order; p < 0.001)."
    )
