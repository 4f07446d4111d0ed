"""Runs made up for the player, as its messages, and a plain page that plays them: no model, no server, no Gradio."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from visualizer.player import MessageWriter, end_message, recording_message, start_message
from visualizer.player.bundle import player_bundle
from visualizer.settings import Settings
from visualizer.trace.canvas import CanvasState, Finish, Frame, Phase
from visualizer.trace.trace import RunInfo, trace_of

VOCAB_SIZE = 4096
STOP_ID, PAD_ID = 1, 0
_SPECIAL = {PAD_ID: "<pad>", STOP_ID: "<turn|>"}
WORDS = (" the", " of", " light", " water", " under", " a", "ing", ".", ",", " extraordinarily", " sea", " and", "s",
          " noise", "\n", " green", "    ", " return", " 漢字", " I", "\n\n", " settles")  # fmt: skip
_OPTIONS = "<meta charset='utf-8'><meta name='viewport' content='width=device-width,initial-scale=1'>"


class _Frames:
    """Frames of states one after the other, each with the texts of the ids that have not occurred before."""

    def __init__(self, words: Sequence[str]):
        self.texts = _SPECIAL | {10 + k: words[k % len(words)] for k in range(40 * len(words))}
        self.all: list[Frame] = []
        self._named: set[int] = set()

    def add(self, state: CanvasState, committed: str | None = None) -> None:
        ids = (state.canvas_ids, state.candidate_ids, state.top_ids.ravel())
        occurring = {token_id for some in ids for token_id in some.tolist()} - self._named
        self._named |= occurring
        fresh = {token_id: self.texts[token_id] for token_id in sorted(occurring)}
        self.all.append(Frame(state, fresh, frozenset(_SPECIAL.keys() & occurring), {}, committed))

    def text_of(self, ids: np.ndarray) -> str:
        return "".join(self.texts[token_id] for token_id in ids.tolist())


def made_run(
    length: int, steps: int, blocks: int = 1, seed: int = 0, words: Sequence[str] = WORDS, cut: int | None = None
) -> list[Frame]:
    """A run in which positions settle in a random order, some are taken back and some replaced; the last block ends
    with a stop token and pads. cut: only so many frames, as after a stop.
    """
    rng, dice = np.random.default_rng(seed), random.Random(seed)
    frames = _Frames(words)
    ids = np.array([token_id for token_id in frames.texts if token_id >= 10], dtype=np.int32)
    answer = ""
    for block in range(blocks):
        last = block == blocks - 1
        content = length - max(2, length // 8) if last and length > 2 else length
        final = rng.choice(ids, length).astype(np.int32)
        if content < length:
            final[content], final[content + 1 :] = STOP_ID, PAD_ID
        elapsed_ms = 100.0 + 50 * len(frames.all)
        for state in _block_states(final, content, block, steps, elapsed_ms, ids, rng, dice):
            frames.add(state)
        answer += frames.text_of(final[:content])
        finish = Finish.STOP_TOKEN if last else None
        commit = replace(state, canvas_ids=final, phase=Phase.COMMIT, answer_length=content, finish=finish)
        frames.add(commit, answer)
    return frames.all[:cut]


def _block_states(
    final: np.ndarray, content: int, block: int, steps: int, elapsed_ms: float, ids: np.ndarray,
    rng: np.random.Generator, dice: random.Random,
) -> Iterator[CanvasState]:  # fmt: skip
    """The noise and the steps of a block that ends as `final`, of which `content` positions are the answer."""
    length = len(final)
    lands = np.ceil(rng.random(length) ** 1.3 * (steps - 1)).astype(int)
    flips = {i: int(lands[i]) + 2 for i in dice.sample(range(length), length // 8) if lands[i] + 3 < steps}
    start = _noise_state(rng.choice(ids, length).astype(np.int32), block, steps, elapsed_ms)
    yield start
    for step in range(1, steps + 1):
        accepted = lands < step
        right = accepted | (rng.random(length) < 0.4)
        candidates = np.where(right, final, rng.choice(ids, length)).astype(np.int32)
        for i, when in flips.items():
            accepted[i] &= when != step or i % 2 == 1
            if accepted[i] and step <= when:
                candidates[i] = ids[(i * 7 + step) % len(ids)]
        if step == steps:
            accepted[:], candidates = True, final
        yield replace(
            start, **_readings(candidates, np.clip((lands - step + 2) / steps, 0.0001, 1), ids, rng),
            canvas_ids=np.where(accepted, candidates, rng.choice(ids, length)).astype(np.int32),
            candidate_ids=candidates, accepted=accepted, step=step, phase=Phase.STEP,
            elapsed_ms=start.elapsed_ms + 50.0 * step + dice.randrange(30),
            answer_length=content if accepted[min(content, length - 1)] else length,
        )  # fmt: skip


def _noise_state(noise: np.ndarray, block: int, steps: int, elapsed_ms: float) -> CanvasState:
    """A canvas before its first step."""
    length, nothing = len(noise), np.zeros((len(noise), 0))
    return CanvasState(
        canvas_ids=noise, candidate_ids=noise, accepted=np.zeros(length, bool),
        entropy_nats=np.full(length, np.log(VOCAB_SIZE), np.float32),
        probability=np.full(length, 1 / VOCAB_SIZE, np.float32), top_ids=nothing.astype(np.int32),
        top_probabilities=nothing.astype(np.float32), block=block, step=0, max_steps=steps, phase=Phase.NOISE,
        temperature=0.8, elapsed_ms=elapsed_ms, answer_length=length,
    )  # fmt: skip


def _readings(
    candidates: np.ndarray, distance: np.ndarray, ids: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Entropy, probability and the three best tokens; `distance` from 0 (settled) to 1 (noise)."""
    entropy = (np.log(VOCAB_SIZE) * distance * rng.uniform(0.3, 1, len(candidates))).astype(np.float32)
    probability = np.exp(-entropy / 2).astype(np.float32)
    others = rng.choice(ids, (len(candidates), 2)).astype(np.int32)
    rest = (1 - probability)[:, None] * np.array([0.5, 0.2], np.float32)
    return {
        "entropy_nats": entropy, "probability": probability, "top_ids": np.column_stack([candidates, others]),
        "top_probabilities": np.column_stack([probability, rest]),
    }  # fmt: skip


def made_info(**settings: object) -> RunInfo:
    """What a made-up run was made with."""
    return RunInfo(
        checkpoint="made-up", fingerprint="0f1e2d3c4b5a", prompt="A prompt", device="cpu", versions={},
        settings=Settings(seed=12345).changed(**settings), started_at="2026-03-04T05:06:07+00:00",
        vocab_size=VOCAB_SIZE,
    )  # fmt: skip


def live_messages(frames: Sequence[Frame], run: str = "r1", **settings: object) -> list[dict]:
    """The messages of a live run, as objects."""
    writer = MessageWriter(VOCAB_SIZE)
    finish = frames[-1].state.finish if frames else None
    messages = [start_message(run, made_info(**settings)), *map(writer.write, frames)]
    return [json.loads(message) for message in (*messages, end_message(run, finish.value if finish else "stopped"))]


def recording(
    frames: Sequence[Frame],
    label: str = "A made-up run",
    play: str | None = None,
    directed: bool = False,
    **settings: object,
) -> dict:
    """A recording message, as an object.

    play: the id of the live run that it completes. directed: with its plan; without one it plays in equal steps.
    """
    finish = frames[-1].state.finish
    trace = trace_of(made_info(**settings), frames, finish.value if finish else "stopped")
    message = json.loads(recording_message(trace, "kept", label, play))
    return message if directed else {key: value for key, value in message.items() if key != "direction"}


def player_page(theme: str = "dark", asks: str = "undefined") -> str:
    """A page that holds the player and nothing else; `send(message)` gives it a message, after `make()`.

    asks: what the page does for the player, as JavaScript; undefined runs nothing.
    """
    script, css = player_bundle(with_hand=asks != "undefined")
    return (
        f"<!doctype html><html lang='en' data-theme='{theme}'><head>{_OPTIONS}<title>Player</title><style>{css}"
        "body{margin:0;padding:20px;background:var(--c-page)}main{max-width:1000px;margin:auto}</style></head>"
        f"<body><main><h1 style='display:none'>Player</h1><div id='root'></div></main><script>{script}\n"
        f"const player = createPlayer(document.getElementById('root'), {asks});"
        "const send = (message) => player.receive(JSON.stringify(message));</script></body></html>"
    )
