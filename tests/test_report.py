"""What a recording says of itself beside its steps."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from tests.support.old_recordings import WHY
from visualizer.player import recording_message
from visualizer.player.report import report_of
from visualizer.trace import load_trace, save_trace

ACROSTIC = "Write an acrostic with the letters C, A."


def test_a_report_has_the_scaffold_of_every_block_and_when_it_settled():
    trace = landing_trace(["C", "alm", "\n", "A", "ir", "<eos>"], [2, 3, 1, 1, 4, 1], ACROSTIC, special=["<eos>"])
    report = report_of(trace)
    assert [figure["value"] for figure in report.pop("order")][:2] == ["0.11", "–"]
    assert report.pop("found") == []
    assert report == {
        "k": "report",
        "scaffold": [[0, 3]],
        "landed": [[0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]],
        "lead": "Scaffold first? No lead: a scaffold token settles before a content token with probability 1.00, and "
        "chance alone would often give as much (p = 0.25).",
    }


def test_a_report_groups_what_was_found_with_its_definition():
    groups = report_of(load_trace(WHY))["found"]
    assert [(group["kind"], len(group["seen"])) for group in groups] == [
        ("early length", 1),
        ("retroactive correction", 2),
        ("intermediate token", 3),
    ]
    assert groups[0]["about"].startswith("From this step on the length")
    assert groups[1]["seen"][0] | {"says": ""} == {"says": "", "b": 0, "i": (32,), "at": 1, "to": 3}


def test_what_settles_in_a_later_block_is_counted_at_its_states():
    trace = made_trace(["a ", "b. "], steps=2, blocks=2, vocabulary=("x",))
    assert [sum(landed) for landed in report_of(trace)["landed"]] == [3, 1]
    assert report_of(trace)["scaffold"] == [[0, 1], [1]]
    first_of_second = trace.blocks[1].first
    assert sum(report_of(trace)["landed"][0][first_of_second:]) == 1


def test_a_recording_carries_its_report_after_its_last_step():
    kinds = [message["k"] for message in json.loads(recording_message(made_trace(["a"], steps=1), "r"))["messages"]]
    assert kinds == ["start", "step", "step", "step", "report", "end"]


def test_a_recording_of_no_step_has_no_report():
    kinds = [
        message["k"] for message in json.loads(recording_message(stopped_trace(made_trace(["a"]), 0), "r"))["messages"]
    ]
    assert kinds == ["start", "end"]


def test_a_recording_read_from_its_file_says_the_same(tmp_path):
    trace = made_trace(["1. ", "Sea", ".", "\n", "2. ", "Sky"], prompt="A list of two.")
    save_trace(trace, tmp_path / "a.jsonl")
    assert report_of(load_trace(tmp_path / "a.jsonl")) == report_of(trace)


@given(
    st.lists(st.sampled_from(["a", " ", "\n", ".", "- ", '"""', "def ", "░"]), min_size=1, max_size=12),
    st.integers(1, 2),
    st.integers(1, 14),
    st.sampled_from([ACROSTIC, "Write a haiku.", "A Python function with a docstring.", "Hello."]),
)
def test_any_run_stopped_anywhere_has_a_report(words, blocks, states, prompt):
    report = report_of(stopped_trace(made_trace(words, steps=5, blocks=blocks, prompt=prompt), states))
    assert json.loads(json.dumps(report))["k"] == "report"
