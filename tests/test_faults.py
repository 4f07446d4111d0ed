"""The faults of the soak, two of them once: the others are as slow as a fresh process each."""

from bench.faults import FAULTS, Outcome, faults, table
from visualizer.run.engine import Patience


def test_a_process_that_hangs_or_is_killed_ends_its_run_in_words_and_the_next_run_works():
    chosen = [fault for fault in FAULTS if fault.name in ("hangs, no Stop", "is killed")]
    outcomes = faults(1, Patience(slowest=2.0, least=1.0), chosen)
    assert len(outcomes) == 2
    assert all(outcome.told and outcome.works for seen in outcomes.values() for outcome in seen)
    assert len(list(table(outcomes))) == 4


def test_what_was_not_told_or_too_late_or_left_no_working_process_is_not_well():
    assert Outcome(1.0, 5.0, told=True, works=True, fresh_seconds=3.0).well
    assert not Outcome(6.0, 5.0, told=True, works=True, fresh_seconds=3.0).well
    assert not Outcome(1.0, 5.0, told=False, works=True, fresh_seconds=3.0).well
    assert not Outcome(1.0, 5.0, told=True, works=False, fresh_seconds=3.0).well
