"""What a checkpoint needs and whether a machine has it."""

import json
import subprocess
import sys
from dataclasses import replace

import mlx.core as mx
import pytest

from bench.random_checkpoint import write_random_checkpoint
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, MachineError
from visualizer.hub import machine as machine_module
from visualizer.hub.machine import (
    PREFILL_ROWS,
    READOUT_BYTES,
    TOWER,
    Machine,
    check_processor,
    fitting_canvas,
    fitting_context,
    memory_need,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.model import INDEX
from visualizer.model.denoise import _PREFILL_CHUNK
from visualizer.model.device import tiling

POCKET = json.loads((POCKET_FOLDER / "config.json").read_text())
REAL = {
    "canvas_length": 256,
    "text_config": {
        "hidden_size": 2816, "intermediate_size": 2112, "moe_intermediate_size": 704, "num_hidden_layers": 30,
        "num_attention_heads": 16, "num_key_value_heads": 8, "num_global_key_value_heads": 2, "head_dim": 256,
        "global_head_dim": 512, "sliding_window": 1024, "top_k_experts": 8, "max_position_embeddings": 262_144,
        "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 5,
    },
    "vision_config": {
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
        "head_dim": 72, "patch_size": 16, "position_embedding_size": 10_240,
    },
}  # fmt: skip
"""DiffusionGemma 26B-A4B's shape, as mlx-vlm's diffusion_gemma/config.py has it."""
REAL_FILES = 16_542_844_632
REAL_WEIGHTS = 15_397_517_016
MAC_WITH_24_GB = Machine(metal=True, memory_bytes=17_179_869_184)


def test_the_real_vision_tower_is_not_counted():
    assert REAL_FILES - read_shape(REAL).tower_bytes == REAL_WEIGHTS
    assert read_shape(POCKET).tower_bytes == 0


def test_the_need_of_the_real_checkpoint_is_weights_and_keys_and_one_step():
    need = memory_need(read_shape(REAL), REAL_WEIGHTS, 256, context=1024)
    assert need.weights_bytes == REAL_WEIGHTS
    sliding, full = 25 * 1024 * 2 * 8 * 256 * 2, 5 * 1024 * 2 * 2 * 512 * 2
    assert need.cache_bytes == sliding + full
    assert 100e6 < need.step_bytes < 400e6
    assert need.total_bytes == need.weights_bytes + need.cache_bytes + need.step_bytes


def test_the_sliding_layers_keep_a_window_however_long_the_context_is():
    shape = read_shape(REAL)
    short, long = (memory_need(shape, 0, 256, context=context).cache_bytes for context in (10_000, 20_000))
    assert long - short == 5 * 10_000 * 2 * 2 * 512 * 2


def test_a_longer_canvas_and_wider_numbers_need_more():
    shape = read_shape(POCKET)
    needs = [memory_need(shape, 0, canvas).total_bytes for canvas in (32, 64, 128)]
    assert needs == sorted(set(needs))
    assert memory_need(shape, 0, 64, number_bytes=4).cache_bytes == 2 * memory_need(shape, 0, 64).cache_bytes


PEAK = """
import sys
import mlx.core as mx
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import load_checkpoint, read_card
from visualizer.run.frames import frames
checkpoint = load_checkpoint(read_card(POCKET_FOLDER))
before = mx.get_active_memory()
mx.reset_peak_memory()
settings = checkpoint.card.defaults.changed(max_tokens=128, max_steps=2, stop_entropy=0.0, seed=1)
for frame in frames(checkpoint, "sky " * int(sys.argv[1]), settings):
    pass
print(mx.get_peak_memory() - before)
"""


def test_a_real_run_stays_under_the_stated_need():
    prompt_tokens = 880
    finished = subprocess.run(
        [sys.executable, "-c", PEAK, str(prompt_tokens)], capture_output=True, text=True, check=True,
        cwd=POCKET_FOLDER.parent.parent,
    )  # fmt: skip
    need = memory_need(read_shape(POCKET), 0, 128, context=1024, number_bytes=4)
    assert 0 < int(finished.stdout) <= need.total_bytes


def test_the_need_knows_the_chunks_that_are_really_taken():
    assert PREFILL_ROWS == _PREFILL_CHUNK
    shortest = tiling(0)
    assert (shortest.in_flight + 1) * shortest.tile_bytes <= READOUT_BYTES


def test_on_a_mac_with_24_gb_the_real_checkpoint_has_its_whole_canvas():
    assert fitting_canvas("big", read_shape(REAL), REAL_WEIGHTS, MAC_WITH_24_GB) == 256


def test_where_memory_is_just_short_the_canvas_gets_shorter():
    shape = read_shape(REAL)
    room = memory_need(shape, REAL_WEIGHTS, 96).total_bytes
    assert fitting_canvas("big", shape, REAL_WEIGHTS, Machine(metal=True, memory_bytes=room)) == 96
    assert fitting_canvas("big", shape, REAL_WEIGHTS, Machine(metal=True, memory_bytes=room - 1)) == 64


MACS = {"24 GB": (17_179_869_184, 12_800), "32 GB": (22_906_492_245, 79_360), "64 GB": (51_000_000_000, 262_144)}


@pytest.mark.parametrize("label", MACS)
def test_beside_the_canvas_it_is_known_which_context_fits(label):
    memory, context = MACS[label]
    shape, machine = read_shape(REAL), Machine(metal=True, memory_bytes=memory)
    assert fitting_canvas("big", shape, REAL_WEIGHTS, machine) == 256
    assert fitting_context(shape, REAL_WEIGHTS, machine, 256) == context
    assert memory_need(shape, REAL_WEIGHTS, 256, context).total_bytes <= memory
    if context < shape.context_length:
        assert memory_need(shape, REAL_WEIGHTS, 256, context + 256).total_bytes > memory


@pytest.mark.parametrize("own", [8, 32, 33, 100, 256])
def test_a_checkpoints_own_canvas_is_offered_first(own):
    shape = replace(read_shape(POCKET), canvas_length=own)
    assert fitting_canvas("small", shape, 0, Machine(metal=False, memory_bytes=10**12)) == own


REFUSALS = {
    "a mac with 16 GB": (Machine(metal=True, memory_bytes=11_453_251_584),
                         r"^big needs 1[56]\.\d GB of memory even with a canvas of 32, .* has 11\.5 GB for Metal"),
    "a processor": (Machine(metal=False, memory_bytes=10**12), r"^big needs Apple silicon: it has 15\.4 GB of weights"),
}  # fmt: skip


@pytest.mark.parametrize("label", REFUSALS)
def test_where_it_cannot_work_one_sentence_says_so(label):
    machine, said = REFUSALS[label]
    with pytest.raises(MachineError, match=said) as refusal:
        fitting_canvas("big", read_shape(REAL), REAL_WEIGHTS, machine)
    assert str(refusal.value).count(". ") == 0


def test_a_small_checkpoint_without_memory_is_refused_in_the_words_of_a_processor():
    with pytest.raises(MachineError, match=r"this machine has 1 MB free\."):
        fitting_canvas("small", read_shape(POCKET), 0, Machine(metal=False, memory_bytes=10**6))


def test_a_processor_takes_what_is_small():
    check_processor("small", 2 * 10**9, Machine(metal=False, memory_bytes=1))


BAD_SHAPES = {
    "nothing": {},
    "a list for sizes": {"text_config": []},
    "a word for a number": {"text_config": REAL["text_config"] | {"hidden_size": "wide"}},
    "a number left out": {"text_config": {k: v for k, v in REAL["text_config"].items() if k != "head_dim"}},
}


@pytest.mark.parametrize("label", BAD_SHAPES)
def test_a_config_without_its_sizes_is_refused(label):
    with pytest.raises(CheckpointError, match=r"config\.json lacks or garbles"):
        read_shape(BAD_SHAPES[label])


def test_this_machine_has_memory_and_says_of_what_kind():
    machine = probe_machine()
    assert machine.memory_bytes > 10**8
    assert machine.metal == (sys.platform == "darwin")


def answered(monkeypatch, stdout):
    """What the probe makes of an answer; Metal cannot be had here, so its answer is made up."""
    finished = subprocess.CompletedProcess([], 0, stdout=stdout, stderr="")
    monkeypatch.setattr(machine_module.subprocess, "run", lambda *args, **kwargs: finished)
    return probe_machine()


def test_metal_is_taken_at_its_word(monkeypatch):
    said = {"max_recommended_working_set_size": 17_179_869_184, "memory_size": 25_769_803_776}
    assert answered(monkeypatch, json.dumps(said)) == MAC_WITH_24_GB


@pytest.mark.parametrize("stdout", ["", "{}", "no JSON"])
def test_without_metal_or_mlx_the_free_memory_counts(monkeypatch, stdout):
    machine = answered(monkeypatch, stdout)
    assert not machine.metal
    assert machine.memory_bytes > 10**8


def test_the_weights_on_disk_are_those_of_the_index_but_for_the_vision_tower(tmp_path):
    folder = write_random_checkpoint(tmp_path / "small", {}, shards=2)
    plain = weights_on_disk(folder)
    assert plain == sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    mx.save_safetensors(str(folder / "more.safetensors"), {"vision_tower.a": mx.zeros(1000)})
    assert weights_on_disk(folder) == plain, "a file that is not loaded, such as a tower of its own"
    tower = {f"{TOWER[0]}layer.weight": mx.zeros((1000, 10)), "model.other": mx.zeros(100)}
    mx.save_safetensors(str(folder / "more.safetensors"), tower)
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"] |= dict.fromkeys(tower, "more.safetensors")
    (folder / INDEX).write_text(json.dumps(index))
    assert plain + 400 < weights_on_disk(folder) < plain + 1000
    (folder / "more.safetensors").write_bytes(b"1234567890")
    assert weights_on_disk(folder) == plain + 10


@pytest.mark.parametrize(("gigabytes", "fits"), [("15.4 of 4 bits", 24), ("28 of 8 bits", 48), ("51 of bfloat16", 96)])
def test_other_repositories_of_the_real_checkpoint_fit_larger_macs_and_are_refused_by_name_on_smaller(gigabytes, fits):
    weights = int(float(gigabytes.split()[0]) * 10**9)
    sizes = {16: 11.4, 24: 17.2, 32: 22.9, 48: 38.6, 64: 51.5, 96: 77.3}
    for memory, recommended in sizes.items():
        machine = Machine(metal=True, memory_bytes=int(recommended * 10**9))
        if memory >= fits:
            assert fitting_canvas("owner/bf16", read_shape(REAL), weights, machine) == 256
        else:
            with pytest.raises(MachineError, match=r"owner/bf16 needs \d+\.\d GB of memory even with a canvas of 32"):
                fitting_canvas("owner/bf16", read_shape(REAL), weights, machine)
