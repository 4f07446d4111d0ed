"""Small recorded runs made by hand, out of the texts that they end with; used by several test files."""

from dataclasses import replace

import numpy as np

from tests.support.canvas_samples import tiny_state
from visualizer.draft import Draft
from visualizer.settings import Settings
from visualizer.trace.canvas import Finish, Phase
from visualizer.trace.trace import RunInfo, Trace

NOISE_ID = 0


def run_info(prompt="A prompt.", **settings):
    return RunInfo(
        checkpoint="tiny",
        fingerprint="0123",
        prompt=prompt,
        settings=Settings(**settings),
        device="cpu",
        versions={},
        started_at="2026-01-01T00:00:00Z",
        vocab_size=1000,
    )


def held_trace():
    """Two positions, of which a draft holds the first."""
    texts, pinned = {1: "held", 2: " free"}, {"pinned": np.array([True, False])}
    states = (
        tiny_state([1, 2], [True, False], Phase.NOISE, step=0, **pinned),
        tiny_state([1, 2], [True, True], **pinned),
        tiny_state([1, 2], [True, True], Phase.COMMIT, **pinned),
    )
    info = replace(run_info(), draft=Draft({0: 1}))
    return Trace(info, states, texts, frozenset(), ({},) * 3, ("held free",), "stop")


def growing_run(texts, steps=4, special=(), prompt="A prompt.", answer_length=None, blocks=1):
    """A run whose positions are accepted one group a step, the first texts first, and committed at the end."""
    vocabulary = {NOISE_ID: "noise"} | {number + 1: text for number, text in enumerate(texts)}
    ids = list(range(1, len(texts) + 1))
    states = []
    share = len(ids) // blocks
    for block in range(blocks):
        own = ids[block * share : (block + 1) * share if block + 1 < blocks else len(ids)]
        states += _block(own, steps, block, len(own) if answer_length is None else answer_length)
    states[-1] = _finished(states[-1])
    return Trace(
        info=run_info(prompt),
        states=tuple(states),
        texts=vocabulary,
        special=frozenset(number + 1 for number in special),
        overrides=({},) * len(states),
        answers=tuple("".join(texts[: (block + 1) * share]) for block in range(blocks)),
        ended="stop",
    )


def _block(ids, steps, block, answer_length):
    count = len(ids)
    others = {"block": block, "answer_length": answer_length, "candidates": ids, "max_steps": steps}
    states = []
    for step in range(steps + 1):
        accepted = np.arange(count) < count * step / steps
        shown = [token_id if flag else NOISE_ID for token_id, flag in zip(ids, accepted, strict=True)]
        phase = Phase.STEP if step else Phase.NOISE
        elapsed = 100.0 * (step + block * (steps + 1))
        states.append(tiny_state(shown, accepted, phase, step=step, elapsed_ms=elapsed, **others))
    states.append(tiny_state(ids, [True] * count, Phase.COMMIT, step=steps, elapsed_ms=elapsed, **others))
    return states


def _finished(state):
    object.__setattr__(state, "finish", Finish.STOP_TOKEN)
    return state
