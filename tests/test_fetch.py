"""Finding and fetching checkpoints from a small hub on this machine, and every way in which it can fail."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.support.hub_server import blob_of, files_of, served_hub
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, FetchError, MachineError
from visualizer.hub import fetch as fetch_module
from visualizer.hub.catalog import Hub, Offer, find_cached, look_up
from visualizer.hub.fetch import (
    DIFFUSION_GEMMA,
    Fetch,
    Progress,
    check_place,
    fit,
    locate,
    obtain,
    preselected,
)
from visualizer.hub.machine import Machine, memory_need, weights_on_disk
from visualizer.model.checkpoint import CheckpointCard, load_checkpoint, read_card

REPO = "somebody/pocket-copy"
WEIGHTS = "model.safetensors"
POCKET_FILES = files_of(POCKET_FOLDER)
SIZE = len(POCKET_FILES[WEIGHTS])


def repository(**changes):
    """The pocket checkpoint as a repository; None leaves a file out."""
    files = POCKET_FILES | {name.replace("__", "."): content for name, content in changes.items()}
    return {name: content for name, content in files.items() if content is not None}


@pytest.fixture
def server():
    with served_hub({REPO: repository()}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


def fetched(offer):
    """Fetch it, with little patience; the progress seen on the way."""
    return list(Fetch(offer, tries=3).progress())


def partial_bytes(offer):
    return sum(path.stat().st_size for path in offer.blobs.glob("*.incomplete"))


def test_a_fetched_checkpoint_loads_and_is_found_again_without_the_hub(hub):
    offer = locate(REPO, hub)
    assert isinstance(offer, Offer)
    assert not hub.cache.exists(), "looking it up writes nothing"
    fetched(offer)
    nobody = replace(hub, endpoint="http://127.0.0.1:9")
    card = locate(REPO, nobody)
    assert isinstance(card, CheckpointCard)
    assert card.name == REPO
    assert load_checkpoint(card).tokenizer.chat_template
    assert replace(card, folder=POCKET_FOLDER, name="") == replace(read_card(POCKET_FOLDER), name="")


def test_only_what_a_run_needs_is_fetched(server, hub):
    server.repos[REPO] |= {"README.md": b"words", "pytorch_model.bin": b"pickle", "onnx/model.safetensors": b"other"}
    fetched(locate(REPO, hub))
    assert set(server.served) == set(POCKET_FILES) - {"README.md"}
    assert all(server.served[name] == len(POCKET_FILES[name]) for name in server.served if name != "config.json")


def test_a_connection_that_drops_half_way_is_taken_up_again_in_the_same_fetch(server, hub):
    server.cuts[WEIGHTS] = [SIZE // 2, SIZE // 4]
    fetched(locate(REPO, hub))
    assert server.served[WEIGHTS] == SIZE
    assert find_cached(REPO, hub)


def test_a_second_fetch_goes_on_where_the_first_was_cut_off(server, hub):
    offer = locate(REPO, hub)
    with served_hub({REPO: repository()}) as dying:
        dying.cuts[WEIGHTS] = [SIZE // 2] + [0] * 20
        with pytest.raises(FetchError, match=r"what came is kept"):
            fetched(replace(offer, hub=replace(hub, endpoint=dying.address)))
        assert dying.served[WEIGHTS] == SIZE // 2
    assert partial_bytes(offer) == SIZE // 2
    fetched(offer)
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
    fetched(locate(REPO, hub))
    assert server.starts[WEIGHTS] == [0, kept]
    assert find_cached(REPO, hub)


def test_progress_grows_to_the_whole(server, hub):
    server.cuts[WEIGHTS] = [SIZE // 3]
    seen = fetched(locate(REPO, hub))
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert {progress.total_bytes for progress in seen} == {locate_total()}


def locate_total():
    return sum(len(content) for name, content in POCKET_FILES.items() if name != "README.md")


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(0, 16_600_000_000, None), "0 kB of 16.6 GB · 0 %"),
        (Progress(8_300_000_000, 16_600_000_000, 40e6), "8.3 GB of 16.6 GB · 50 % · 40 MB/s · 3 min left"),
        (Progress(16_500_000_000, 16_600_000_000, 5e6), "16.5 GB of 16.6 GB · 99 % · 5 MB/s · 20 s left"),
        (Progress(1_000_000_000, 16_600_000_000, 1e6), "1.0 GB of 16.6 GB · 6 % · 1 MB/s · 4.3 h left"),
        (Progress(16_600_000_000, 16_600_000_000, 5e6), "16.6 GB · checking and loading"),
    ],
)
def test_progress_in_words(progress, said):
    assert str(progress) == said


def test_a_hub_that_ignores_ranges_starts_the_file_again_and_still_ends_right(server, hub):
    server.ranges = False
    server.cuts[WEIGHTS] = [SIZE // 2]
    fetched(locate(REPO, hub))
    assert server.served[WEIGHTS] == SIZE // 2 + SIZE
    assert find_cached(REPO, hub)


def test_a_damaged_partial_file_is_removed_and_said(server, hub):
    offer = locate(REPO, hub)
    offer.blobs.mkdir(parents=True)
    damaged = offer.blobs / f"{blob_of(WEIGHTS, POCKET_FILES[WEIGHTS])}.incomplete"
    damaged.write_bytes(b"x" * 1000)
    with pytest.raises(FetchError, match=r"model\.safetensors came damaged and was removed"):
        fetched(offer)
    assert not damaged.exists()
    fetched(offer)
    assert find_cached(REPO, hub)


def test_a_hub_out_of_order_for_a_moment_is_waited_for(server, hub):
    server.statuses["tokenizer.json"] = [503, 429]
    fetched(locate(REPO, hub))
    assert find_cached(REPO, hub)


def test_two_programs_do_not_fetch_the_same_at_once(server, hub):
    server.held.add(WEIGHTS)
    first = Fetch(locate(REPO, hub))
    for _ in first.progress():
        if partial_bytes(first.offer):
            break
    with pytest.raises(FetchError, match="Another program is fetching"):
        fetched(first.offer)
    server.release.set()
    list(first.progress())
    assert find_cached(REPO, hub)


def test_a_crashed_fetch_is_said(server, hub):
    server.held.add(WEIGHTS)
    fetch = Fetch(locate(REPO, hub))
    fetch._process.kill()
    with pytest.raises(FetchError, match="ended unexpectedly"):
        list(fetch.progress())


LLAMA = json.dumps({"model_type": "llama"}).encode()
BAD_REPOSITORIES = {
    "another model type": ({"config__json": LLAMA}, "of type 'llama', and only 'diffusion_gemma'"),
    "no config": ({"config__json": None}, "has no config.json"),
    "a config that is no JSON": ({"config__json": b"{"}, "is no JSON"),
    "a config that is a list": ({"config__json": b"[]"}, "of type None"),
    "a config without sizes": ({"config__json": b'{"model_type": "diffusion_gemma"}'}, "lacks or garbles"),
    "no weights": ({"model__safetensors": None}, "no safetensors weights"),
    "no tokenizer": ({"tokenizer__json": None}, "tokenizer.json is missing"),
}


@pytest.mark.parametrize("label", BAD_REPOSITORIES)
def test_a_repository_that_cannot_be_shown_is_refused_before_its_weights_are_fetched(server, hub, label):
    changes, said = BAD_REPOSITORIES[label]
    server.repos[REPO] = repository(**changes)
    with pytest.raises(CheckpointError, match=said):
        locate(REPO, hub)
    assert server.served[WEIGHTS] == 0
    assert not hub.cache.exists()


BAD_NAMES = {
    "nothing": ("  ", "Name a checkpoint"),
    "words": ("my favourite model", "neither a folder here nor a hub id"),
    "one word": ("llama", "neither a folder here nor a hub id"),
    "a hub id with a path": ("a/b/c", "There is no checkpoint folder at a/b/c"),
    "a missing folder": ("/nowhere/at/all", "There is no checkpoint folder at /nowhere"),
    "a folder of another kind": ("tests", "config.json is missing"),
    "two dots": ("a/..b", "neither a folder here nor a hub id"),
    "a web address": ("https://huggingface.co/a/b", "There is no checkpoint folder"),
    "very long": ("x" * 5000, "neither a folder"),
}


@pytest.mark.parametrize("label", BAD_NAMES)
def test_a_name_that_cannot_be_meant_is_refused(hub, label):
    name, said = BAD_NAMES[label]
    with pytest.raises(CheckpointError, match=said):
        locate(name, hub)


def test_a_checkpoint_that_the_hub_does_not_know_is_said(hub):
    with pytest.raises(FetchError, match="knows no checkpoint somebody/else, or it is private"):
        locate("somebody/else", hub)


def test_a_checkpoint_with_terms_to_accept_is_said(server, hub):
    server.gated.add(REPO)
    with pytest.raises(FetchError, match="asks for its terms to be accepted at http"):
        locate(REPO, hub)


def test_offline_with_nothing_cached_is_said_and_the_pocket_is_still_found(tmp_path):
    offline = Hub(endpoint="http://127.0.0.1:9", cache=tmp_path)
    with pytest.raises(FetchError, match=r"not complete on this machine, and 127\.0\.0\.1:9 cannot be reached"):
        locate(REPO, offline)
    assert locate("pocket", offline).folder == POCKET_FOLDER
    assert locate(str(POCKET_FOLDER), offline).folder == POCKET_FOLDER


def test_offline_mode_is_named(hub):
    done = in_python(hub, "look_up(REPO, hub)", environment={"HF_HUB_OFFLINE": "1"})
    assert done == f"FetchError: {REPO} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it."


def test_a_half_fetched_checkpoint_does_not_count_as_here(server, hub):
    server.cuts[WEIGHTS] = [1000] + [0] * 20
    with pytest.raises(FetchError):
        fetched(locate(REPO, hub))
    assert find_cached(REPO, hub) is None
    assert isinstance(locate(REPO, hub), Offer)


def in_python(hub, expression, prefix=(), environment=None):
    """What an expression raises in a process of its own: its type and message."""
    code = (
        "from pathlib import Path\n"
        "from visualizer.errors import VisualizerError\n"
        "from visualizer.hub.fetch import *\n"
        "from visualizer.hub.catalog import *\n"
        f"REPO, hub = {REPO!r}, Hub({hub.endpoint!r}, Path({str(hub.cache)!r}))\n"
        "if __name__ == '__main__':\n"
        f"    try:\n        {expression}\n"
        "    except VisualizerError as exc:\n        print(f'{type(exc).__name__}: {exc}')\n"
    )
    script = hub.cache.parent / "script.py"
    script.write_text(code)
    finished = subprocess.run(
        [*prefix, sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(POCKET_FOLDER.parent.parent)} | (environment or {}),
    )  # fmt: skip
    return finished.stdout.strip()


linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's namespaces (unshare)")


def small_disk(folder, kilobytes):
    """A command prefix that gives a program a small disk of its own at the folder."""
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "{folder}" && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")


@linux_only
def test_too_little_disk_is_refused_before_anything_is_fetched(server, hub):
    said = in_python(hub, "check_place(locate(REPO, hub))", small_disk(hub.cache, 2000))
    assert said.startswith(f"MachineError: {REPO} needs ")
    assert "2 MB are free at" in said
    assert server.served[WEIGHTS] == 0


@linux_only
def test_a_disk_that_fills_up_on_the_way_is_said_in_one_sentence(server, hub):
    said = in_python(hub, "list(Fetch(locate(REPO, hub)).progress())", small_disk(hub.cache, 3000))
    assert said == (f"FetchError: The disk at {hub.cache} is full; what came is kept. Make room, then fetch again.")


# In a user namespace that maps nobody, root is an ordinary owner: it cannot open what its own mode bits forbid.
ORDINARY = ("unshare", "--user")


@linux_only
def test_a_cache_folder_that_cannot_be_written_is_refused_before_anything_is_fetched(server, hub):
    hub.cache.mkdir()
    hub.cache.chmod(0o555)
    said = in_python(hub, "check_place(locate(REPO, hub))", ORDINARY)
    assert said == f"FetchError: The folder {hub.cache} cannot be written; set HF_HOME to one that can."
    assert server.served[WEIGHTS] == 0


@linux_only
def test_a_fetch_into_a_folder_that_cannot_be_written_is_said(hub):
    hub.cache.mkdir()
    hub.cache.chmod(0o555)
    said = in_python(hub, "list(Fetch(locate(REPO, hub)).progress())", ORDINARY)
    assert said.endswith("cannot be written (Permission denied).")


@linux_only
@pytest.mark.parametrize("mode", [0o000, 0o400, 0o300])
def test_a_checkpoint_folder_without_permission_is_refused_in_words(hub, tmp_path, mode):
    locked = tmp_path / "outer" / "locked"
    locked.mkdir(parents=True)
    for name, content in POCKET_FILES.items():
        (locked / name).write_bytes(content)
        (locked / name).chmod(0o000)
    locked.chmod(mode)
    locked.parent.chmod(mode | 0o100 if mode else 0)
    said = in_python(hub, f"locate({str(locked)!r}, hub)", ORDINARY)
    locked.parent.chmod(0o700)
    locked.chmod(0o700)
    assert said.startswith("CheckpointError: ")
    assert "Permission denied" in said


BIG = Machine(metal=True, memory_bytes=200 * 10**9)


def test_what_fits_stays_as_it_is_and_what_does_not_gets_a_shorter_canvas(card, hub):
    offer_shape = fetch_module.read_shape(fetch_module.read_json(card.folder / "config.json"))
    weights = weights_on_disk(card.folder)
    assert fit(card, BIG) == card
    tight = memory_need(offer_shape, weights, 64).total_bytes
    shorter = fit(card, Machine(metal=True, memory_bytes=tight))
    assert (shorter.canvas_length, shorter.defaults.canvas_length) == (64, 64)
    with pytest.raises(MachineError, match="even with a canvas of 32"):
        fit(card, Machine(metal=True, memory_bytes=weights))


def test_obtaining_tells_what_it_needs_and_how_far_it_is_and_gives_a_card(hub):
    told = []
    card = obtain(REPO, hub, told.append)
    assert (card.name, card.canvas_length) == (REPO, 128)
    assert f"{REPO} needs " in told[0]
    assert "of download to" in told[0]
    assert "for a canvas of 128" in told[0]
    assert obtain(REPO, replace(hub, endpoint="http://127.0.0.1:9"), told.append) == card


def test_a_checkpoint_too_large_for_a_processor_is_refused_before_it_is_fetched(server, hub, monkeypatch):
    monkeypatch.setattr(fetch_module, "probe_machine", lambda: Machine(metal=False, memory_bytes=10**12))
    monkeypatch.setattr("visualizer.hub.machine.CPU_WEIGHTS_BYTES", SIZE - 1)
    with pytest.raises(MachineError, match="needs Apple silicon"):
        obtain(REPO, hub, print)
    assert server.served[WEIGHTS] == 0


@pytest.mark.parametrize(
    ("apple", "here", "machine", "expected"),
    [
        (True, True, BIG, DIFFUSION_GEMMA),
        (True, False, BIG, "pocket-diffusiongemma"),
        (True, True, Machine(metal=True, memory_bytes=10**6), "pocket-diffusiongemma"),
        (False, True, BIG, "pocket-diffusiongemma"),
    ],
)
def test_on_apple_silicon_the_large_one_is_preselected_where_it_is_here_and_fits(
    tmp_path, monkeypatch, apple, here, machine, expected
):
    # Apple silicon cannot be had here: its name and what Metal would answer are made up; the cache is real.
    monkeypatch.setattr(fetch_module, "is_apple_silicon", lambda: apple)
    monkeypatch.setattr(fetch_module, "probe_machine", lambda: machine)
    with served_hub({DIFFUSION_GEMMA: repository()}) as server:
        hub = Hub(endpoint=server.address, cache=tmp_path)
        if here:
            fetched(look_up(DIFFUSION_GEMMA, hub))
    assert preselected(lambda: hub).name == expected


def test_a_place_with_room_is_fine(hub):
    check_place(locate(REPO, hub))
