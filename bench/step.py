"""Our step beside mlx-vlm's own, in one process: `python -m bench.step` (or `make step`).

The readout alone, in the real shape (256 × 2816, 262,144 ids, 8-bit embedding), with a processor's tiles and a GPU's:
how often it waits, the bytes of its working set, its peak, its seconds, and how far the entropies of both are apart.
A processor computes in bfloat16, as a GPU does, very slowly: `--ids` takes a part of the vocabulary.

On the real vocabulary (256 positions × 262,144 ids, 4-bit embedding, a narrow model so that it fits here): the peak of
memory above the weights, and the time of a self-conditioned step. On the pocket checkpoint: our step with everything
that it records, in alternating pairs. mlx-vlm's step is taken from its own loop while it runs.
"""

# ruff: noqa: E402 - the faster BLAS must be loaded before MLX is imported.
from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from visualizer.model.blas import prefer_openblas

prefer_openblas()

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_vlm.generate import diffusion as mlx_vlm_diffusion

from bench.oracles import mlx_vlm_settings, start_mlx_vlm
from bench.random_checkpoint import make_random_model
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import load_checkpoint, read_card
from visualizer.model.denoise import denoise
from visualizer.model.device import Tiling, tiling
from visualizer.model.evaluation import Evaluation
from visualizer.model.readout import Reader
from visualizer.prompts import load_prompts
from visualizer.settings import Settings
from visualizer.trace import Phase

_WIDE = {
    "vocab_size": 262_144, "hidden_size": 128, "intermediate_size": 128, "num_hidden_layers": 2,
    "layer_types": ["sliding_attention", "full_attention"], "num_experts": 4, "top_k_experts": 2,
    "moe_intermediate_size": 64,
}  # fmt: skip
NEVER = frozenset()


def wide_model() -> nn.Module:
    """A model of the real vocabulary, its embedding in 4 bits."""
    config = json.loads((POCKET_FOLDER / "config.json").read_text())
    config["text_config"] |= _WIDE
    model = make_random_model(config | {"canvas_length": 256})
    nn.quantize(model, group_size=64, bits=4)
    mx.eval(model.parameters())
    mx.clear_cache()
    return model


def our_step_seconds(model: nn.Module, prompt_ids: list[int], settings: Settings) -> list[float]:
    """Seconds of each self-conditioned step of one block, from state to state."""
    at = [time.perf_counter() for state in denoise(model, prompt_ids, settings, NEVER) if state.phase is Phase.STEP]
    return np.diff(at).tolist()


def their_step_seconds(model: nn.Module, prompt_ids: list[int], settings: Settings) -> list[float]:
    """The same of mlx-vlm's loop, from one check of its stop rule to the next.

    From the second check on it compares two canvases and so waits for the step's forward; between two such waits lies
    all that one step computes. The last possible step, which mlx-vlm cuts short, is not counted.
    """
    at: list[float] = []
    settled = mlx_vlm_diffusion._diffusion_stable_and_confident

    def noted(*arguments: object) -> bool:
        stops = settled(*arguments)
        at.append(time.perf_counter())
        return stops

    with mlx_vlm_settings(model, settings), patch.object(mlx_vlm_diffusion, "_diffusion_stable_and_confident", noted):
        for _ in start_mlx_vlm(model, prompt_ids, settings, NEVER):
            pass
    return np.diff(at[1:]).tolist()


@contextmanager
def peak_above_now() -> Iterator[Callable[[], int]]:
    """Gives a function that tells the peak of MLX's memory, in bytes, above what was in use at the start."""
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    yield lambda: mx.get_peak_memory() - before


def measure_readout(ids: int, repeats: int, gpu_numbers: mx.Dtype) -> None:
    """The readout alone with each device's tiles."""
    table = mx.random.normal((ids, 2816), key=mx.random.key(0)) * 0.02
    embedding = nn.Embedding(1, 1)
    embedding.weight = table
    quantized = nn.QuantizedEmbedding.from_embedding(embedding, group_size=64, bits=8)
    del table, embedding
    hidden = mx.random.normal((1, 256, 2816), key=mx.random.key(1))
    mx.eval(quantized.parameters(), hidden)
    print(f"readout of 256 × {ids:,} | numbers | tile | waits | handed over | peak | seconds\n" + "---|" * 6 + "---")
    settings = {"a processor's": (Tiling(), mx.float32), "a GPU's": (tiling(10**10), gpu_numbers)}
    entropies = {}
    for name, (tiles, dtype) in settings.items():
        quantized.set_dtype(dtype)
        seconds = []
        for number in range(repeats + 1):
            reader = Reader(quantized, 2816**0.5, 30.0, ids, tiles, Evaluation())
            with peak_above_now() as peak:
                began = time.perf_counter()
                read = reader.read(hidden.astype(dtype), 0.6, 0.0, 3, mx.random.key(2))
                reader.evaluation.wait(*vars(read).values())
                if number or not repeats:
                    seconds.append(time.perf_counter() - began)
        entropies[name] = np.array(read.entropy_nats)
        print(
            f"{name} | {dtype} | {tiles.tile_bytes / 1e6:.0f} MB | {reader.evaluation.waits} | "
            f"{reader.evaluation.handed_over} | {peak() / 1e6:.0f} MB | {statistics.median(seconds):.2f}",
            flush=True,
        )
    one, other = entropies.values()
    print(f"entropies apart by at most {np.abs(one - other).max():.1e} nats\n")


def measure_wide(repeats: int) -> None:
    """Memory and time on the real vocabulary."""
    model = wide_model()
    settings = Settings(canvas_length=256, max_tokens=256, max_steps=3 + repeats, stop_entropy=0.0, seed=1)
    prompt_ids = list(range(2, 34))
    peaks, seconds = {}, {}
    for name, run in (("ours", our_step_seconds), ("mlx-vlm", their_step_seconds)):
        with peak_above_now() as peak:
            seconds[name] = statistics.median(run(model, prompt_ids, settings))
            peaks[name] = peak() / 1e6
    print("256 × 262,144, 4-bit embedding | mlx-vlm | ours | ours / mlx-vlm\n---|---|---|---")
    print(
        f"peak above the weights | {peaks['mlx-vlm']:.0f} MB | {peaks['ours']:.0f} MB | "
        f"1/{peaks['mlx-vlm'] / peaks['ours']:.1f}"
    )
    ratio = seconds["ours"] / seconds["mlx-vlm"]
    print(f"self-conditioned step | {seconds['mlx-vlm']:.2f} s | {seconds['ours']:.2f} s | {ratio:.2f}", flush=True)


def measure_pocket(pairs: int) -> None:
    """The pocket's step, in alternating pairs of runs."""
    checkpoint = load_checkpoint(read_card(POCKET_FOLDER))
    settings = checkpoint.card.defaults.changed(temperature=0.0, max_steps=16, stop_entropy=0.0, seed=1)
    prompts = [checkpoint.prompt_ids(prompt.text, settings) for prompt in load_prompts()]
    ours, theirs, ratios = [], [], []
    for number in range(pairs + 1):
        ids = prompts[number % len(prompts)]
        # Who begins changes from pair to pair; the first pair warms up.
        runs = {our_step_seconds: ours, their_step_seconds: theirs}
        order = list(runs) if number % 2 else list(reversed(runs))
        medians = {run: statistics.median(run(checkpoint.model, ids, settings)) for run in order}
        if number:
            ours.append(medians[our_step_seconds])
            theirs.append(medians[their_step_seconds])
            ratios.append(ours[-1] / theirs[-1])
    print("\npocket, 128 positions | mlx-vlm | ours | ours / mlx-vlm (median of pairs)\n---|---|---|---")
    print(
        f"denoising step, all that is recorded included | {statistics.median(theirs) * 1000:.1f} ms | "
        f"{statistics.median(ours) * 1000:.1f} ms | {statistics.median(ratios):.3f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="timed steps on the real vocabulary")
    parser.add_argument("--pairs", type=int, default=12, help="pairs of runs of the pocket")
    parser.add_argument("--ids", type=int, default=262_144, help="of the readout alone")
    parser.add_argument("--numbers", choices=["float32", "bfloat16"], default="float32", help="of the GPU's readout")
    parser.add_argument("--only", choices=["readout", "wide", "pocket"])
    arguments = parser.parse_args()
    if arguments.only in (None, "readout"):
        measure_readout(arguments.ids, arguments.repeats, getattr(mx, arguments.numbers))
    if arguments.only in (None, "wide"):
        measure_wide(arguments.repeats)
    if arguments.only in (None, "pocket"):
        measure_pocket(arguments.pairs)


if __name__ == "__main__":
    main()
