"""From a checkpoint's name to its card: what it needs is said first, one fetch at a time, for page and command line."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace

import pytest

from tests.support.hub_server import served_hub
from tests.support.pocket_hub import BIG, NOT_FETCHED, POCKET_FILES, REPO, SIZE, SMALL_FILES, WEIGHTS
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import FetchError, MachineError
from visualizer.hub.catalog import Hub
from visualizer.hub.checkpoints import Checkpoints
from visualizer.hub.find import DIFFUSION_GEMMA
from visualizer.hub.machine import Machine, memory_need, read_shape, weights_on_disk
from visualizer.hub.terminal import obtain
from visualizer.model import read_json

HERE = Machine(metal=False, memory_bytes=8 * 10**9)
OFFLINE = "http://127.0.0.1:9"


@pytest.fixture
def server():
    with served_hub({REPO: SMALL_FILES, DIFFUSION_GEMMA: POCKET_FILES, "somebody/else": POCKET_FILES}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


@pytest.fixture
def checkpoints(hub):
    checkpoints = Checkpoints(hub, lambda: HERE)
    yield checkpoints
    checkpoints.cancel()


def brought(checkpoints, name):
    found = checkpoints.look(name).found
    list(checkpoints.bring(found))
    return checkpoints.ready(found)


def test_the_pocket_needs_nothing(checkpoints):
    finding = checkpoints.look(" pocket ")
    assert (finding.needs, finding.refusal) == (None, None)
    assert brought(checkpoints, "pocket").folder == POCKET_FOLDER


def test_what_a_checkpoint_needs_is_said_before_anything_starts(server, hub, checkpoints):
    finding = checkpoints.look(REPO)
    assert finding.refusal is None
    fetched = SMALL_FILES.keys() - NOT_FETCHED
    assert finding.needs.missing_bytes == sum(len(SMALL_FILES[name]) for name in fetched)
    assert (finding.needs.here_bytes, finding.needs.canvas_length) == (0, 64)
    assert (finding.needs.machine_memory_bytes, finding.needs.metal) == (8 * 10**9, False)
    assert server.served[WEIGHTS] == 0
    assert not hub.cache.exists()


def test_the_large_one_is_refused_on_a_processor_without_asking_the_hub(tmp_path):
    offline = Hub(endpoint=OFFLINE, cache=tmp_path)
    with pytest.raises(MachineError, match=f"{DIFFUSION_GEMMA} needs Apple silicon"):
        Checkpoints(offline, lambda: HERE).look(DIFFUSION_GEMMA)


def test_on_metal_the_large_one_is_offered(hub):
    finding = Checkpoints(hub, lambda: BIG).look(DIFFUSION_GEMMA)
    assert (finding.refusal, finding.needs.metal) == (None, True)


def test_too_little_memory_is_refused_beside_what_would_be_needed(hub):
    finding = Checkpoints(hub, lambda: Machine(metal=True, memory_bytes=10**6)).look(REPO)
    assert "of memory even with a canvas of 32, and this machine has 1 MB for Metal" in str(finding.refusal)
    assert finding.needs.missing_bytes > 0
    assert finding.needs.memory_bytes > 10**6


def test_a_shorter_canvas_is_offered_where_memory_is_short_and_the_card_holds_to_it(hub, tmp_path):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path / "my-pocket")
    need = memory_need(read_shape(read_json(folder / "config.json")), weights_on_disk(folder), 96)
    checkpoints = Checkpoints(hub, lambda: Machine(metal=True, memory_bytes=need.total_bytes))
    needs = checkpoints.look(str(folder)).needs
    assert (needs.canvas_length, needs.memory_bytes) == (96, need.total_bytes)
    card = brought(checkpoints, str(folder))
    assert (card.canvas_length, card.defaults.canvas_length) == (96, 96)


def test_what_was_fetched_is_ready(checkpoints):
    card = brought(checkpoints, REPO)
    assert (card.name, card.canvas_length) == (REPO, 64)
    assert checkpoints.look(REPO).needs.missing_bytes == 0
    assert checkpoints.under_way is None


def test_one_fetch_at_a_time_and_a_second_watcher_follows_it(server, checkpoints):
    server.held.add(WEIGHTS)
    found = checkpoints.look(REPO).found
    first, second = checkpoints.bring(found), checkpoints.bring(checkpoints.look(REPO).found)
    next(first)
    next(second)
    assert checkpoints.under_way.offer == found
    with pytest.raises(FetchError, match=f"{REPO} is being fetched"):
        next(checkpoints.bring(checkpoints.look("somebody/else").found))
    server.release.set()
    for watcher in (first, second):
        list(watcher)
    assert checkpoints.ready(found).name == REPO
    assert server.starts[WEIGHTS] == [0]


def test_what_was_not_fetched_is_not_ready(checkpoints):
    with pytest.raises(FetchError, match="something of it is missing"):
        checkpoints.ready(checkpoints.look(REPO).found)


def test_a_folder_is_taken_by_its_path(checkpoints, tmp_path):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path / "my-pocket")
    assert checkpoints.look(str(folder)).needs.missing_bytes == 0
    assert brought(checkpoints, str(folder)).folder == folder


# On a command line.


def test_obtaining_tells_what_it_needs_and_how_far_it_is_and_gives_a_card(hub):
    out = io.StringIO()
    card = obtain(REPO, hub, out, lambda: HERE)
    needs, *progress = out.getvalue().splitlines()
    assert (card.name, card.canvas_length) == (REPO, 64)
    assert needs.startswith(f"{REPO} needs 6 MB of download to {hub.cache}")
    assert "of 8.0 GB memory, for a canvas of 64" in needs
    assert 1 <= len(progress) <= 11
    assert obtain(REPO, replace(hub, endpoint=OFFLINE), io.StringIO(), lambda: HERE) == card


def test_on_a_terminal_one_line_renews_itself(hub):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    obtain(REPO, hub, out, lambda: HERE)
    _needs, shown, rest = out.getvalue().split("\n")
    assert shown.startswith("\r\x1b[K")
    assert rest == ""


def test_a_checkpoint_too_large_for_a_processor_is_refused_before_it_is_fetched(server, hub, monkeypatch):
    monkeypatch.setattr("visualizer.hub.machine.CPU_WEIGHTS_BYTES", SIZE - 1)
    with pytest.raises(MachineError, match="needs Apple silicon"):
        obtain(REPO, hub, io.StringIO(), lambda: Machine(metal=False, memory_bytes=10**12))
    assert server.served[WEIGHTS] == 0
