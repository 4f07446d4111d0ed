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
from visualizer.trace.parts import Part
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


CHANNEL = {11: "<|channel>", 12: "thought", 13: "\n", 14: "<channel|>", 15: "<eos>"}
WORDS = {1: "I", 2: " see", 3: "\n", 4: "Yes", 5: ".", 9: "noise"}


def canvas_run(*rows, answer_length=None):
    """A run whose states have these ids, 9 for noise whose candidate is the last row's; the last row is committed."""
    ends = rows[-1]
    states = []
    for step, row in enumerate(rows, 1):
        accepted = [token_id != 9 for token_id in row]
        stops = [place for place, token_id in enumerate(row) if token_id == 15]
        states.append(
            tiny_state(
                list(row), accepted, Phase.COMMIT if row is ends else Phase.STEP, list(ends), step=step,
                answer_length=min(stops, default=len(row)) if answer_length is None else answer_length,
            )
        )  # fmt: skip
    special = frozenset({11, 14, 15})
    return Trace(run_info(), tuple(states), CHANNEL | WORDS, special, ({},) * len(rows), ("Yes.",), "stop")


def plain(rows):
    """Rows with the tied spaces as spaces."""
    return [row.replace("\u00a0", " ") for row in rows]


@pytest.mark.parametrize("layout", [settled, flowing])
def test_an_empty_thought_is_one_sign_in_the_line_of_the_answer(layout):
    run = canvas_run((11, 12, 13, 14, 9, 9), (11, 12, 13, 14, 4, 5))
    assert [plain(shown(layout(run).cells(index))) for index in (0, 1)] == [["◇ ░░░░"], ["◇ Yes."]]
    assert [cell.position for cell in layout(run).cells(1)] == [0, 4, 5]
    assert layout(run).cells(1)[0].look.part is Part.STRUCTURE


@pytest.mark.parametrize("layout", [settled, flowing])
@pytest.mark.parametrize("breaks", [(), (3,)], ids=["in one line", "with a line break of its own"])
def test_a_thought_stands_in_lines_of_its_own_above_the_answer_and_is_quiet(layout, breaks):
    grid = layout(canvas_run((11, 12, 13, 1, 2, *breaks, 14, 4, 5)))
    cells = grid.cells(0)
    assert plain(shown(cells)) == ["◇ I see", "  Yes."]
    assert {cell.row for cell in cells} == {0, 2}
    assert [cell.look.part for cell in cells if cell.row == 0] == [Part.STRUCTURE, Part.THOUGHT, Part.THOUGHT]
    assert {cell.look.part for cell in cells if cell.row == 2} == {Part.ANSWER}


@pytest.mark.parametrize("layout", [settled, flowing])
def test_the_sign_of_a_thought_moves_no_letter_of_the_first_line(layout):
    run = canvas_run((9, 9, 9, 9, 9, 9, 9), (11, 12, 13, 14, 4, 3, 5))
    assert {cell.row: cell.column for cell in reversed(layout(run).cells(1))} == {0: 0, 1: 2}
    assert [cell.column for cell in layout(run).cells(1) if cell.position in (4, 6)] == [2, 2]
    assert FinalText(run, terminal_columns).unbroken_columns() == 7


def test_in_the_settled_layout_the_answer_is_no_thought_while_the_closer_is_noise():
    cells = settled(canvas_run((11, 12, 13, 1, 2, 9, 4, 5), (11, 12, 13, 1, 2, 14, 4, 5))).cells(0)
    assert {cell.look.part for cell in cells if cell.row == 2} == {Part.ANSWER}


@pytest.mark.parametrize("layout", [settled, flowing])
@pytest.mark.parametrize("filling", [(15, 15), (9, 9), (4, 5)], ids=["end tokens", "noise", "words"])
def test_the_tail_is_one_remark_from_the_step_at_which_it_is_the_tail(layout, filling):
    run = canvas_run((9, 9, 15, *filling), (4, 5, 15, 15, 15))
    assert [plain(shown(layout(run).cells(index))) for index in (0, 1)] == [
        ["░░░░ ◼ end · 3 positions"],
        ["Yes. ◼ end · 3 positions"],
    ]
    assert [cell.look for cell in layout(run).cells(0) if cell.position > 1] == [Look(DRAFT, part=Part.TAIL)]


def test_noise_whose_candidate_is_a_special_token_is_as_wide_as_its_sign():
    assert shown(flowing(canvas_run((4, 9, 9), (4, 15, 15))).cells(0)) == ["Yes░░"]


def test_a_tail_of_one_position_counts_it_as_one():
    assert plain(shown(flowing(canvas_run((4, 15))).cells(0))) == ["Yes ◼ end · 1 position"]


def test_a_settled_tail_that_begins_too_early_has_its_remark_in_its_final_place():
    run = canvas_run((4, 15, 15, 15), (4, 5, 15, 15))
    assert plain(shown(settled(run).cells(0))) == ["Yes  ◼ end · 3 positions"]


def test_a_settled_tail_that_begins_too_late_has_its_remark_in_its_final_place():
    run = canvas_run((4, 5, 2, 15), (4, 5, 15, 15))
    assert plain(shown(settled(run).cells(0))) == ["Yes. ◼ end · 1 position"]


def test_two_blocks_read_as_one_text_with_one_sign_and_one_remark():
    first, second = canvas_run((11, 12, 13, 14, 4, 5)), canvas_run((2, 5, 15, 15))
    states = (*first.states, *(replace(state, block=1) for state in second.states))
    run = replace(first, states=states, overrides=({}, {}), answers=("Yes.", "Yes. see."))
    assert plain(shown(flowing(run).cells(1))) == ["◇ Yes. see. ◼ end · 2 positions"]
    assert plain(shown(settled(run).cells(1))) == ["◇ Yes. see. ◼ end · 2 positions"]


def test_a_thought_that_goes_on_in_the_next_block_ends_there_in_a_line_of_its_own():
    first, second = canvas_run((11, 12, 13, 1)), canvas_run((14, 4, 5))
    states = (*first.states, *(replace(state, block=1) for state in second.states))
    run = replace(first, states=states, overrides=({}, {}), answers=("", "Yes."))
    assert {cell.position: cell.row for cell in settled(run).cells(1)} == {0: 0, 3: 0, 5: 2, 6: 2}


@pytest.mark.parametrize("text, sign", [("<pad>", "·"), ("<turn|>", "◼"), ("<eos>", "◼"), ("<|channel>", "◇")])
def test_special_tokens_have_the_signs_of_the_page(text, sign):
    assert special_sign(text) == sign


def test_what_follows_the_answer_takes_one_row_at_most_and_makes_no_line_longer():
    run = growing_run(["Yes"] + ["<pad>"] * 50, steps=3, special=range(1, 51), answer_length=1)
    assert [settled(run, columns).rows(0) for columns in (40, 22)] == [1, 2]
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
