"""Hand-made and random canvas states, and how two states compare; used by several test files."""

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from visualizer.trace.canvas import CanvasState, Phase


def tiny_state(ids, accepted, phase=Phase.STEP, candidates=None, block=0, step=1, **others):
    """A state of a few positions; what a test does not name is zero."""
    length = len(ids)
    values = {
        "canvas_ids": np.array(ids, dtype=np.int32),
        "candidate_ids": np.array(ids if candidates is None else candidates, dtype=np.int32),
        "accepted": np.array(accepted, dtype=bool),
        "entropy_nats": np.zeros(length, dtype=np.float32),
        "probability": np.zeros(length, dtype=np.float32),
        "top_ids": np.zeros((length, 0), dtype=np.int32),
        "top_probabilities": np.zeros((length, 0), dtype=np.float32),
        "block": block,
        "step": step,
        "max_steps": 48,
        "phase": phase,
        "temperature": 0.5,
        "elapsed_ms": 0.0,
        "answer_length": length,
    }
    return CanvasState(**values | others)


@st.composite
def state_sequences(draw, vocab_size=262_144, top_k=3):
    """A run of one to six states over one or two blocks, in which ids repeat often enough to stay the same."""
    length = draw(st.integers(1, 9))
    ids = st.lists(st.one_of(st.integers(0, 3), st.integers(0, vocab_size - 1)), min_size=length, max_size=length)
    flags = st.lists(st.booleans(), min_size=length, max_size=length)
    shares = st.lists(st.floats(0, 1, width=32), min_size=length, max_size=length)
    states = []
    for block in range(draw(st.integers(1, 2))):
        for step in range(draw(st.integers(1, 3))):
            commit = step > 0 and draw(st.booleans())
            candidates = draw(ids)
            state = tiny_state(
                candidates if commit else draw(ids),
                [True] * length if commit else draw(flags) if step else [False] * length,
                Phase.COMMIT if commit else Phase.STEP if step else Phase.NOISE,
                candidates,
                block,
                step,
                entropy_nats=np.float32(draw(shares)) * np.float32(np.log(vocab_size)),
                probability=np.float32(draw(shares)),
                top_ids=np.int32([draw(ids) for _ in range(top_k)]).T if step else np.zeros((length, 0), np.int32),
                top_probabilities=np.float32([draw(shares) for _ in range(top_k)]).T
                if step
                else np.zeros((length, 0), np.float32),
                elapsed_ms=float(draw(st.integers(0, 10**6))),
                temperature=draw(st.floats(0.01, 10)),
                answer_length=draw(st.integers(0, length)),
            )
            states.append(state)
    return states


def differing_fields(one, other):
    """Names of the fields in which two states differ, the clock aside."""
    names = [field.name for field in fields(CanvasState) if field.name != "elapsed_ms"]
    return [name for name in names if not np.array_equal(getattr(one, name), getattr(other, name))]
