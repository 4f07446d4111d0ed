"""Tables of positions."""

import csv
import io
import json

import numpy as np
from hypothesis import given

from tests.support.canvas_samples import state_sequences, tiny_state
from tests.support.made_traces import info, made_trace, stopped_trace
from visualizer.export.tables import CSV_COLUMNS, count_revisions, csv_text, json_text, position_rows
from visualizer.trace.canvas import Phase
from visualizer.trace.trace import Trace


def trace_of_states(states):
    ids = set().union(*(state.token_ids() for state in states)) if states else set()
    return Trace(
        info=info(), states=tuple(states), texts={token_id: f"<{token_id}>" for token_id in ids}, special=frozenset(),
        overrides=({},) * len(states), answers=(), ended="stopped",
    )  # fmt: skip


def run_of_three_steps():
    """Position 0 settles at once; 1 is thrown back and comes again; 2 flips at the commit; 3 changes its token."""
    return trace_of_states(
        [
            tiny_state([9, 9, 9, 9], [0, 0, 0, 0], Phase.NOISE, step=0),
            tiny_state([1, 2, 3, 4], [1, 1, 1, 1], step=1, entropy_nats=np.float32([0.1, 0.2, 0.3, 0.4])),
            tiny_state([1, 9, 3, 5], [1, 0, 1, 1], step=2),
            tiny_state([1, 2, 3, 5], [1, 1, 1, 1], step=3),
            tiny_state([1, 2, 7, 5], [1, 1, 1, 1], Phase.COMMIT, step=3, answer_length=3),
        ]
    )


def test_settled_step_and_revisions_of_every_position():
    rows = list(position_rows(run_of_three_steps()))
    assert [(row.token_id, row.commit_step, row.settled_step, row.revisions) for row in rows] == [
        (1, 1, 1, 0),
        (2, 1, 3, 1),
        (7, 1, 4, 1),
        (5, 1, 2, 1),
    ]
    assert [row.in_answer for row in rows] == [True, True, True, False]
    assert rows[1].entropy_nats == (0.2, 0.0, 0.0)


def test_what_is_noise_at_the_end_of_a_stopped_run_has_not_settled():
    rows = list(position_rows(trace_of_states(run_of_three_steps().states[:3])))
    assert [row.settled_step for row in rows] == [1, None, 1, 2]


@given(state_sequences())
def test_every_position_of_every_block_has_one_row(states):
    rows = list(position_rows(trace_of_states(states)))
    lengths = {state.block: len(state.canvas_ids) for state in states}
    assert [(row.block, row.position) for row in rows] == [(b, i) for b, n in lengths.items() for i in range(n)]
    for block in lengths:
        group = tuple(state for state in states if state.block == block)
        assert count_revisions(group).max() <= max(len(group) - 1, 0)


def test_the_csv_is_read_back_whole_whatever_the_texts():
    trace = made_trace(["=1+1", "a\nb", '"', ",", "\r\n", "\u202e"], blocks=2)
    text = csv_text(trace)
    assert text.count("\n") == 1 + 2 * 6
    header, *rows = csv.reader(io.StringIO(text))
    assert header[: len(CSV_COLUMNS)] == list(CSV_COLUMNS)
    assert header[-1] == "entropy_nats_6"
    texts = [json.loads(row[header.index("text")]) for row in rows]
    assert "".join(texts) == trace.answer
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_json_says_what_the_csv_says_and_how_it_was_made():
    trace = made_trace(["Mars", " and", "\n"])
    document = json.loads(json_text(trace))
    assert document["prompt"] == "Name the planets."
    assert document["settings"]["seed"] == 0
    assert document["answer"] == "Mars and\n"
    assert [row["text"] for row in document["positions"]] == ["Mars", " and", "\n"]
    assert len(document["positions"][0]["entropy_nats"]) == 6
    assert document["order"]["tokens"] == 3
    assert list(document["order"]["bin_taus"]) == ["4", "8", "16", "32", "64"]
    assert list(document["order"]["global"]) == ["1", "2", "4"]


def test_a_run_without_states_has_a_header_only():
    empty = stopped_trace(made_trace(["a"]), 0)
    assert csv_text(empty) == ",".join(CSV_COLUMNS) + "\n"
    assert json.loads(json_text(empty))["positions"] == []
