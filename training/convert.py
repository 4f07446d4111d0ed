"""Turns a training run into a checkpoint folder, plain or quantized as the real one is: the pocket's for mlx-vlm, the
typewriter's for mlx-lm."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from training.architecture import GENERATION_CONFIG, TYPEWRITER_GENERATION_CONFIG, pocket_config, typewriter_config
from training.known_prompts import NAME, known_prompts
from training.tokenizer import BOS, CHAT_TEMPLATE, EOS, PAD, TURN_END, TURN_START, UNK
from training.train import NEXT_TOKEN, objective_of

TYPEWRITER_NAME = "pocket-typewriter"

_ENCODER = "model.encoder.language_model."
_DECODER = "model.decoder."
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def export_checkpoint(run: Path, folder: Path, dtype: str = "bfloat16") -> None:
    """Write the averaged weights of `run` to `folder`, with all that its objective's checkpoint has beside them."""
    state = torch.load(run / "state.pt", weights_only=True)
    folder.mkdir(parents=True, exist_ok=True)
    if objective_of(state) == NEXT_TOKEN:
        weights = state["average"]
        vocab_size = weights["model.embed_tokens.weight"].shape[0]
        config = typewriter_config(vocab_size).to_dict() | {"_name_or_path": TYPEWRITER_NAME, "dtype": dtype}
        generation_config = TYPEWRITER_GENERATION_CONFIG
    else:
        weights = _pocket_weights(state)
        vocab_size = weights["model.decoder.embed_tokens.weight"].shape[0]
        config = pocket_config(vocab_size).to_dict() | {"_name_or_path": NAME, "dtype": dtype, "vision_config": None}
        config["text_config"] |= {"global_head_dim": 64, "num_global_key_value_heads": 1}
        config["text_config"].pop("per_layer_config", None)
        generation_config = GENERATION_CONFIG
        (folder / "prompts.toml").write_text(known_prompts(), encoding="utf-8")
    weights = {name: value.to(_DTYPES[dtype]).contiguous() for name, value in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(run / "tokenizer.json", folder / "tokenizer.json")
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", generation_config)
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


def _pocket_weights(state: dict) -> dict[str, torch.Tensor]:
    """By their names in mlx-vlm's layout of the published checkpoint.

    transformers ties the encoder's text weights to the decoder's; the folder names them by the decoder, once, and
    keeps of the encoder only its layer scalars.
    """
    weights = {}
    for name, value in state["average"].items():
        if name.startswith(_ENCODER) and not name.endswith(".layer_scalar"):
            name = _DECODER + name.removeprefix(_ENCODER)
        weights[name] = value
    for name, value in state["model"].items():
        if name.endswith(".layer_scalar"):
            weights.setdefault(name, value)
    return weights


def quantize_checkpoint(plain: Path, folder: Path, bits: int = 4) -> None:
    """Quantize a folder with the own converter of the library that runs it, and the model's own predicate."""
    if json.loads((plain / "config.json").read_text())["model_type"] == "gemma3_text":
        from mlx_lm import convert
    else:
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
