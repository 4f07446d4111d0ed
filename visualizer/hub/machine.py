"""What a checkpoint needs, what this machine has, and whether the one fits into the other.

The page never imports MLX: what Metal says of itself is asked in a short-lived process.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visualizer.byte_sizes import spoken_size
from visualizer.errors import CheckpointError, MachineError
from visualizer.model import tensor_sizes, weight_files

log = logging.getLogger(__name__)

READOUT_BYTES = 96 * 2**20
"""What reading the vocabulary takes where memory is short, from above: five of the smallest tiles of
visualizer/model/device.py and the sums beside them."""
PREFILL_ROWS = 1024
"""Positions of a prompt that one forward reads (visualizer/model/denoise.py)."""
USUAL_CONTEXT = 1024
"""Prompt and answer, in positions, that the memory is reckoned for."""
CANVAS_STEP = 32
CONTEXT_STEP = 256
TOWER = ("model.encoder.vision_tower.", "model.encoder.embed_vision.", "vision_tower.", "embed_vision.")
"""What the names of the vision tower's tensors begin with. Text prompts do not use it, and it is not loaded."""
CPU_WEIGHTS_BYTES = 2 * 10**9
"""Without a GPU larger weights are refused. MLX's CPU backend makes 3 GFLOP/s with quantized weights: a canvas of 256
on 4 billion active parameters is 2 TFLOP, more than ten minutes a step."""
_ASK_METAL = "import json, mlx.core as mx; print(json.dumps(mx.device_info() if mx.metal.is_available() else {}))"


@dataclass(frozen=True)
class Machine:
    """What checkpoints can use here.

    memory_bytes: on Apple silicon Metal's recommended working set, elsewhere the memory that is free now.
    """

    metal: bool
    memory_bytes: int

    @property
    def number_bytes(self) -> int:
        """Of an activation: bfloat16 on Metal, float32 on a processor (`checkpoint.load`)."""
        return 2 if self.metal else 4


@dataclass(frozen=True)
class ModelShape:
    """The sizes in a checkpoint's config.json that decide its memory.

    context_length: positions, prompt and answer together. tower_bytes: of the vision tower in 16 bits, which is not
    loaded.
    """

    hidden: int
    intermediate: int
    heads: int
    sliding_layers: int
    full_layers: int
    sliding_key_values: int
    full_key_values: int
    window: int
    experts_per_token: int
    expert_intermediate: int
    canvas_length: int
    context_length: int
    tower_bytes: int


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes that a run takes: the weights, the encoder's cache, and what one forward adds at its peak."""

    weights_bytes: int
    cache_bytes: int
    step_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.weights_bytes + self.cache_bytes + self.step_bytes


def is_apple_silicon() -> bool:
    """Whether Metal can be expected here, without asking it."""
    return sys.platform == "darwin" and platform.machine() == "arm64"


def probe_machine() -> Machine:
    """Ask Metal, in a process of its own, or else the kernel."""
    asked = subprocess.run([sys.executable, "-c", _ASK_METAL], capture_output=True, text=True, check=False)
    try:
        recommended = json.loads(asked.stdout).get("max_recommended_working_set_size")
    except ValueError:
        log.warning("MLX could not be asked for its device: %s", asked.stderr.strip()[-500:])
        recommended = None
    if recommended:
        return Machine(metal=True, memory_bytes=int(recommended))
    return Machine(metal=False, memory_bytes=_free_memory())


def read_shape(config: Mapping[str, Any]) -> ModelShape:
    """The shape in the content of a config.json.

    Raises CheckpointError when a size is missing or no number.
    """
    try:
        text = config.get("text_config", config)
        layers = int(text["num_hidden_layers"])
        types = text.get("layer_types") or ["full_attention"] * layers
        heads, head = int(text["num_key_value_heads"]), int(text["head_dim"])
        full_heads, full_head = text.get("num_global_key_value_heads"), text.get("global_head_dim")
        return ModelShape(
            hidden=int(text["hidden_size"]),
            intermediate=int(text["intermediate_size"]),
            heads=int(text["num_attention_heads"]),
            sliding_layers=sum(kind == "sliding_attention" for kind in types),
            full_layers=sum(kind != "sliding_attention" for kind in types),
            sliding_key_values=2 * heads * head,
            full_key_values=2 * int(full_heads or heads) * int(full_head or head),
            window=int(text["sliding_window"]),
            experts_per_token=int(text.get("top_k_experts") or 0),
            expert_intermediate=int(text.get("moe_intermediate_size") or 0),
            canvas_length=int(config.get("canvas_length", 256)),
            context_length=int(text.get("max_position_embeddings") or 0),
            tower_bytes=2 * _tower_parameters(config.get("vision_config"), int(text["hidden_size"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise CheckpointError(f"The checkpoint's config.json lacks or garbles {exc}.") from exc


def _tower_parameters(vision: Mapping[str, Any] | None, text_hidden: int) -> int:
    """Numbers in the vision tower (mlx-vlm's gemma4/vision.py): its layers, two tables of positions, patches, and the
    way into the text's width."""
    if not vision:
        return 0
    hidden, heads, head = int(vision["hidden_size"]), int(vision["num_attention_heads"]), int(vision["head_dim"])
    layer = 4 * hidden * heads * head + 3 * hidden * int(vision["intermediate_size"])
    tables = 2 * int(vision["position_embedding_size"]) + 3 * int(vision["patch_size"]) ** 2 + text_hidden
    return int(vision["num_hidden_layers"]) * layer + hidden * tables


def memory_need(
    shape: ModelShape, weights_bytes: int, canvas_length: int, context: int = USUAL_CONTEXT, number_bytes: int = 2
) -> MemoryNeed:
    """What a run takes, from above.

    weights: what is read from the disk, since MLX keeps quantized and bfloat16 weights as they are. cache: keys and
    values of `context` positions in the full layers; in the sliding ones of a window and one chunk of prefill (KVCache
    and RotatingKVCache in mlx-vlm's models/diffusion_gemma/language.py). step: one layer at a time, over the
    rows of a forward (a chunk of prefill or the canvas): attention scores and their softmax unfused, the experts'
    outputs, the dense part and the residual stream; and the readout. number_bytes: 2 for bfloat16, 4 where
    activations are float32 (CPU).
    """
    rows = max(canvas_length, min(context, PREFILL_ROWS))
    kept = min(context, shape.window + PREFILL_ROWS)
    cache = shape.full_layers * shape.full_key_values * context + shape.sliding_layers * shape.sliding_key_values * kept
    scores = 2 * shape.heads * (context + canvas_length)
    experts = shape.experts_per_token * (2 * shape.expert_intermediate + shape.hidden)
    dense = 2 * shape.intermediate + 8 * shape.hidden
    step = rows * (scores + experts + dense)
    return MemoryNeed(weights_bytes, cache * number_bytes, step * number_bytes + READOUT_BYTES)


def check_processor(name: str, weights_bytes: int, machine: Machine) -> None:
    """Refuse weights that only a GPU can compute with.

    Raises MachineError.
    """
    if not machine.metal and weights_bytes > CPU_WEIGHTS_BYTES:
        raise MachineError(
            f"{name} needs Apple silicon: it has {spoken_size(weights_bytes)} of weights, and on this machine's "
            f"processor, where at most {spoken_size(CPU_WEIGHTS_BYTES)} are taken, one step would take many minutes."
        )


def fitting_canvas(name: str, shape: ModelShape, weights_bytes: int, machine: Machine) -> int:
    """The longest canvas, in positions, that fits the machine's memory; the checkpoint's own where it fits.

    Raises MachineError, in one sentence, where the checkpoint cannot work.
    """
    check_processor(name, weights_bytes, machine)
    longest = shape.canvas_length
    lengths: list[int] = [longest, *range((longest - 1) // CANVAS_STEP * CANVAS_STEP, 0, -CANVAS_STEP)]
    for length in lengths:
        need = memory_need(shape, weights_bytes, length, number_bytes=machine.number_bytes)
        if need.total_bytes <= machine.memory_bytes:
            return length
    raise MachineError(
        f"{name} needs {spoken_size(need.total_bytes)} of memory even with a canvas of {length}, and this machine has "
        f"{spoken_size(machine.memory_bytes)} {'for Metal' if machine.metal else 'free'}."
    )


def fitting_context(shape: ModelShape, weights_bytes: int, machine: Machine, canvas_length: int) -> int:
    """The longest context, prompt and answer in positions, that fits beside a canvas that does."""
    low, high = 0, max(1, shape.context_length // CONTEXT_STEP)
    while low < high:
        middle = (low + high + 1) // 2
        need = memory_need(shape, weights_bytes, canvas_length, middle * CONTEXT_STEP, machine.number_bytes)
        low, high = (middle, high) if need.total_bytes <= machine.memory_bytes else (low, middle - 1)
    return shape.context_length if high == shape.context_length // CONTEXT_STEP else low * CONTEXT_STEP


def weights_on_disk(folder: Path) -> int:
    """Bytes of a checkpoint folder's weights that a text prompt needs: all but the vision tower.

    Raises CheckpointError when its index cannot be read.
    """
    files = (folder / name for name in weight_files(folder))
    return sum(path.stat().st_size - _tower_bytes(path) for path in files)


def _tower_bytes(path: Path) -> int:
    """Bytes of the vision tower's tensors in a file, by its header."""
    return sum(size for name, size in tensor_sizes(path).items() if name.startswith(TOWER))


def _free_memory() -> int:
    """What the kernel could give without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
