"""Fetching from a small hub on this machine, and every way in which that can fail."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.support import mac_fetcher
from tests.support.hub_server import blob_of, served_hub
from tests.support.pocket_hub import (
    NOT_FETCHED,
    ORDINARY,
    POCKET_FILES,
    REPO,
    SIZE,
    WEIGHTS,
    fetch_all,
    in_python,
    linux_only,
    partial_bytes,
    repository,
    small_disk,
)
from tests.support.waiting import wait_until
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import FetchError
from visualizer.hub import download
from visualizer.hub.catalog import Hub, Offer, find_cached
from visualizer.hub.download import Fetch, FetchProgress
from visualizer.hub.find import locate
from visualizer.hub.machine import weights_on_disk
from visualizer.model import CheckpointCard, load_checkpoint, read_card


@pytest.fixture
def server():
    with served_hub({REPO: repository()}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


def test_a_fetched_checkpoint_loads_and_is_found_again_without_the_hub(hub):
    offer = locate(REPO, hub)
    assert isinstance(offer, Offer)
    assert not hub.cache.exists(), "looking it up writes nothing"
    fetch_all(offer)
    nobody = replace(hub, endpoint="http://127.0.0.1:9")
    card = locate(REPO, nobody)
    assert isinstance(card, CheckpointCard)
    assert card.name == REPO
    assert load_checkpoint(card).tokenizer.chat_template
    assert replace(card, folder=POCKET_FOLDER, name="") == replace(read_card(POCKET_FOLDER), name="")


def test_only_what_a_run_needs_is_fetch_all(server, hub):
    server.repos[REPO] |= {"README.md": b"words", "pytorch_model.bin": b"pickle", "onnx/model.safetensors": b"other"}
    fetch_all(locate(REPO, hub))
    assert set(server.served) == set(POCKET_FILES) - NOT_FETCHED
    assert all(server.served[name] == len(POCKET_FILES[name]) for name in server.served if name != "config.json")


def test_a_connection_that_drops_half_way_is_taken_up_again_in_the_same_fetch(server, hub):
    server.cuts[WEIGHTS] = [SIZE // 2, SIZE // 4]
    fetch_all(locate(REPO, hub))
    assert server.served[WEIGHTS] == SIZE
    assert find_cached(REPO, hub)


def test_a_second_fetch_goes_on_where_the_first_was_cut_off(server, hub):
    offer = locate(REPO, hub)
    with served_hub({REPO: repository()}) as dying:
        dying.cuts[WEIGHTS] = [SIZE // 2] + [0] * 20
        with pytest.raises(FetchError, match=r"what came is kept"):
            fetch_all(replace(offer, hub=replace(hub, endpoint=dying.address)))
        assert dying.served[WEIGHTS] == SIZE // 2
    assert partial_bytes(offer) == SIZE // 2
    fetch_all(offer)
    assert server.served[WEIGHTS] == SIZE - SIZE // 2
    assert weights_on_disk(find_cached(REPO, hub).folder) == SIZE


def test_a_cancelled_fetch_keeps_what_came_and_goes_on_later(server, hub):
    server.held.add(WEIGHTS)
    fetch = Fetch(locate(REPO, hub))
    weights = fetch.offer.blobs / f"{blob_of(WEIGHTS, POCKET_FILES[WEIGHTS])}.incomplete"
    for _ in fetch.progress():
        if weights.exists() and weights.stat().st_size:
            break
    fetch.cancel()
    with pytest.raises(FetchError, match=r"Stopped at \d+ %"):
        list(fetch.progress())
    kept = weights.stat().st_size
    assert 0 < kept < SIZE
    server.release.set()
    fetch_all(locate(REPO, hub))
    assert server.starts[WEIGHTS] == [0, kept]
    assert find_cached(REPO, hub)


def test_progress_grows_to_the_whole(server, hub):
    server.cuts[WEIGHTS] = [SIZE // 3]
    seen = fetch_all(locate(REPO, hub))
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert {progress.total_bytes for progress in seen} == {locate_total()}


def locate_total():
    return sum(len(content) for name, content in POCKET_FILES.items() if name not in NOT_FETCHED)


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (FetchProgress(0, 16_600_000_000, None), "0 kB of 16.6 GB · 0 %"),
        (FetchProgress(8_300_000_000, 16_600_000_000, 40e6), "8.3 GB of 16.6 GB · 50 % · 40 MB/s · 3 min left"),
        (FetchProgress(16_500_000_000, 16_600_000_000, 5e6), "16.5 GB of 16.6 GB · 99 % · 5 MB/s · 20 s left"),
        (FetchProgress(1_000_000_000, 16_600_000_000, 1e6), "1.0 GB of 16.6 GB · 6 % · 1 MB/s · 4.3 h left"),
        (FetchProgress(16_600_000_000, 16_600_000_000, 5e6), "16.6 GB · checking and loading"),
    ],
)
def test_progress_in_words(progress, said):
    assert str(progress) == said


def test_a_hub_that_ignores_ranges_starts_the_file_again_and_still_ends_right(server, hub):
    server.ranges = False
    server.cuts[WEIGHTS] = [SIZE // 2]
    fetch_all(locate(REPO, hub))
    assert server.served[WEIGHTS] == SIZE // 2 + SIZE
    assert find_cached(REPO, hub)


def test_a_damaged_partial_file_is_removed_and_said(server, hub):
    offer = locate(REPO, hub)
    offer.blobs.mkdir(parents=True)
    damaged = offer.blobs / f"{blob_of(WEIGHTS, POCKET_FILES[WEIGHTS])}.incomplete"
    damaged.write_bytes(b"x" * 1000)
    with pytest.raises(FetchError, match=r"model\.safetensors came damaged and was removed"):
        fetch_all(offer)
    assert not damaged.exists()
    fetch_all(offer)
    assert find_cached(REPO, hub)


def test_a_hub_out_of_order_for_a_moment_is_waited_for(server, hub):
    server.statuses["tokenizer.json"] = [503, 429]
    fetch_all(locate(REPO, hub))
    assert find_cached(REPO, hub)


def test_a_signed_address_that_has_expired_is_asked_for_anew_and_the_file_goes_on_where_it_was(server, hub):
    server.cuts[WEIGHTS] = [SIZE // 2]
    server.late[WEIGHTS] = 2
    fetch_all(locate(REPO, hub))
    assert server.gave[WEIGHTS] == 4
    assert server.starts[WEIGHTS] == [0, SIZE // 2]
    assert find_cached(REPO, hub)


def test_another_host_that_never_lets_one_in_ends_the_fetch_and_is_named(server, hub):
    server.late[WEIGHTS] = 100
    with pytest.raises(FetchError, match=rf"^localhost:\d+ answers 403 for {REPO}; what came is kept"):
        fetch_all(locate(REPO, hub))
    assert server.gave[WEIGHTS] == 3


def test_another_host_that_cannot_be_reached_is_named(server, hub):
    server.store.shutdown()
    server.store.server_close()
    with pytest.raises(FetchError, match=r"and localhost:\d+ cannot be reached"):
        fetch_all(locate(REPO, hub))


@pytest.mark.parametrize("gated", [True, False])
def test_a_hub_that_forbids_a_file_is_not_asked_again(server, hub, gated):
    offer = locate(REPO, hub)
    if gated:
        server.gated.add(REPO)
    else:
        server.statuses[WEIGHTS] = [403, 403]
    with pytest.raises(FetchError, match="terms to be accepted" if gated else rf"{hub.endpoint[7:]} answers 403"):
        fetch_all(offer)
    assert server.gave[WEIGHTS] == 0
    assert len(server.statuses[WEIGHTS]) == (0 if gated else 1)


def test_the_token_goes_to_the_hub_and_not_to_the_host_it_sends_on_to(server, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_all(locate(REPO, hub))
    assert server.gave[WEIGHTS] == 1
    assert set(server.authorized) == {"hub"}


def test_two_programs_do_not_fetch_the_same_at_once(server, hub):
    server.held.add(WEIGHTS)
    first = Fetch(locate(REPO, hub))
    for _ in first.progress():
        if partial_bytes(first.offer):
            break
    with pytest.raises(FetchError, match="Another program is fetching"):
        fetch_all(first.offer)
    server.release.set()
    list(first.progress())
    assert find_cached(REPO, hub)


def test_a_crashed_fetch_is_said(server, hub):
    server.held.add(WEIGHTS)
    fetch = Fetch(locate(REPO, hub))
    fetch._process.kill()
    with pytest.raises(FetchError, match="ended unexpectedly"):
        list(fetch.progress())


def test_a_half_fetched_checkpoint_does_not_count_as_here(server, hub):
    server.cuts[WEIGHTS] = [1000] + [0] * 20
    with pytest.raises(FetchError):
        fetch_all(locate(REPO, hub))
    assert find_cached(REPO, hub) is None
    assert isinstance(locate(REPO, hub), Offer)


@linux_only
def test_a_disk_that_fills_up_on_the_way_is_said_in_one_sentence(server, hub):
    said = in_python(hub, "list(Fetch(locate(REPO, hub)).progress())", small_disk(hub.cache, 3000))
    assert said == (f"FetchError: The disk at {hub.cache} is full; what came is kept. Make room, then fetch again.")


@linux_only
def test_a_fetch_into_a_folder_that_cannot_be_written_is_said(hub):
    hub.cache.mkdir()
    hub.cache.chmod(0o555)
    said = in_python(hub, "list(Fetch(locate(REPO, hub)).progress())", ORDINARY)
    assert said.endswith("cannot be written (Permission denied).")


CAFFEINATE = """#!/bin/sh
echo "$@" >{folder}/asked
while kill -0 "$3" 2>/dev/null; do sleep 0.02; done
echo >{folder}/over
"""


@pytest.fixture
def caffeinate(tmp_path, monkeypatch):
    """A folder with a stand-in for macOS's command, first on the path; it notes how it is asked and when it ends."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "caffeinate"
    command.write_text(CAFFEINATE.format(folder=folder))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_mac_stays_awake_for_as_long_as_it_fetches(server, hub, caffeinate, monkeypatch, cancelled):
    monkeypatch.setattr(download, "_serve", mac_fetcher.serve)
    server.held.add(WEIGHTS)
    fetch = Fetch(locate(REPO, hub))
    wait_until((caffeinate / "asked").exists)
    wait_until(lambda: partial_bytes(fetch.offer))
    assert (caffeinate / "asked").read_text() == f"-i -w {fetch._process.pid}\n"
    assert not (caffeinate / "over").exists()
    if cancelled:
        fetch.cancel()
    else:
        server.release.set()
        list(fetch.progress())
    wait_until((caffeinate / "over").exists)


def test_a_mac_without_the_command_fetches_all_the_same(hub, monkeypatch):
    monkeypatch.setattr(download, "_serve", mac_fetcher.serve)
    fetch_all(locate(REPO, hub))
    assert find_cached(REPO, hub)


@linux_only
def test_elsewhere_nothing_is_asked_to_stay_awake(hub, caffeinate):
    fetch_all(locate(REPO, hub))
    assert not (caffeinate / "asked").exists()
