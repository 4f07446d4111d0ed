"""Runs made up without a model: a text appears over noise, some of it thrown back once; used by several test files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visualizer.settings import Settings
from visualizer.trace.canvas import CanvasState, Finish, Phase
from visualizer.trace.trace import RunInfo, Trace

MANY_SCRIPTS = (
    "Planets", " turn", "\n", "  ", "\t", "a\u0301", "日本", "語", " שלום", " سلام", "👩\u200d🚀", "👍🏽", "\ufffd",
    "नमस्ते", "def f(x):\n    return", "</script>", "<b>&", "ﷺ", "\u202e", "\u0000", "\x07", "𝔘", "ไทย", "█", "░",
    "\r\n", "\u200b", "Ω", "…", "=1+1", "`*_[",
)  # fmt: skip

LIKELY = 2000
"""Of a large vocabulary the ids that are ever among the most probable; noise comes from all of it."""


def info(prompt="Name the planets.", vocab_size=262_144, **settings):
    """What a made-up run was made with."""
    return RunInfo(
        checkpoint="pocket", fingerprint="0123456789ab", prompt=prompt, settings=Settings(**settings), device="cpu",
        versions={"mlx": "0"}, started_at="2026-01-01T00:00:00Z", vocab_size=vocab_size,
    )  # fmt: skip


def made_trace(words, steps=6, seed=0, blocks=1, prompt="Name the planets.", ended="stop", vocabulary=MANY_SCRIPTS):
    """A trace in which every block's words are accepted over so many steps, in random order, then committed.

    words: the token texts of one block. vocabulary: the texts that the noise is drawn from.
    """
    rng = np.random.default_rng(seed)
    every = [*dict.fromkeys([*words, *vocabulary])]
    target = np.array([every.index(word) for word in words], dtype=np.int32)
    states, answers = [], []
    for block in range(blocks):
        states += _block_states(rng, target, len(every), steps, block, last=block == blocks - 1)
        answers.append("".join(words) * (block + 1))
    return Trace(
        info=info(prompt), states=tuple(states), texts=dict(enumerate(every)), special=frozenset(),
        overrides=({},) * len(states), answers=tuple(answers), ended=ended,
    )  # fmt: skip


def landing_trace(cells, landed_at, prompt="Name the planets.", special=()):
    """A run of one block in which each cell's token is accepted at its step and stays; the special ones end it."""
    texts = [*cells, "noise"]
    ids = np.arange(len(cells), dtype=np.int32)
    none = np.zeros((len(cells), 0))
    answer_length = min((cells.index(cell) for cell in special), default=len(cells))
    states = []
    for step in range(max(landed_at) + 1):
        accepted = np.array([0 < at <= step for at in landed_at])
        state = CanvasState(
            canvas_ids=np.where(accepted, ids, len(cells)).astype(np.int32), candidate_ids=ids, accepted=accepted,
            entropy_nats=none.sum(1, dtype=np.float32), probability=none.sum(1, dtype=np.float32), top_ids=none,
            top_probabilities=none, block=0, step=step, max_steps=48, phase=Phase.STEP if step else Phase.NOISE,
            temperature=0.5, elapsed_ms=80.0 * step, answer_length=answer_length,
        )  # fmt: skip
        states.append(state)
    states.append(replace(states[-1], canvas_ids=ids, phase=Phase.COMMIT, finish=Finish.STOP_TOKEN))
    return Trace(
        info=info(prompt), states=tuple(states), texts=dict(enumerate(texts)),
        special=frozenset(cells.index(cell) for cell in special), overrides=({},) * len(states),
        answers=("".join(cells[:answer_length]),), ended="stop",
    )  # fmt: skip


def stopped_trace(trace, count):
    """The trace as it is when it is stopped after so many states."""
    states = trace.states[:count]
    commits = sum(state.phase is Phase.COMMIT for state in states)
    return Trace(
        info=trace.info, states=states, texts=trace.texts, special=trace.special, overrides=trace.overrides[:count],
        answers=trace.answers[:commits], ended="stopped",
    )  # fmt: skip


def _block_states(rng, target, vocab_size, steps, block, last):
    length = len(target)
    accepted_at = rng.permutation(np.linspace(1, max(steps - 1, 1), length).round().astype(int))
    states = []
    for step in range(steps + 1):
        accepted = accepted_at <= step if step else np.zeros(length, dtype=bool)
        if 1 < step < steps:  # some of what was accepted is thrown back for one step
            accepted &= rng.random(length) > 0.05
        phase = Phase.STEP if step else Phase.NOISE
        states.append(_state(rng, target, vocab_size, accepted, block, step, steps, phase))
    finish = Finish.STOP_TOKEN if last else None
    states.append(_state(rng, target, vocab_size, np.ones(length, bool), block, steps, steps, Phase.COMMIT, finish))
    return states


def _state(rng, target, vocab_size, accepted, block, step, steps, phase, finish=None):
    length = len(target)
    noise = rng.integers(0, vocab_size, length).astype(np.int32)
    others = rng.integers(0, min(vocab_size, LIKELY), (length, 2)).astype(np.int32)
    first = phase is Phase.NOISE
    return CanvasState(
        canvas_ids=np.where(accepted, target, noise), candidate_ids=noise if first else target, accepted=accepted,
        entropy_nats=np.where(accepted, 0.01, rng.random(length) * 5).astype(np.float32),
        probability=np.where(accepted, 0.99, (target * 37 % 101) / 101 * step / steps).astype(np.float32),
        top_ids=np.zeros((length, 0), np.int32) if first else np.column_stack([target, others]).astype(np.int32),
        top_probabilities=np.zeros((length, 0 if first else 3), np.float32), block=block, step=step, max_steps=steps,
        phase=phase, temperature=0.5, elapsed_ms=1000.0 * block + 80.0 * step, answer_length=length, finish=finish,
    )  # fmt: skip
