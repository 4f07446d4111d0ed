"""A checkpoint's folder is checked before and while it is loaded, and refused in one clear sentence."""

import json
import os
import re
import shutil
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import pytest

from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, SettingsError
from visualizer.model import files, load_checkpoint, read_card
from visualizer.settings import MAX_TOKENS, THOUGHT_TOKENS, Sampler, Settings


@pytest.fixture
def folder(tmp_path):
    """A copy of the pocket checkpoint to spoil."""
    return shutil.copytree(POCKET_FOLDER, tmp_path / "copy")


def edit(path, **values):
    """Set keys of a JSON file; None removes one."""
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def is_one_sentence(message):
    return message.endswith(".") and "\n" not in message and len(message) < 400


def index(folder, content):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


def set_text_config(folder, **values):
    text_config = json.loads((folder / "config.json").read_text())["text_config"] | values
    edit(folder / "config.json", text_config={k: v for k, v in text_config.items() if v is not None})


BAD_FOLDERS = {
    "missing": (shutil.rmtree, "There is no checkpoint folder at .*copy"),
    "a file": (lambda f: (shutil.rmtree(f), f.write_text("")), "There is no checkpoint folder at .*copy"),
    "empty": (lambda f: (shutil.rmtree(f), f.mkdir()), "config.json is missing"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "broken JSON": (lambda f: (f / "config.json").write_text('{"model_type":'), "config.json .* cannot be read"),
    "a config that is no text": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "a config that is a folder": (
        lambda f: ((f / "config.json").unlink(), (f / "config.json").mkdir()),
        "cannot be read",
    ),
    "a JSON list": (lambda f: (f / "config.json").write_text("[1]"), "config.json .* is not a JSON object"),
    "another model type": (lambda f: edit(f / "config.json", model_type="llama"), "'llama', and only '"),
    "no model type": (lambda f: edit(f / "config.json", model_type=None), "type None"),
    "no text_config": (lambda f: edit(f / "config.json", text_config=None), "text_config"),
    "a text_config that is a list": (lambda f: edit(f / "config.json", text_config=[1]), "lacks or garbles"),
    "no vocabulary size": (lambda f: set_text_config(f, vocab_size=None), "vocab_size"),
    "no context length": (lambda f: set_text_config(f, max_position_embeddings=None), "max_position_embeddings"),
    "a canvas length in words": (lambda f: edit(f / "config.json", canvas_length="many"), "many"),
    "a canvas length out of range": (lambda f: edit(f / "config.json", canvas_length=4), "canvas length .* not 4"),
    "no generation config": (lambda f: (f / "generation_config.json").unlink(), "generation_config.json is missing"),
    "no steps": (lambda f: edit(f / "generation_config.json", max_denoising_steps=0), "number of steps .* not 0"),
    "stop ids in a list of lists": (lambda f: edit(f / "generation_config.json", eos_token_id=[[1]]), "garbles"),
    "a sampler_config that is text": (lambda f: edit(f / "generation_config.json", sampler_config="x"), "garbles"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "a shard missing": (lambda f: index(f, {"weight_map": {"a": "1.safetensors"}}), "1.safetensors is missing"),
    "an index without weights": (lambda f: index(f, {"weight_map": {}}), "lists no weights"),
    "an index with a list": (lambda f: index(f, {"weight_map": ["1.safetensors"]}), "lists no weights"),
    "an index that is a list": (lambda f: index(f, []), "is not a JSON object"),
}


@pytest.mark.parametrize(("spoil", "reason"), BAD_FOLDERS.values(), ids=BAD_FOLDERS.keys())
def test_a_bad_folder_is_refused_in_one_sentence(folder, spoil, reason):
    assert read_card(folder)
    spoil(folder)
    with pytest.raises(CheckpointError, match=reason) as caught:
        read_card(folder)
    assert is_one_sentence(str(caught.value)), str(caught.value)
    assert folder.name in str(caught.value)


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def change_weights(folder, change):
    weights = {name: mx.array(value) for name, value in mx.load(str(folder / "model.safetensors")).items()}
    mx.eval(weights)
    change(weights)
    (folder / "model.safetensors").unlink()
    mx.save_safetensors(str(folder / "model.safetensors"), weights)


def shorten(path):
    path.write_bytes(path.read_bytes()[:-1])


def split_and_cut(folder):
    """Two shards with an index; the second loses its end."""
    weights = {name: mx.array(value) for name, value in mx.load(str(folder / "model.safetensors")).items()}
    mx.eval(weights)
    names = sorted(weights)
    halves = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for shard, held in halves.items():
        mx.save_safetensors(str(folder / shard), {name: weights[name] for name in held})
    index(folder, {"weight_map": {name: shard for shard, held in halves.items() for name in held}})
    cut(folder / "model-2.safetensors", 0.9)


def keep_vision_null(folder, **values):
    """Change the text model only; `edit` takes null for removing a key, and without it mlx-vlm adds a vision tower."""
    content = json.loads((folder / "config.json").read_text())
    content["text_config"] |= values
    (folder / "config.json").write_text(json.dumps(content))


BAD_CONTENTS = {
    "garbage instead of weights": (
        lambda f: (f / "model.safetensors").write_bytes(b"x" * 1000),
        "does not load: model.safetensors is no safetensors file",
    ),
    "an empty file of weights": (lambda f: (f / "model.safetensors").write_bytes(b""), "is no safetensors file"),
    "a header that is no JSON": (
        lambda f: (f / "model.safetensors").write_bytes((8).to_bytes(8, "little") + b"x" * 64),
        "is no safetensors file",
    ),
    "half of the weights": (
        lambda f: cut(f / "model.safetensors", 0.5),
        "model.safetensors is cut short at [0-9,]+ bytes",
    ),
    "half of the header": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:500]),
        "is cut short at 500 bytes",
    ),
    "weights without the last byte": (lambda f: shorten(f / "model.safetensors"), "is cut short"),
    "a second shard cut short": (lambda f: split_and_cut(f), "model-2.safetensors is cut short"),
    "another number of layers": (lambda f: set_text_config(f, num_hidden_layers=6), "mlx-vlm refuses it"),
    "another width": (lambda f: keep_vision_null(f, hidden_size=128), "its weights do not fit its config.json"),
    "another vocabulary": (lambda f: keep_vision_null(f, vocab_size=3000), "its weights do not fit its config.json"),
    "a number of heads in words": (lambda f: keep_vision_null(f, num_attention_heads="four"), "mlx-vlm refuses it"),
    "a tensor missing": (
        lambda f: change_weights(f, lambda weights: weights.pop("model.decoder.norm.weight")),
        "model.decoder.norm.weight",
    ),
    "a tensor of another shape": (
        lambda f: change_weights(f, lambda w: w.update({"model.decoder.norm.weight": mx.zeros(3)})),
        "model.decoder.norm.weight",
    ),
    "a broken tokenizer": (lambda f: cut(f / "tokenizer.json", 0.5), "tokenizer.json .* cannot be read"),
    "a tokenizer of another kind": (lambda f: (f / "tokenizer.json").write_text("{}"), "does not load"),
    "no chat template": (lambda f: (f / "chat_template.jinja").unlink(), "has no chat template"),
}


@pytest.mark.parametrize(("spoil", "reason"), BAD_CONTENTS.values(), ids=BAD_CONTENTS.keys())
def test_bad_contents_are_refused_in_one_sentence(folder, spoil, reason):
    spoil(folder)
    card = read_card(folder)
    with pytest.raises(CheckpointError, match=reason) as caught:
        load_checkpoint(card)
    assert is_one_sentence(str(caught.value)), str(caught.value)
    assert card.name in str(caught.value) or folder.name in str(caught.value)


def test_weights_that_have_gone_since_the_card_was_read_are_missing(folder):
    card = read_card(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"is incomplete: model.safetensors is missing\.$"):
        load_checkpoint(card)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_file_that_this_user_may_not_read_is_told_in_those_words(name):
    with tempfile.TemporaryDirectory() as outside:  # pytest's own folders are closed to other users
        folder = shutil.copytree(POCKET_FOLDER, Path(outside) / "copy")
        Path(outside).chmod(0o755)
        card = read_card(folder)
        (folder / name).chmod(0)
        with an_ordinary_user(), pytest.raises(CheckpointError, match=rf"^{name} of .* cannot be read: Permission den"):
            load_checkpoint(card)


@contextmanager
def an_ordinary_user():
    """Root may read everything."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


def test_a_card_tells_what_the_checkpoint_says_of_itself(folder):
    edit(folder / "config.json", _name_or_path="someone/small", canvas_length=64)
    set_text_config(folder, vocab_size=1000, max_position_embeddings=2000)
    edit(
        folder / "generation_config.json",
        eos_token_id=[1, 106, 50],
        max_new_tokens=40,
        max_denoising_steps=9,
        sampler_config={"entropy_bound": 0.3},
        t_min=0.5,
        t_max=0.9,
        stability_threshold=2,
        confidence_threshold=0.01,
        do_sample=True,
        temperature=0.7,
    )
    card = read_card(folder)
    assert (card.name, card.canvas_length, card.vocab_size, card.context_length) == ("someone/small", 64, 1000, 2000)
    assert card.stop_ids == {1, 106, 50}
    assert card.defaults == Settings(
        max_tokens=40, canvas_length=64, max_steps=9, sampler=Sampler.ENTROPY_BOUND, entropy_bound=0.3, t_min=0.5,
        t_max=0.9, stability_steps=2, stop_entropy=0.01, temperature=0.7,
    )  # fmt: skip


def test_a_checkpoint_that_does_not_sample_takes_the_most_probable_tokens(folder):
    edit(folder / "generation_config.json", do_sample=False, temperature=0.7)
    assert read_card(folder).defaults.temperature == 0


@pytest.mark.parametrize(
    ("label", "given", "stop_ids"), [("one id", 7, {7}), ("a list", [7, 8], {7, 8}), ("none", None, set())]
)
def test_stop_ids_may_be(label, given, stop_ids, folder):
    edit(folder / "generation_config.json", eos_token_id=given)
    assert read_card(folder).stop_ids == stop_ids, label


def test_a_folder_without_a_name_of_its_own_is_called_by_its_folder(folder):
    edit(folder / "config.json", _name_or_path="")
    assert read_card(folder).name == "copy"


def test_schedule_and_stop_rule_may_stand_in_objects_of_their_own(folder):
    edit(
        folder / "generation_config.json",
        t_min=None,
        t_max=None,
        stability_threshold=None,
        confidence_threshold=None,
        linear_temperature_schedule_config={"t_min": 0.2, "t_max": 0.7},
        diffusion_stopping_config={"stability_threshold": 3, "confidence_threshold": 0.5},
    )
    defaults = read_card(folder).defaults
    assert (defaults.t_min, defaults.t_max, defaults.stability_steps, defaults.stop_entropy) == (0.2, 0.7, 3, 0.5)


def test_null_means_the_usual_value(folder):
    edit(folder / "generation_config.json", sampler_config=None, max_new_tokens=None)
    content = json.loads((folder / "generation_config.json").read_text()) | {"t_min": None, "max_denoising_steps": None}
    (folder / "generation_config.json").write_text(json.dumps(content))
    assert read_card(folder).defaults.t_min == Settings().t_min


@pytest.mark.parametrize(
    ("context", "asked", "budget"),
    [(262_144, 256, 1024), (262_144, None, 1024), (262_144, 2048, 2048), (32_768, 256, 1024), (4096, 128, 128)],
)
def test_a_checkpoint_with_a_long_context_gets_a_budget_that_ordinary_answers_fit(context, asked, budget, folder):
    set_text_config(folder, max_position_embeddings=context)
    edit(folder / "generation_config.json", max_new_tokens=asked)
    assert read_card(folder).defaults.max_tokens == budget


def test_a_budget_beyond_what_the_page_takes_becomes_its_largest(folder):
    edit(folder / "generation_config.json", max_new_tokens=32_768)
    assert read_card(folder).defaults.max_tokens == MAX_TOKENS


def test_loading_a_folder_opens_no_connection(card, monkeypatch):
    addresses = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: addresses.append(address))
    load_checkpoint(card)
    assert addresses == []


def test_the_prompt_stands_in_the_chat_template(checkpoint):
    ids = checkpoint.prompt_ids("Why is the sky blue?", checkpoint.card.defaults)
    text = checkpoint.tokenizer.decode(ids, skip_special_tokens=False)
    assert text == "<bos><|turn>user\nWhy is the sky blue?<turn|>\n<|turn>model\n"


def test_a_prompt_that_just_fits_is_taken_and_one_token_more_is_refused(checkpoint):
    settings = Settings(max_tokens=40, canvas_length=8)
    ids = checkpoint.prompt_ids("Hello", settings)
    needed = len(ids) + 40 + 8
    roomy, narrow = (
        replace(checkpoint, card=replace(checkpoint.card, context_length=length)) for length in (needed, needed - 1)
    )
    assert roomy.prompt_ids("Hello", settings) == ids
    with pytest.raises(SettingsError, match="too long"):
        narrow.prompt_ids("Hello", settings)


def test_a_system_prompt_and_a_thought_take_their_share_of_the_context(checkpoint):
    settings = Settings(max_tokens=40, canvas_length=8)
    length = len(checkpoint.prompt_ids("Hello", settings)) + 40 + 8
    narrow = replace(checkpoint, card=replace(checkpoint.card, context_length=length + 100))
    narrow.prompt_ids("Hello", settings.changed(system="Be brief."))
    with pytest.raises(SettingsError, match="too long"):
        narrow.prompt_ids("Hello", settings.changed(system="Be brief. " * 100))
    with pytest.raises(SettingsError, match=f"a budget of {40 + THOUGHT_TOKENS} tokens, the thought included, in this"):
        narrow.prompt_ids("Hello", settings.changed(think=True))
    little = replace(checkpoint, card=replace(checkpoint.card, context_length=10**6, memory_context=length + 100))
    with pytest.raises(SettingsError, match=f"a budget of {40 + THOUGHT_TOKENS} tokens, the thought included.$"):
        little.prompt_ids("Hello", settings.changed(think=True))


def test_a_prompt_that_is_too_long_is_refused_with_its_numbers(checkpoint):
    settings = Settings(max_tokens=100, canvas_length=64)
    with pytest.raises(SettingsError) as caught:
        checkpoint.prompt_ids("the sky " * 4000, settings)
    length, fits, budget, context = map(int, re.findall(r"\d+", str(caught.value)))
    assert length > 8000
    assert (fits, budget, context) == (checkpoint.card.context_length - 164, 100, checkpoint.card.context_length)


def test_a_prompt_of_50_000_tokens_is_refused_on_a_mac_with_24_gb_and_the_length_that_fits_is_named(checkpoint):
    # 12,800 positions are what the 26B has there (tests/test_machine.py).
    card = replace(checkpoint.card, context_length=262_144, memory_context=12_800)
    settings = Settings(max_tokens=1024)
    with pytest.raises(SettingsError) as caught:
        replace(checkpoint, card=card).prompt_ids("sky " * 50_000, settings)
    message = str(caught.value)
    assert is_one_sentence(message) and "memory" in message
    length, fits, budget = map(int, re.findall(r"\d+", message))
    assert (length >= 50_000, fits, budget) == (True, 12_800 - 1024, 1024)
    assert len(replace(checkpoint, card=card).prompt_ids("sky " * 5000, settings)) < 12_800


def test_a_prompt_with_a_token_beyond_the_vocabulary_is_refused(checkpoint):
    # mlx-vlm gives the tokenizer a token for video; its id lies beyond the embedding table.
    assert checkpoint.tokenizer.encode("<|video|>", add_special_tokens=False) == [checkpoint.card.vocab_size]
    with pytest.raises(SettingsError, match=r"<\|video\|>"):
        checkpoint.prompt_ids("What is <|video|>?", checkpoint.card.defaults)


def test_special_tokens_are_those_that_an_answer_leaves_out(checkpoint):
    special = checkpoint.special_ids()
    tokenizer = checkpoint.tokenizer
    named = {"<pad>", "<eos>", "<bos>", "<|turn>", "<turn|>"}
    assert named <= {tokenizer.decode([token_id], skip_special_tokens=False) for token_id in special}
    assert checkpoint.answer_text(sorted(special)) == ""
    assert checkpoint.card.stop_ids <= special


def test_an_answer_keeps_its_whitespace_and_loses_its_special_tokens(checkpoint):
    text = "def f(n):\n\treturn  n , n\n    # 🎉\n"
    ids = checkpoint.tokenizer.encode(text + "<turn|><eos>", add_special_tokens=False)
    assert checkpoint.answer_text(ids) == text


def test_another_byte_of_the_weights_gives_another_fingerprint(folder):
    before = read_card(folder).fingerprint
    assert re.fullmatch("[0-9a-f]{16}", before)
    assert read_card(folder).fingerprint == before
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert read_card(folder).fingerprint != before


def test_of_large_weights_pieces_are_read_up_to_both_ends():
    size = 16 * 10**9 + 1
    pieces = files._pieces(size)
    assert (pieces[0], pieces[-1]) == (0, size - files._PIECE_BYTES)
    assert len(pieces) * files._PIECE_BYTES <= 16 * 2**20
