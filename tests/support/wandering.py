"""Made-up runs whose guesses wander until each position settles: nothing in them has a name; findings are planted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.support.made_traces import info
from visualizer.trace.canvas import CanvasState, Finish, Phase
from visualizer.trace.trace import Trace

EOS = 1
_NOISE_FROM, _VOCABULARY = 1000, 262_144


@dataclass
class Wandering:
    """What a run's states are made of, to be changed before `trace()`: arrays of steps × positions.

    guesses: candidates; probability: of them; others, other_probability: one more candidate each; accepted: as said.
    """

    final: np.ndarray
    content: int
    guesses: np.ndarray
    probability: np.ndarray
    others: np.ndarray
    other_probability: np.ndarray
    accepted: np.ndarray

    def settle(self, position, step, token=None):
        """From a step on, counted from 0, the guess is the final token (or another one), accepted and sure."""
        self.guesses[step:, position] = self.final[position] if token is None else token
        self.probability[step:, position], self.accepted[step:, position] = 0.99, True
        self.other_probability[step:, position] = 0.001

    def trace(self):
        steps, length = self.guesses.shape
        texts = {token: f" t{token}" for token in {*self.final.tolist(), *self.guesses.ravel().tolist(),
                                                  *self.others.ravel().tolist()}}  # fmt: skip
        texts[EOS] = "<eos>"
        none = np.zeros((length, 0))
        states = [
            self._state(0, np.zeros(length, bool), self.guesses[0], none.astype(np.int32), none.astype(np.float32))
        ]
        for step in range(steps):
            ids = np.column_stack([self.guesses[step], self.others[step]])
            shares = np.column_stack([self.probability[step], self.other_probability[step]])
            states.append(self._state(step + 1, self.accepted[step], self.guesses[step], ids, shares))
        last = replace(states[-1], canvas_ids=self.final, accepted=np.ones(length, bool), phase=Phase.COMMIT,
                       answer_length=self.content, finish=Finish.STOP_TOKEN)  # fmt: skip
        answer = "".join(texts[token] for token in self.final[: self.content].tolist())
        return Trace(info=info(), states=(*states, last), texts=texts, special=frozenset({EOS}),
                     overrides=({},) * (steps + 2), answers=(answer,), ended="stop")  # fmt: skip

    def _state(self, step, accepted, guesses, ids, shares):
        length = len(guesses)
        return CanvasState(
            canvas_ids=np.where(accepted, guesses, self.others[step - 1]).astype(np.int32),
            candidate_ids=guesses.astype(np.int32), accepted=accepted.copy(),
            entropy_nats=np.where(accepted, 0.01, 2).astype(np.float32),
            probability=(shares[:, 0] if shares.shape[1] else np.zeros(length)).astype(np.float32),
            top_ids=ids.astype(np.int32), top_probabilities=shares.astype(np.float32), block=0, step=step, max_steps=48,
            phase=Phase.STEP if step else Phase.NOISE, temperature=0.5, elapsed_ms=80.0 * step, answer_length=length,
        )  # fmt: skip


def wandering(seed, content=24, tail=8, steps=10):
    """A run whose text settles in any order and whose tail settles at the end; some of it is thrown back for a step."""
    rng = np.random.default_rng(seed)
    length = content + tail
    words = rng.integers(10, 30, content)  # few, so that some stand side by side
    final = np.concatenate([words, np.full(tail, EOS)]).astype(np.int32)
    size = (steps, length)
    run = Wandering(
        final, content, rng.integers(_NOISE_FROM, _VOCABULARY, size), rng.uniform(0.05, 0.95, size),
        rng.integers(_NOISE_FROM, _VOCABULARY, size), rng.uniform(0, 0.05, size), np.zeros(size, dtype=bool),
    )  # fmt: skip
    usual = rng.random(size) < 0.3  # a frequent word is likely everywhere
    run.others[usual], run.other_probability[usual] = words[0], 0.05
    for position in range(length):
        run.settle(position, int(rng.integers(1, steps) if position < content else steps - 1))
    thrown = run.accepted & (rng.random(size) < 0.1)
    thrown[-1] = False
    run.accepted[thrown] = False
    return run
