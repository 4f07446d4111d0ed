"""Memory over one long run: `python -m bench.memory` (or `make step`).

Thirty blocks, one after the other, each appended to the encoder's cache. Told after every block: MLX's memory in use
and its peak within the block, and the process's own. Of the whole only the cache of keys and values and the attention
to it may grow; the cache is told apart: full-attention layers keep every position, sliding ones no more than their
window. On the pocket (13 MB) that growth is a large share; `--ids 262144` measures the same layers with random 4-bit
weights under a vocabulary as large as the published checkpoint's.
"""

# ruff: noqa: E402 - the faster BLAS must be loaded before MLX is imported.
from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from visualizer.model.blas import prefer_openblas

prefer_openblas()

import mlx.core as mx
import mlx.nn as nn

from bench.random_checkpoint import Quantization, write_random_checkpoint
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.model.denoise import denoise
from visualizer.settings import Settings
from visualizer.trace import Phase


@dataclass(frozen=True)
class BlockMemory:
    """Bytes when a block is committed: in use, the peak within the block, in MLX's pool of freed buffers, in keys and
    values, and resident in memory of the whole process."""

    active: int
    peak: int
    pooled: int
    key_values: int
    resident: int


def block_memories(model: nn.Module, prompt_ids: Sequence[int], settings: Settings) -> Iterator[BlockMemory]:
    """Run to the end of the budget; one value a block."""
    caches: list[list] = []
    make_cache = model.make_cache

    def noted_cache() -> list:
        caches.append(make_cache())
        return caches[-1]

    with patch.object(model, "make_cache", noted_cache):
        mx.reset_peak_memory()
        for state in denoise(model, prompt_ids, settings, frozenset()):
            if state.phase is Phase.COMMIT:
                yield BlockMemory(
                    active=mx.get_active_memory(),
                    peak=mx.get_peak_memory(),
                    pooled=mx.get_cache_memory(),
                    key_values=sum(layer.keys.nbytes + layer.values.nbytes for layer in caches[-1]),
                    resident=_resident_bytes(),
                )
                mx.reset_peak_memory()


def _resident_bytes() -> int:
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def _checkpoint_of(ids: int, width: int) -> Checkpoint:
    """The pocket's layers with random quantized weights of another vocabulary and width."""
    with tempfile.TemporaryDirectory() as folder:
        shape = {"vocab_size": ids, "hidden_size": width}
        return load_checkpoint(
            read_card(write_random_checkpoint(Path(folder) / "wide", shape, quantization=Quantization()))
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=POCKET_FOLDER)
    parser.add_argument("--ids", type=int, help="measure random weights under a vocabulary of so many ids instead")
    parser.add_argument("--width", type=int, default=512, help="hidden size of those")
    parser.add_argument("--blocks", type=int, default=30)
    parser.add_argument("--canvas", type=int, default=128)
    parser.add_argument("--steps", type=int, default=8, help="denoising steps a block")
    arguments = parser.parse_args()
    checkpoint = (
        _checkpoint_of(arguments.ids, arguments.width) if arguments.ids else load_checkpoint(read_card(arguments.model))
    )
    settings = checkpoint.card.defaults.changed(
        canvas_length=arguments.canvas, max_tokens=arguments.canvas * arguments.blocks, max_steps=arguments.steps,
        stop_entropy=0.0, seed=1,
    )  # fmt: skip
    ids = checkpoint.prompt_ids("Write a story about a lighthouse.", checkpoint.card.defaults)
    memories = list(block_memories(checkpoint.model, ids, settings))
    print("after block | in use | keys and values | in use without them | peak | pool | process\n" + "---|" * 6 + "---")
    shown = {1, 3, *range(5, len(memories) + 1, 5), len(memories)}
    for number in sorted(shown):
        memory = memories[number - 1]
        cells = (memory.active, memory.key_values, memory.active - memory.key_values, memory.peak, memory.pooled,
                 memory.resident)  # fmt: skip
        print(f"{number} | " + " | ".join(f"{value / 1e6:.1f} MB" for value in cells))
    third, last = memories[2], memories[-1]
    for name in ("active", "peak", "resident"):
        one, other = getattr(third, name), getattr(last, name)
        grown = (last.key_values - third.key_values) if name != "resident" else 0
        print(f"\n{name} after {len(memories)} blocks / after 3: {other / one:.3f}", end="")
        print(f"; less the growth of keys and values: {(other - grown) / one:.3f}" if grown else "", end="")
    print()


if __name__ == "__main__":
    main()
