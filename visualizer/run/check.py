"""What the owner of a machine runs once: what it is, what fits, and whether a checkpoint works on it as it should.

Every line is yielded as soon as it is known, to be pasted into an issue; whether all is well is in the lines. The
model runs in this process: nothing else is to happen in it.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visualizer.byte_sizes import spoken_size
from visualizer.errors import VisualizerError
from visualizer.hub import (
    Machine,
    compare_with_hub,
    fitting_canvas,
    fitting_context,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.model import Checkpoint, CheckpointCard, gpu_error, read_json
from visualizer.prompts import load_prompts
from visualizer.run.child import load_and_warm_up
from visualizer.run.provenance import library_versions
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Phase, Writing

_PARITY_POSITIONS = 16
_CANDIDATES_ALIKE = 0.9
"""Of the candidates of one step on noise, where many tokens are nearly as likely: rounding decides about the rest."""


@dataclass(frozen=True)
class Line:
    """One line of the report. well: whether it is as it should be."""

    what: str
    said: str
    well: bool = True

    def __str__(self) -> str:
        return f"{'ok ' if self.well else 'BAD'} {self.what}: {self.said}"


def check_report(card: CheckpointCard, probe: Callable[[], Machine] = probe_machine) -> Iterator[Line]:
    """What there is to say of this machine and a checkpoint on it; the first line that is not well may be the last."""
    machine = probe()
    yield from _system(machine)
    yield Line("checkpoint", f"{card.name}, fingerprint {card.fingerprint}")
    yield _beside_the_hub(card.folder)
    try:
        yield _what_fits(card, machine)
        yield from _runs(card)
    except VisualizerError as exc:
        yield Line("failed", str(exc), well=False)
    except RuntimeError as exc:
        yield Line("failed", str(gpu_error(exc) or exc), well=False)


def _system(machine: Machine) -> Iterator[Line]:
    on_mac, architecture = sys.platform == "darwin", platform.machine()
    system = f"macOS {platform.mac_ver()[0]}" if on_mac else f"{platform.system()} {platform.release()}"
    yield Line("system", f"{system}, {architecture}", well=not on_mac or int(platform.mac_ver()[0].split(".")[0]) >= 14)
    # An Intel Python on Apple silicon runs in Rosetta, and MLX has no wheels for it.
    yield Line("python", f"{platform.python_version()}, {architecture}", well=not on_mac or architecture == "arm64")
    versions = library_versions().items()
    yield Line("libraries", ", ".join(f"{name} {version}" for name, version in versions if name != "python"))
    kind = "that Metal recommends" if machine.metal else "free for a processor"
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = f"{spoken_size(machine.memory_bytes)} {kind}, of {spoken_size(whole)}"
    yield Line("memory", said, well=not on_mac or machine.metal)


def _beside_the_hub(folder: Path) -> Line:
    published = compare_with_hub(folder)
    if published is None:
        return Line("files", "not from the hub")
    if published.differing:
        return Line("files", f"differs: {', '.join(published.differing)} (revision {published.revision})", well=False)
    return Line("files", f"as published (revision {published.revision})")


def _what_fits(card: CheckpointCard, machine: Machine) -> Line:
    shape, weights = read_shape(read_json(card.folder / "config.json")), weights_on_disk(card.folder)
    canvas = fitting_canvas(card.name, shape, weights, machine)
    context = fitting_context(shape, weights, machine, canvas)
    return Line("fits", f"{spoken_size(weights)} of weights, a canvas of {canvas}, a context of {context:,} positions")


def _runs(card: CheckpointCard) -> Iterator[Line]:
    began = time.perf_counter()
    checkpoint = load_and_warm_up(card)
    # Not before: loading chooses the BLAS that MLX binds when it is imported.
    import mlx.core as mx

    from visualizer.model.denoise import denoise
    from visualizer.model.device import device_name
    from visualizer.model.evaluation import Evaluation

    took = f"{time.perf_counter() - began:.1f} s with two steps to warm up"
    where = f"{checkpoint.number_format} on {device_name() or 'a processor'}"
    yield Line("loaded", f"{took}, {spoken_size(mx.get_active_memory())}, {where}")
    prompt, settings = load_prompts()[0].text, card.defaults.changed(seed=1, max_tokens=card.defaults.canvas_length)
    ids = checkpoint.prompt_ids(prompt, settings)

    def run(evaluation: Evaluation) -> list[CanvasState]:
        return list(denoise(checkpoint.model, ids, settings, card.stop_ids, evaluation=evaluation))

    mx.reset_peak_memory()
    evaluation = Evaluation()
    one = run(evaluation)
    yield _block(one, evaluation.waits, mx.get_peak_memory())
    other = run(Evaluation())
    same = len(one) == len(other) and all(map(_same, one, other))
    yield Line("the same seed twice", "the same canvases" if same else "other canvases", well=same)
    if card.writing is Writing.DENOISED:
        yield _parity(checkpoint, prompt, settings, one[:2])


def _block(states: list[CanvasState], waits: int, peak_bytes: int) -> Line:
    steps = [state for state in states if state.phase is Phase.STEP]
    seconds = np.diff([state.elapsed_ms for state in states if state.phase is not Phase.COMMIT]) / 1000
    evals = round(waits / len(steps))
    said = (
        f"{len(states[0].canvas_ids)} positions, {len(steps)} steps, {statistics.median(seconds.tolist()):.2f} s and "
        f"{evals} eval{'' if evals == 1 else 's'} a step, peak {spoken_size(peak_bytes)}"
    )
    return Line("a block", said, well=all(np.isfinite(state.entropy_nats).all() for state in steps))


def _same(one: CanvasState, other: CanvasState) -> bool:
    return np.array_equal(one.canvas_ids, other.canvas_ids) and np.array_equal(one.entropy_nats, other.entropy_nats)


def _parity(checkpoint: Checkpoint, prompt: str, settings: Settings, states: list[CanvasState]) -> Line:
    """Our first step beside mlx-vlm's own reading of the same canvas, at some positions."""
    import mlx.core as mx

    noise, step = states
    model, rows = checkpoint.model, slice(0, _PARITY_POSITIONS)
    context = mx.array([checkpoint.prompt_ids(prompt, settings)], dtype=mx.int32)
    cache = model.diffusion_prefill_cache(context, cache=model.make_cache())
    canvas = mx.array(noise.canvas_ids[None])
    masks = model.diffusion_decoder_masks(canvas, cache, None)
    hidden = model.model.decoder(canvas, cache=cache, decoder_attention_mask=masks)[:, rows]
    logits = model._softcap(model.model.decoder.embed_tokens.as_linear(hidden))[0].astype(mx.float32)
    logits = logits / step.temperature
    chances = mx.softmax(logits, axis=-1)
    entropies = mx.logsumexp(logits, axis=-1) - mx.sum(chances * logits, axis=-1)
    alike = float((np.array(mx.argmax(logits, axis=-1)) == step.candidate_ids[rows]).mean())
    apart = float(np.abs(np.array(entropies) - step.entropy_nats[rows]).max())
    said = f"{alike:.0%} of the candidates alike, entropies apart by at most {apart:.1e} nats"
    return Line("a step beside mlx-vlm's", said, well=alike >= _CANDIDATES_ALIKE)
