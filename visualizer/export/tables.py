"""What a run did at every position, as a table: when it was accepted and settled, how often it was revised, its entropy
at each step. As JSON also the order in which the run committed its tokens, as measures of the whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from visualizer.measure import AR_SPANS, BIN_SIZES, commit_steps, order_of
from visualizer.trace import CanvasState, Part, Phase, Trace, changed, reverted, settled_steps, trace_parts

CSV_COLUMNS = ("block", "position", "token_id", "text", "in_answer", "commit_step", "settled_step", "revisions")
"""Before one column of entropies a step."""


@dataclass(frozen=True)
class PositionRow:
    """One position of one block.

    token_id, text: at the end. in_answer: a thought, structure and the tail are not. commit_step: the first step at
    which any token is accepted there; settled_step: the first from which the final token stays. Both are one more than
    the last step where it came with the commit, and None where that never was. revisions: how often an accepted token
    was thrown back or exchanged. entropy_nats: one a step.
    """

    block: int
    position: int
    token_id: int
    text: str
    in_answer: bool
    commit_step: int | None
    settled_step: int | None
    revisions: int
    entropy_nats: tuple[float, ...]


def position_rows(trace: Trace) -> Iterator[PositionRow]:
    """The rows of all blocks, in order."""
    parts, commits = trace_parts(trace), commit_steps(trace)
    for number, block in enumerate(trace.blocks):
        states = trace.states_of(block)
        end, texts = states[-1], trace.shown_texts(block.last)
        settled, revisions = settled_steps(states), count_revisions(states)
        entropy = [state.entropy_nats for state in states if state.phase is Phase.STEP]
        for i in range(block.length):
            yield PositionRow(
                block=number,
                position=i,
                token_id=int(end.shown_ids()[i]),
                text=texts[i],
                in_answer=bool(parts[block.last][i] == Part.ANSWER),
                commit_step=int(commits[number][i]) or None,
                settled_step=int(settled[i]) if end.accepted[i] else None,
                revisions=int(revisions[i]),
                entropy_nats=tuple(float(f"{step[i]:.6g}") for step in entropy),
            )


def count_revisions(states: Sequence[CanvasState]) -> npt.NDArray[np.int64]:
    """How often each position of a block was reverted or changed (int L)."""
    counts = np.zeros(len(states[0].canvas_ids), dtype=int)
    for before, state in pairwise(states):
        counts += reverted(before, state) | changed(before, state)
    return counts


def csv_text(trace: Trace) -> str:
    """The rows as CSV.

    Texts are JSON strings: line breaks stay on one line, and a spreadsheet takes none of them for a formula.
    """
    steps = max((state.step for state in trace.states if state.phase is Phase.STEP), default=0)
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow((*CSV_COLUMNS, *(f"entropy_nats_{step}" for step in range(1, steps + 1))))
    for row in position_rows(trace):
        table.writerow(
            (row.block, row.position, row.token_id, json.dumps(row.text, ensure_ascii=False), int(row.in_answer),
             _blank(row.commit_step), _blank(row.settled_step), row.revisions, *row.entropy_nats)
        )  # fmt: skip
    return written.getvalue()


def _blank(step: int | None) -> int | str:
    return "" if step is None else step


def json_text(trace: Trace) -> str:
    """The rows as JSON, under the run's own facts."""
    info = trace.info
    document = {
        "prompt": info.prompt,
        "checkpoint": info.checkpoint,
        "fingerprint": info.fingerprint,
        "started_at": info.started_at,
        "device": info.device,
        "settings": info.settings.to_dict(),
        "ended": trace.ended,
        "answer": trace.answer,
        "thought": trace.thought,
        "order": _order_fields(trace),
        "positions": [asdict(row) for row in position_rows(trace)],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _order_fields(trace: Trace) -> dict[str, object]:
    """The measures of `visualizer.measure.order`, by name; those of several sizes by size."""
    fields = asdict(order_of(trace))
    sizes = {"bin_taus": BIN_SIZES, "local": AR_SPANS, "global_": AR_SPANS}
    return {
        name.rstrip("_"): dict(zip(map(str, sizes[name]), value, strict=True)) if name in sizes else value
        for name, value in fields.items()
    }
