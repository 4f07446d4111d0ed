"""Checkpoints by name, on this machine and on a small hub of it: what is found, refused, preselected, and what fits."""

from __future__ import annotations

import json

import pytest

from tests.support.hub_server import served_hub
from tests.support.pocket_hub import (
    BIG,
    ORDINARY,
    POCKET_FILES,
    REPO,
    SIZE,
    WEIGHTS,
    fetch_all,
    in_python,
    linux_only,
    repository,
    small_disk,
)
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, FetchError, MachineError
from visualizer.hub import find
from visualizer.hub.catalog import Hub, look_up
from visualizer.hub.find import DIFFUSION_GEMMA, check_place, fit, locate, preselected
from visualizer.hub.machine import TOWER, Machine, memory_need, read_shape, weights_on_disk
from visualizer.model import INDEX, read_json


@pytest.fixture
def server():
    with served_hub({REPO: repository()}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


LLAMA = json.dumps({"model_type": "llama"}).encode()
GPTQ = json.dumps(json.loads(POCKET_FILES["config.json"]) | {"quantization_config": {"quant_method": "gptq"}}).encode()
BAD_REPOSITORIES = {
    "another model type": (
        {"config__json": LLAMA},
        "of type 'llama', and only 'diffusion_gemma', 'gemma3_text' and 'gemma4'",
    ),
    "no config": ({"config__json": None}, "has no config.json"),
    "a config that is no JSON": ({"config__json": b"{"}, "is no JSON"),
    "a config that is a list": ({"config__json": b"[]"}, "is not a JSON object"),
    "a config without sizes": ({"config__json": b'{"model_type": "diffusion_gemma"}'}, "lacks or garbles"),
    "quantized for other programs": ({"config__json": GPTQ}, rf"{REPO} is quantized for other programs .*gptq"),
    "an index without weights": ({INDEX: b"{}"}, "lists no weights"),
    "an index of other weights": (
        {INDEX: json.dumps({"weight_map": {"a": "other.safetensors"}}).encode()},
        r"incomplete: other\.safetensors is missing",
    ),
    "no weights": ({"model__safetensors": None}, "no safetensors weights"),
    "no tokenizer": ({"tokenizer__json": None}, "tokenizer.json is missing"),
}


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "a\0b", "\0", "/a\0b", "/" + "x" * 5000, "x" * 5000, "é/ü"])
def test_a_name_that_can_be_none_is_refused_in_words(hub, name):
    with pytest.raises((CheckpointError, FetchError)):
        locate(name, hub)


@pytest.mark.parametrize("label", BAD_REPOSITORIES)
def test_a_repository_that_cannot_be_shown_is_refused_before_its_weights_are_fetch_all(server, hub, label):
    changes, said = BAD_REPOSITORIES[label]
    server.repos[REPO] = repository(**changes)
    with pytest.raises(CheckpointError, match=said):
        locate(REPO, hub)
    assert server.served[WEIGHTS] == 0
    assert not hub.cache.exists()


@pytest.mark.parametrize("tower", ["in the shards", "in a file of its own"])
def test_only_the_files_of_the_index_are_fetched_and_a_tower_among_them_needs_no_memory(server, hub, tower):
    # The published 4-bit repository has its vision tower in the shards, OptiQ's beside them.
    beside = tower != "in the shards"
    vision = dict.fromkeys(
        ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "head_dim", "patch_size",
         "position_embedding_size"), 4,
    )  # fmt: skip
    config = json.loads(POCKET_FILES["config.json"]) | {"vision_config": vision}
    names = {"model.decoder.norm.weight": WEIGHTS} | ({} if beside else {f"{TOWER[0]}a.weight": WEIGHTS})
    server.repos[REPO] = repository(config__json=json.dumps(config).encode()) | {
        INDEX: json.dumps({"weight_map": names}).encode(),
        "optiq_vision.safetensors": b"tower",
    }
    offer = look_up(REPO, hub)
    assert [file.name for file in offer.files if file.name.endswith(".safetensors")] == [WEIGHTS]
    assert offer.weights_bytes == SIZE - (0 if beside else read_shape(config).tower_bytes)


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


@linux_only
def test_too_little_disk_is_refused_before_anything_is_fetch_all(server, hub):
    said = in_python(hub, "check_place(locate(REPO, hub))", small_disk(hub.cache, 2000))
    assert said.startswith(f"MachineError: {REPO} needs ")
    assert "2 MB are free at" in said
    assert server.served[WEIGHTS] == 0


@linux_only
def test_a_cache_folder_that_cannot_be_written_is_refused_before_anything_is_fetch_all(server, hub):
    hub.cache.mkdir()
    hub.cache.chmod(0o555)
    said = in_python(hub, "check_place(locate(REPO, hub))", ORDINARY)
    assert said == f"FetchError: The folder {hub.cache} cannot be written; set HF_HOME to one that can."
    assert server.served[WEIGHTS] == 0


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


def test_what_fits_stays_as_it_is_and_what_does_not_gets_a_shorter_canvas(card, hub):
    offer_shape = read_shape(read_json(card.folder / "config.json"))
    weights = weights_on_disk(card.folder)
    assert fit(card, BIG) == card
    tight = memory_need(offer_shape, weights, 64).total_bytes
    shorter = fit(card, Machine(metal=True, memory_bytes=tight))
    assert (shorter.canvas_length, shorter.defaults.canvas_length) == (64, 64)
    with pytest.raises(MachineError, match="even with a canvas of 32"):
        fit(card, Machine(metal=True, memory_bytes=weights))


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
    monkeypatch.setattr(find, "is_apple_silicon", lambda: apple)
    with served_hub({DIFFUSION_GEMMA: repository()}) as server:
        hub = Hub(endpoint=server.address, cache=tmp_path)
        if here:
            fetch_all(look_up(DIFFUSION_GEMMA, hub))
    assert preselected(lambda: hub, lambda: machine).name == expected


def test_a_place_with_room_is_fine(hub):
    check_place(locate(REPO, hub))
