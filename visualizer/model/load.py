"""Load a checkpoint: its shards are checked, its vision tower left out, its number format chosen for the machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualizer.errors import CheckpointError
from visualizer.model.blas import prefer_openblas
from visualizer.model.card import CheckpointCard
from visualizer.model.checkpoint import Checkpoint, trunk
from visualizer.model.files import check_shard, read_json, weight_files
from visualizer.model.metal_errors import gpu_error
from visualizer.trace import Writing

if TYPE_CHECKING:
    import mlx.nn as nn

_READ_BYTES = 256 * 2**20
"""Of weights, between two tellings how far loading is."""


def load_checkpoint(
    card: CheckpointCard, tell: Callable[[int, int], None] = lambda done, total: None, bfloat16: bool = False
) -> Checkpoint:
    """Load the model and its tokenizer, without the vision tower, which a text prompt does not use: with mlx-vlm what
    denoises, with mlx-lm what types.

    Activations are float32 without a GPU, float16 where the chip emulates bfloat16, else what the checkpoint has;
    bfloat16: without that exception. tell: called with the bytes of weights read so far, and of all.
    Raises CheckpointError when the weights or the tokenizer do not load, or the chat template is missing; EngineError
    when the GPU or its memory fails.
    """
    read_json(card.folder / "tokenizer.json")
    for shard in weight_files(card.folder):
        check_shard(card.folder / shard, card.name)
    prefer_openblas()
    library, load = ("mlx-lm", _load_typed) if card.writing is Writing.TYPED else ("mlx-vlm", _load_denoised)
    try:
        model, tokenizer = load(card.folder)
        _choose_number_format(model, bfloat16)
        _read_weights(model, tell)
    except CheckpointError:
        raise
    except Exception as exc:
        if (known := gpu_error(exc, loading=card.name)) is not None:
            raise known from exc
        fits = "its weights do not fit its config.json" if _tells_of_weights(exc) else f"{library} refuses it"
        raise CheckpointError(f"The checkpoint {card.name} does not load: {fits} ({_one_line(exc)}).") from exc
    if not tokenizer.chat_template:
        raise CheckpointError(f"The checkpoint {card.name} is incomplete: it has no chat template.")
    return Checkpoint(card, model, tokenizer)


def _load_denoised(folder: Path) -> tuple[nn.Module, Any]:
    """The model and its tokenizer; the weights are read later."""
    from mlx_vlm.utils import load

    with _without_tower(folder) as links:
        model, processor = load(str(links), lazy=True)
    return model, getattr(processor, "tokenizer", processor)


def _load_typed(folder: Path) -> tuple[nn.Module, Any]:
    """The model and its tokenizer; the weights are read later."""
    from mlx_lm.utils import load

    model, tokenizer = load(str(folder), lazy=True)[:2]
    return model, tokenizer


@contextmanager
def _without_tower(folder: Path) -> Iterator[Path]:
    """A folder of links to a checkpoint's files whose config.json has no vision tower: mlx-vlm then builds none, reads
    none, and misses none where it lies in a file of its own."""
    config = read_json(folder / "config.json") | {"vision_config": None}
    loaded = weight_files(folder)
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as name:
        for path in folder.iterdir():
            if path.name != "config.json" and (path.suffix != ".safetensors" or path.name in loaded):
                (Path(name) / path.name).symlink_to(path.resolve())
        (Path(name) / "config.json").write_text(json.dumps(config), encoding="utf-8")
        yield Path(name)


def _choose_number_format(model: nn.Module, bfloat16: bool) -> None:
    import mlx.core as mx

    from visualizer.model.device import device_name, number_format, on_gpu

    chosen = number_format(device_name(), on_gpu())
    # MLX reads an embedding of another mode in bfloat16, and bfloat16 with float16 makes float32 of every activation.
    affine = getattr(trunk(model).embed_tokens, "mode", "affine") == "affine"
    if chosen == mx.float32 or (chosen == mx.float16 and affine and not bfloat16):
        model.set_dtype(chosen)


def _read_weights(model: nn.Module, tell: Callable[[int, int], None]) -> None:
    """Bring the weights into memory, piece by piece so that it can be told how far it is."""
    import mlx.core as mx
    from mlx.utils import tree_flatten

    arrays: list[mx.array] = list(dict(tree_flatten(model.parameters())).values())  # type: ignore[no-untyped-call]
    done, total, piece = 0, sum(array.nbytes for array in arrays), 0
    for number, array in enumerate(arrays):
        done += array.nbytes
        if done - piece >= _READ_BYTES:
            mx.eval(arrays[: number + 1])
            piece = done
            tell(done, total)
    mx.eval(arrays)
    tell(total, total)


def _tells_of_weights(exc: Exception) -> bool:
    """Whether mlx says by it that a tensor is missing, left over or of another shape."""
    return isinstance(exc, ValueError) and str(exc).startswith(("Missing ", "Received ", "Expected shape"))


def _one_line(exc: Exception) -> str:
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text}"[:200].rstrip(".: ")
