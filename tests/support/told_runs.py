"""Runs made up at random, of the kinds of text that captions speak of: lines, sentences, lists, code, and junk."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.support.canvas_samples import tiny_state
from tests.support.trace_samples import run_info
from visualizer.trace.canvas import Finish, Phase
from visualizer.trace.trace import Trace

PLAIN = (" sun", " sea", "ly", " came", " 一", " he", "-man")
ODD = ("The", "O", "pen", " Dr", " e.g", " A", "a\u0301", "\u202e", "“no”", "x", " 7")
MARKS = (".", "!", "...", ",", ".”", "\n", "\n\n", " .", "1", ". ", ">>>", "def", "\t", " ", ":", "- ", ".\n", "end.")
OTHERS = (*PLAIN, *ODD, *MARKS, "<|channel>", "thought", "<channel|>", "<think>", "</think>")
STOP = "<eos>"
LINE_ENDS, SENTENCE_ENDS = ((",", "\n"), (".\n",), (".", "\n\n")), ((".",), ("!",), (".", " "))


@st.composite
def texts(draw):
    """The tokens of one block's answer."""
    ends = draw(st.sampled_from([LINE_ENDS, SENTENCE_ENDS, None]))
    if ends is None:
        return draw(st.lists(st.sampled_from(OTHERS), min_size=1, max_size=14))
    first = draw(st.sampled_from(["O", " He", "he", ""]))
    words = st.lists(st.sampled_from(draw(st.sampled_from([PLAIN, (*PLAIN, *ODD)]))), min_size=1, max_size=3)
    groups = draw(st.lists(st.tuples(words, st.sampled_from(ends)), min_size=1, max_size=6))
    return [token for own, end in groups for token in (first, *own, *end) if token]


@st.composite
def told_runs(draw):
    """A run of one or two blocks: tokens come, are replaced, are taken back; some runs end before their commit."""
    rng = draw(st.randoms(use_true_random=False))
    blocks = [draw(texts()) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
    vocabulary = [*dict.fromkeys([*OTHERS, STOP, *(token for block in blocks for token in block)])]
    special = {vocabulary.index(token) for token in (STOP, "<|channel>", "<channel|>")}
    states, answers = [], []
    for number, tokens in enumerate(blocks):
        states += _block(rng, [*tokens, *[STOP] * rng.randrange(3)], vocabulary, number)
        answers.append("".join(token for block in blocks[: number + 1] for token in block))
    object.__setattr__(states[-1], "finish", Finish.STOP_TOKEN)
    kept = draw(st.one_of(st.just(len(states)), st.integers(1, len(states))))
    commits = sum(state.phase is Phase.COMMIT for state in states[:kept])
    return Trace(
        info=run_info(), states=tuple(states[:kept]), texts=dict(enumerate(vocabulary)), special=frozenset(special),
        overrides=({},) * kept, answers=tuple(answers[:commits]), ended="stop" if kept == len(states) else "stopped",
    )  # fmt: skip


def _block(rng, tokens, vocabulary, block):
    final, steps = [vocabulary.index(token) for token in tokens], rng.randrange(1, 7)
    stays, wrong = rng.choice([(0.8, 0.0), (0.9, 0.1), (1.0, 0.0), (0.9, 0.4)])
    landed = _landing_steps(rng, tokens, steps)
    states = []
    for step in range(steps + 1):
        accepted = [step >= at and rng.random() < stays for at in landed]
        ids = [
            token_id if flag and rng.random() >= wrong else rng.randrange(len(vocabulary))
            for token_id, flag in zip(final, accepted, strict=True)
        ]
        states.append(_state(ids, accepted, Phase.STEP if step else Phase.NOISE, block, step, vocabulary))
    return [*states, _state(final, [True] * len(final), Phase.COMMIT, block, steps, vocabulary)]


def _landing_steps(rng, tokens, steps):
    """When each token lands first: at random, or what begins and ends lines and sentences before the rest."""
    landed = [rng.randrange(1, steps + 1) for _ in tokens]
    breaks = [
        0,
        *(k + 1 for k, token in enumerate(tokens) if token.strip(" ").rstrip("\n") in (".", "!") or "\n" in token),
    ]
    kind = rng.choice(["random", "starts", "ends", "frame"])
    first = {
        "random": [], "starts": breaks, "ends": [k - 1 for k in breaks if k],
        "frame": [*range(breaks[min(1, len(breaks) - 1)]), *range(breaks[max(0, len(breaks) - 2)], len(tokens))],
    }[kind]  # fmt: skip
    return [1 if k in first else at for k, at in enumerate(landed)]


def _state(ids, accepted, phase, block, step, vocabulary):
    stops = [
        k for k, (token_id, flag) in enumerate(zip(ids, accepted, strict=True)) if flag and vocabulary[token_id] == STOP
    ]
    length = stops[0] if stops else len(ids)
    return tiny_state(ids, np.array(accepted), phase, block=block, step=step, answer_length=length)
