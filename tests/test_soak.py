"""The soak in short, `python -m bench.soak` does it at length; and that its witness sees what cannot be."""

import pytest

from bench.soak import Crowd, let_in, runs_folder
from tests.support.browser import served_process
from tests.support.witness import FAULTS, Witness

KILLED, _, ABORTS = FAULTS
KNOBS = {"seed": 7, "max_steps": 3}
RUN, OTHER = "a" * 32, "b" * 32


def test_a_small_crowd_is_told_of_its_own_runs_alone_and_loses_none_though_the_process_dies(tmp_path):
    witness = Witness()
    with served_process(home=tmp_path, log=tmp_path / "log") as served:
        crowd = Crowd(programs=3, pages=1, runs=3, rounds=2, faults=[KILLED, ABORTS], every=(2, 5))
        let_in(crowd, served, tmp_path, 1, witness)
    lost = witness.check_recordings(runs_folder(tmp_path))
    assert witness.wrong == []
    assert (lost, witness.foreign) == (0, 0)
    assert sum(witness.faults_done.values()) >= 1
    assert sum(witness.ends.values()) == 11


def frame(phase, step, run=RUN, seed=7):
    return {"run": run, "phase": phase, "block": 0, "step": step, "max_steps": 3, "accepted": 0, "seed": seed,
            "finish": None}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([frame("noise", 0), frame("step", 1, run=OTHER)], "was told of the run"),
        ([frame("noise", 0), frame("step", 1, seed=8)], "a frame of the seed 8"),
        ([frame("noise", 0), frame("step", 2)], "after"),
        ([{"run": RUN, "phase": "waiting", "place": 1}, {"run": RUN, "phase": "waiting", "place": 2}], "place 2"),
    ],
)
def test_what_cannot_be_is_seen(told, sentence):
    witness = Witness()
    asked = witness.begin("somebody", "Why?", KNOBS)
    for step in told:
        witness.hear(asked, step)
    assert len(witness.wrong) == 1 and sentence in witness.wrong[0]


def test_a_run_that_fails_though_nothing_was_done_to_it_is_seen():
    witness = Witness()
    witness.end(witness.begin("somebody", "Why?", KNOBS), "The model process was killed from outside (exit code -9).")
    assert "failed without a fault" in witness.wrong[0]


def test_a_run_that_is_nowhere_kept_is_lost(tmp_path):
    witness = Witness()
    witness.hear(witness.begin("somebody", "Why?", KNOBS), frame("noise", 0))
    assert witness.check_recordings(tmp_path) == 1
