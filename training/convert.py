"""Turns a training run into a checkpoint folder that `mlx_vlm.load` takes, plain or quantized as the real one is."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from training.architecture import GENERATION_CONFIG, pocket_config
from training.known_prompts import NAME, known_prompts
from training.tokenizer import BOS, CHAT_TEMPLATE, EOS, PAD, TURN_END, TURN_START, UNK

_ENCODER = "model.encoder.language_model."
_DECODER = "model.decoder."
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def export_checkpoint(run: Path, folder: Path, dtype: str = "bfloat16") -> None:
    """Write the averaged weights of `run` to `folder`.

    transformers ties the encoder's text weights to the decoder's; the folder names them by the decoder, once, and
    keeps of the encoder only its layer scalars (mlx-vlm's layout of the published checkpoint).
    """
    state = torch.load(run / "state.pt", weights_only=True)
    weights = {}
    for name, value in state["average"].items():
        if name.startswith(_ENCODER) and not name.endswith(".layer_scalar"):
            name = _DECODER + name.removeprefix(_ENCODER)
        weights[name] = value.to(_DTYPES[dtype]).contiguous()
    for name, value in state["model"].items():
        if name.endswith(".layer_scalar"):
            weights.setdefault(name, value.to(_DTYPES[dtype]).contiguous())
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(run / "tokenizer.json", folder / "tokenizer.json")
    vocab_size = weights["model.decoder.embed_tokens.weight"].shape[0]
    config = pocket_config(vocab_size).to_dict() | {"_name_or_path": NAME, "dtype": dtype, "vision_config": None}
    config["text_config"] |= {"global_head_dim": 64, "num_global_key_value_heads": 1}
    config["text_config"].pop("per_layer_config", None)
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", GENERATION_CONFIG)
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BOS,
            "eos_token": EOS,
            "pad_token": PAD,
            "unk_token": UNK,
            "additional_special_tokens": [TURN_START, TURN_END],
            "clean_up_tokenization_spaces": False,
            "model_max_length": 4096,
        },
    )
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    (folder / "prompts.toml").write_text(known_prompts(), encoding="utf-8")


def quantize_checkpoint(plain: Path, folder: Path, bits: int = 4) -> None:
    """Quantize a folder with mlx-vlm's own converter and the model's own predicate."""
    from mlx_vlm.convert import convert

    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / "quantized"
        convert(str(plain), str(target), quantize=True, q_group_size=64, q_bits=bits)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(target, folder)
    generation = folder / "generation_config.json"
    if not generation.exists():
        shutil.copy(plain / "generation_config.json", generation)


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("folder", type=Path, help="checkpoint folder to write")
    parser.add_argument("--dtype", choices=sorted(_DTYPES), default="bfloat16")
    parser.add_argument("--quantized", type=Path, help="write a 4-bit copy here, too")
    arguments = parser.parse_args()
    export_checkpoint(arguments.run, arguments.folder, arguments.dtype)
    if arguments.quantized:
        quantize_checkpoint(arguments.folder, arguments.quantized)


if __name__ == "__main__":
    main()
