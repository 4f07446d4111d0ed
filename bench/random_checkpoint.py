"""Checkpoint folders of any shape with random weights, in the layout of the published one; small enough for tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten
from mlx_vlm.models.diffusion_gemma import Model, ModelConfig

from visualizer.bundled import POCKET_FOLDER

_BESIDE_THE_WEIGHTS = ("generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@dataclass(frozen=True)
class Quantization:
    """How weights are quantized, as mlx-vlm converts this model. mixed: the parts that the model's own predicate names
    are in 8 bits, as in the published 4-bit checkpoint."""

    mode: str = "affine"
    group_size: int = 64
    bits: int = 4
    mixed: bool = True


def write_random_checkpoint(
    folder: Path,
    text_config: Mapping[str, object],
    seed: int = 0,
    vision_config: Mapping[str, object] | None = None,
    quantization: Quantization | None = None,
    shards: int = 1,
    **config: object,
) -> Path:
    """Write a checkpoint with the pocket's configuration changed as given and its tokenizer; returns the folder.

    quantization: None for bfloat16. shards: the weights are spread over so many files with an index, 1 for a single
    file without one. config: other keys of config.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _BESIDE_THE_WEIGHTS:
        shutil.copy(POCKET_FOLDER / name, folder / name)
    content = json.loads((POCKET_FOLDER / "config.json").read_text()) | config
    content["text_config"] |= dict(text_config)
    content["vision_config"] = None if vision_config is None else dict(vision_config)
    content["_name_or_path"] = folder.name
    model = make_random_model(content, seed)
    if quantization is not None:
        content["quantization"] = content["quantization_config"] = _quantize(model, quantization)
    (folder / "config.json").write_text(json.dumps(content, indent=2))
    _save_weights(folder, dict(tree_flatten(model.parameters())), shards)
    return folder


def make_random_model(config: Mapping[str, object], seed: int = 0) -> Model:
    """A model of that config.json, in float32, its logits spread as a trained model's are.

    Encoder and decoder share their weights but for the layers' scalars, and every scalar and norm is random too, so
    that none can be left out or exchanged without notice.
    """
    model = Model(ModelConfig.from_dict(dict(config)))
    key = mx.random.key(seed)
    parameters = []
    for name, value in tree_flatten(model.parameters()):
        key, own = mx.random.split(key)
        if value.ndim == 1:
            value = mx.random.uniform(0.3, 0.7, value.shape, key=own)
        else:
            spread = 0.6 if name.endswith("embed_tokens.weight") else value.shape[-1] ** -0.5
            value = spread * mx.random.normal(value.shape, key=own)
        parameters.append((name, value))
    model.update(tree_unflatten(parameters))
    mx.eval(model.parameters())
    return model


def _quantize(model: Model, asked: Quantization) -> dict[str, object]:
    """Quantize in place; returns what config.json says of it."""
    said: dict[str, object] = {"group_size": asked.group_size, "bits": asked.bits, "mode": asked.mode}

    def predicate(path: str, module: nn.Module) -> bool | dict[str, int]:
        if "vision" in path or not hasattr(module, "to_quantized") or module.weight.shape[-1] % 64:
            return False
        chosen = model.quant_predicate(path, module)
        if not asked.mixed:
            return bool(chosen)
        if isinstance(chosen, dict):
            said[path] = chosen
        return chosen

    nn.quantize(model, asked.group_size, asked.bits, mode=asked.mode, class_predicate=predicate)
    mx.eval(model.parameters())
    return said


def _save_weights(folder: Path, weights: dict[str, mx.array], shards: int) -> None:
    weights = {n: v.astype(mx.bfloat16) if v.dtype == mx.float32 else v for n, v in weights.items()}
    if shards == 1:
        mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
        return
    weight_map = {}
    for number in range(shards):
        name = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        shard = dict(list(weights.items())[number::shards])
        mx.save_safetensors(str(folder / name), shard, {"format": "mlx"})
        weight_map |= dict.fromkeys(shard, name)
    size = sum(value.nbytes for value in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
