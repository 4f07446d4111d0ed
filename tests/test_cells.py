"""Positions become cells: where they stand, what they show, how they look."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.canvas_samples import tiny_state
from tests.support.trace_samples import growing_run, run_info
from visualizer.picture.cells import ELLIPSIS, CellGrid
from visualizer.picture.final_text import FinalText
from visualizer.picture.layout import terminal_columns
from visualizer.picture.looks import Look, Mark, special_sign
from visualizer.trace.canvas import CellState, Phase
from visualizer.trace.trace import Trace

NEW, DRAFT, COMMITTED, MASKED = CellState.NEW, CellState.DRAFT, CellState.COMMITTED, CellState.MASKED


def trace_of_states(texts, *states):
    return Trace(run_info(), states, texts, frozenset(), ({},) * len(states), (), "stopped")


def shown(cells):
    """What stands in each row, noise as ░."""
    rows = {}
    for cell in cells:
        row = rows.setdefault(cell.row, {})
        for step in range(cell.width):
            row[cell.column + step] = "░"
        for offset, width, sign in cell.signs:
            row[cell.column + offset] = sign
            row.update((cell.column + offset + step, "") for step in range(1, width))
    return [
        "".join(row.get(column, " ") for column in range(max(row) + 1)) for _, row in sorted(rows.items())
    ]  # fmt: skip


def settled(trace, columns=40):
    return CellGrid(FinalText(trace, terminal_columns), columns, True)


def flowing(trace, columns=40):
    return CellGrid(FinalText(trace, terminal_columns), columns, False)


def test_noise_keeps_the_room_of_the_final_token():
    grid = settled(growing_run(["One", " two", "\n", "three"], steps=4))
    assert [shown(grid.cells(index)) for index in (0, 2, 5)] == [
        ["░░░ ░░░░", "░░░░░"],
        ["One two░", "░░░░░"],
        ["One two", "three"],
    ]


def test_flowing_noise_is_as_wide_as_its_candidate_and_no_wider_than_twelve_cells():
    trace = trace_of_states(
        {0: "x", 1: " short", 2: "y" * 30}, tiny_state([0, 0], [False, False], Phase.NOISE, [1, 2], step=0)
    )
    assert shown(flowing(trace).cells(0)) == [" ░░░░░" + 12 * "░"]


def test_states_and_marks_of_a_step_are_looks():
    texts = {1: "a", 2: "b", 3: "c", 4: "d", 5: "e"}
    before = tiny_state([1, 2, 3, 4], [True, True, False, True])
    now = tiny_state([1, 5, 3, 4], [True, True, True, False], step=2, probability=np.float32([0, 0, 0, 0.6]))
    looks = [cell.look for cell in settled(trace_of_states(texts, before, now)).cells(1)]
    assert looks == [Look(DRAFT), Look(NEW, Mark.CHANGED), Look(NEW), Look(MASKED, Mark.REVERTED, sure=2)]


def test_a_longer_text_than_the_final_one_is_cut_visibly():
    texts = {1: "longer", 2: "ab", 3: " end"}
    early = tiny_state([1, 3], [True, True])
    end = tiny_state([2, 3], [True, True], Phase.COMMIT, step=2)
    assert shown(settled(trace_of_states(texts, early, end)).cells(0)) == [f"l{ELLIPSIS} end"]


def test_a_longer_text_at_the_end_of_a_line_has_the_room_behind_it():
    early = tiny_state([1], [True])
    end = tiny_state([2], [True], Phase.COMMIT, step=2)
    assert shown(settled(trace_of_states({1: "longer", 2: "ab"}, early, end)).cells(0)) == ["longer"]


def test_a_mark_appears_only_when_its_own_token_is_there():
    grid = settled(growing_run(["e", "\u0301x"], steps=2))
    assert [shown(grid.cells(index)) for index in (1, 2)] == [["e░"], ["e\u0301x"]]


def test_an_emoji_grows_with_its_tokens():
    grid = settled(growing_run(["👩\u200d", "💻"], steps=2))
    assert [shown(grid.cells(index)) for index in (0, 1, 2)] == [["░░"], ["👩\u200d"], ["👩\u200d💻"]]


def test_a_sign_of_a_mark_stands_once_for_a_token_over_two_lines():
    texts = {1: "one\ntwo", 2: "three"}
    states = tiny_state([2], [True]), tiny_state([1], [True], step=2)
    assert [cell.marked for cell in settled(trace_of_states(texts, *states)).cells(1)] == [False, True]


def test_special_tokens_are_signs_until_the_block_is_committed():
    grid = settled(growing_run(["Yes", "<turn|>", "<pad>"], steps=3, special=(1, 2), answer_length=1))
    assert shown(grid.cells(3)) == ["Yes◼·"]
    assert shown(grid.cells(4)) == ["Yes"]
    assert [cell.look.outside for cell in grid.cells(3)] == [False, True, True]


@pytest.mark.parametrize("text, sign", [("<pad>", "·"), ("<turn|>", "◼"), ("<eos>", "◼"), ("<|channel>", "◇")])
def test_special_tokens_have_the_signs_of_the_page(text, sign):
    assert special_sign(text) == sign


def test_what_follows_the_answer_takes_no_rows():
    run = growing_run(["Yes"] + ["<pad>"] * 50, steps=3, special=range(1, 51), answer_length=1)
    grid = settled(run, columns=10)
    assert grid.rows(0) == 1
    assert {cell.row for index in range(5) for cell in grid.cells(index)} == {0}
    assert FinalText(run, terminal_columns).unbroken_columns() == 4


def test_earlier_blocks_stand_before_the_one_at_work():
    trace = growing_run(["One", " two", " three", " four"], steps=2, blocks=2)
    assert [shown(settled(trace).cells(index)) for index in (0, 3, 5)] == [
        ["░░░ ░░░"],
        ["One two"],
        ["One two three ░░░░"],
    ]
    assert shown(flowing(trace).cells(5)) == ["One two three ░░░░"]


def test_a_stopped_run_ends_as_it_stood():
    trace = growing_run(["One", " two"], steps=2)
    stopped = replace(trace, states=trace.states[:2], overrides=({}, {}), ended="stopped")
    assert shown(settled(stopped).cells(1)) == ["One ░░░"]


def test_indentation_that_is_not_there_yet_is_noise_in_its_place():
    grid = settled(growing_run(["if x:", "\n", "    ", "y"], steps=4))
    assert shown(grid.cells(2)) == ["if x:⏎", "░░░░░"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from(list("ab .\n\t漢é\u0301👩\u200d💻שמ")), min_size=1, max_size=5), min_size=1, max_size=9
    ),
    st.integers(8, 20),
    st.booleans(),
)
def test_cells_stay_in_the_grid_do_not_overlap_and_settled_ones_never_move(texts, columns, is_settled):
    trace = growing_run(texts, steps=3)
    grid = CellGrid(FinalText(trace, terminal_columns), columns, is_settled)
    places = {}
    for index in range(len(trace.states)):
        cells = grid.cells(index)
        taken = [(cell.row, cell.column + step) for cell in cells for step in range(cell.width)]
        assert len(set(taken)) == len(taken)
        assert all(row < grid.rows(index) and column < columns for row, column in taken)
        for place in [(cell.row, cell.column + step, cell.position) for cell in cells for step in range(cell.width)]:
            places.setdefault(place[:2], set()).add(place[2])
    if is_settled:
        assert all(len(positions) == 1 for positions in places.values())


@given(st.lists(st.sampled_from(["One", " two", "\n", "漢字", "é"]), min_size=1, max_size=12))
def test_the_last_cells_show_the_committed_text(texts):
    trace = growing_run(texts, steps=2)
    signs = "".join(sign for cell in settled(trace).cells(len(trace.states) - 1) for _, _, sign in cell.signs)
    assert signs.replace(" ", "") == "".join(texts).replace("\n", "").replace(" ", "")
