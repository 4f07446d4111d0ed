"""The report of `check` on the pocket, in processes of its own, and what is not well in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from visualizer.command import check_command
from visualizer.hub import Machine
from visualizer.run.check import Line, check_report

ROOT = Path(__file__).resolve().parent.parent


def test_on_the_pocket_all_is_well():
    said = subprocess.run(
        [sys.executable, "-m", "visualizer", "check", "--model", "pocket"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    lines = said.stdout.splitlines()
    assert said.returncode == 0, said.stdout + said.stderr
    assert [line.split(":")[0] for line in lines] == [
        "ok  system", "ok  python", "ok  memory", "ok  checkpoint", "ok  fits", "ok  loaded", "ok  a block",
        "ok  the same seed twice", "ok  a step beside mlx-vlm's",
    ]  # fmt: skip
    assert "100% of the candidates alike" in lines[-1]


def test_where_it_does_not_fit_the_report_ends_with_why(card):
    *_, last = check_report(card, lambda: Machine(metal=False, memory_bytes=10**6))
    assert not last.well
    assert "needs" in last.said and "this machine has 1 MB free" in last.said
    assert str(last).startswith("BAD failed: ")


def test_a_checkpoint_that_cannot_be_had_is_one_sentence(capsys):
    assert check_command(["--model", "/nowhere"], "check") == 1
    assert capsys.readouterr().err == "There is no checkpoint folder at /nowhere.\n"


@pytest.mark.parametrize(("well", "said"), [(True, "ok  python: 3.11"), (False, "BAD python: 3.11")])
def test_a_line_says_whether_it_is_well(well, said):
    assert str(Line("python", "3.11", well)) == said
