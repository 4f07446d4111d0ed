"""The report of `check` on the pocket, in processes of its own, and what is not well in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hub_server import COMMIT, served_hub
from tests.support.pocket_hub import REPO, WEIGHTS, fetch_all, repository
from visualizer.command import check_command
from visualizer.hub import Machine
from visualizer.hub.catalog import Hub, find_cached, look_up
from visualizer.model import read_card
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
        "ok  system", "ok  python", "ok  libraries", "ok  memory", "ok  checkpoint", "ok  files", "ok  fits",
        "ok  loaded", "ok  a block", "ok  the same seed twice", "ok  a step beside mlx-vlm's",
    ]  # fmt: skip
    assert lines[5] == "ok  files: not from the hub"
    assert re.search(r"128 positions, \d+ steps, \d+\.\d\d s and 1 eval a step, peak \d+ MB$", lines[8])
    assert "100% of the candidates alike" in lines[-1]


@pytest.fixture
def fetched_folder(tmp_path):
    """The pocket as a hub has sent it."""
    with served_hub({REPO: repository()}) as server:
        hub = Hub(endpoint=server.address, cache=tmp_path / "hub")
        fetch_all(look_up(REPO, hub))
    return find_cached(REPO, hub).folder


def told(folder):
    """What the report says of a folder's files."""
    lines = check_report(read_card(folder), lambda: Machine(metal=False, memory_bytes=10**6))
    return next(str(line) for line in lines if line.what == "files")


def test_what_a_hub_has_sent_is_told_from_what_was_changed_since(fetched_folder):
    assert told(fetched_folder) == f"ok  files: as published (revision {COMMIT})"
    for name in ("config.json", WEIGHTS):
        with (fetched_folder / name).open("ab") as blob:
            blob.write(b" ")
    settings = fetched_folder / "generation_config.json"
    content = settings.read_bytes()
    settings.unlink()
    settings.write_bytes(content)  # The same, but no longer what the hub's cache keeps.
    assert told(fetched_folder) == (
        f"BAD files: differs: config.json, generation_config.json, model.safetensors (revision {COMMIT})"
    )


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
