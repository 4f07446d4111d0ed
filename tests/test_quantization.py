"""Every quantization that other repositories of the model have: it loads and runs, or is refused by its config.json."""

import itertools

import mlx.core as mx
import numpy as np
import pytest

from bench.random_checkpoint import Quantization, write_random_checkpoint
from visualizer.errors import CheckpointError
from visualizer.model import device, load_checkpoint, read_card
from visualizer.model.quantization import MODES, check_quantization
from visualizer.run.frames import frames

REPOSITORIES = {
    "bf16": None,
    "4bit": Quantization(),
    "8bit": Quantization(bits=8, mixed=False),
    "mxfp4": Quantization("mxfp4", 32),
    "nvfp4": Quantization("nvfp4", 16),
    "all mxfp4": Quantization("mxfp4", 32, mixed=False),
    "all nvfp4": Quantization("nvfp4", 16, mixed=False),
    "all mxfp8": Quantization("mxfp8", 32, 8, mixed=False),
}
"""Quantizations by what a repository's name ends in."""


@pytest.fixture(params=REPOSITORIES)
def folder(request, tmp_path):
    shape = {"num_experts": 4, "moe_intermediate_size": 64}
    return write_random_checkpoint(tmp_path / "small", shape, quantization=REPOSITORIES[request.param])


def test_it_loads_and_runs_in_the_number_format_that_it_says(folder):
    checkpoint = load_checkpoint(read_card(folder))
    settings = checkpoint.card.defaults.changed(canvas_length=16, max_tokens=16, max_steps=2, seed=1)
    run = list(frames(checkpoint, "Why is the sky blue?", settings))
    assert np.isfinite(run[-1].state.entropy_nats).all() and run[-1].state.entropy_nats.mean() > 1e-3
    assert step_format(checkpoint) == "float32"


def test_where_bfloat16_is_slow_it_computes_in_16_bits_throughout(folder, monkeypatch):
    # An M1 cannot be had here: that the chip emulates bfloat16 is made up.
    monkeypatch.setattr(device, "number_format", lambda name, gpu: mx.float16)
    checkpoint = load_checkpoint(read_card(folder))
    assert step_format(checkpoint) == checkpoint.number_format
    assert checkpoint.number_format in ("float16", "bfloat16")


def step_format(checkpoint):
    """The number format of what a forward over a canvas gives."""
    model = checkpoint.model
    ids = mx.array([[5, 6, 7, 8]])
    cache = model.diffusion_prefill_cache(ids, cache=model.make_cache())
    hidden = model.model.decoder(
        ids, cache=cache, decoder_attention_mask=model.diffusion_decoder_masks(ids, cache, None)
    )
    return str(hidden.dtype).removeprefix("mlx.core.")


def computes(mode, group_size, bits):
    """Whether the installed MLX quantizes and multiplies so."""
    try:
        weight, *rest = mx.quantize(mx.ones((32, 128)), group_size, bits, mode=mode)
        mx.eval(mx.quantized_matmul(mx.ones((1, 128)), weight, *rest, group_size=group_size, bits=bits, mode=mode))
    except ValueError:
        return False
    return True


def test_what_is_taken_is_what_the_installed_mlx_computes_with():
    for mode, group_size, bits in itertools.product(MODES, (16, 32, 64, 128), range(2, 9)):
        groups, widths = MODES[mode]
        assert computes(mode, group_size, bits) == (group_size in groups and bits in widths), (mode, group_size, bits)


def mlx(**parts):
    return {"quantization": {"group_size": 64, "bits": 4, **parts}}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"quantization": None},
        mlx(),
        mlx(mode="mxfp4", group_size=32),
        mlx(**{"model.decoder.embed_tokens": {"group_size": 64, "bits": 8}, "model.decoder.norm": False}),
        mlx(**{"model.decoder.embed_tokens": {"mode": "mxfp8"}}),
        mlx() | {"quantization_config": {"group_size": 64, "bits": 4}},
    ],
)
def test_what_mlx_has_quantized_is_taken(config):
    check_quantization(config, "somebody/model")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (mlx(mode="ternary"), "mode ternary, 4 bits in groups of 64"),
        (mlx(bits=7), "mode affine, 7 bits in groups of 64"),
        (mlx(bits=1), "mode affine, 1 bits in groups of 64"),
        (mlx(mode="nvfp4"), "mode nvfp4, 4 bits in groups of 64"),
        (mlx(**{"model.decoder.embed_tokens": {"group_size": 64, "bits": 9}}), "9 bits in groups of 64"),
        ({"quantization": {"bits": 4}}, "lacks or garbles its quantization"),
        ({"quantization": "int4"}, "lacks or garbles its quantization"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, r"for other programs than MLX \(gptq\)"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, r"MLX \(modelopt\)"),
        ({"text_config": {"quantization_config": {"quant_method": "fp8"}}}, r"MLX \(fp8\)"),
        ({"quantization_config": {"bits": 4}}, r"MLX \(by no known method\)"),
    ],
)
def test_what_mlx_does_not_compute_with_is_refused_by_name(config, said):
    with pytest.raises(CheckpointError, match=f"somebody/model.*{said}"):
        check_quantization(config, "somebody/model")
