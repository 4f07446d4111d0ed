"""The loop of a model that types: one token a forward pass, left to right, each state yielded as a finished value.

The tokens are mlx-lm's own, from its `generate_step`, so the text is what its `generate` gives for the same seed and
temperature. What is shown beside them is read from the same logits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.generate import generate_step
from mlx_lm.sample_utils import make_sampler

from visualizer.errors import NotFiniteError
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Finish, Keystroke, Page

TOP_K = 3


def type_out(
    model: nn.Module,
    prompt_ids: Sequence[int],
    settings: Settings,
    stop_ids: frozenset[int],
    blank_id: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[CanvasState]:
    """Yield an empty page, every token as it is typed, and the page's commit; then the next page, until the end.

    A page has settings.canvas_length positions, or what is left of the budget. blank_id: stands where nothing is
    written. Each `next` runs at most one forward pass beside the one that mlx-lm has under way; the same settings give
    the same states. Raises NotFiniteError when a step's numbers are not finite.
    """
    started = clock()
    # mlx-lm samples from MLX's own random state, which is this process's.
    mx.random.seed(settings.seed)
    left, block = settings.total_tokens, 0

    def elapsed_ms() -> float:
        return (clock() - started) * 1000

    def fresh_page() -> Page:
        length = min(settings.canvas_length, left)
        return Page(length, blank_id, block, settings.temperature, TOP_K, elapsed_ms())

    sampler = make_sampler(temp=settings.temperature)
    typing = generate_step(mx.array(list(prompt_ids)), model, max_tokens=left, sampler=sampler)
    page = fresh_page()
    yield page.state
    with closing(typing):
        for token, logprobs in typing:
            token_id = int(token)
            left -= 1
            stops = token_id in stop_ids
            yield page.type(_keystroke(token_id, logprobs, settings.temperature, elapsed_ms), stops)
            finish = Finish.STOP_TOKEN if stops else None if left else Finish.BUDGET
            if finish is not None or page.is_full:
                yield page.commit(finish)
            if finish is not None:
                return
            if page.is_full:
                block += 1
                page = fresh_page()
                yield page.state


def _keystroke(token_id: int, logprobs: mx.array, temperature: float, elapsed_ms: Callable[[], float]) -> Keystroke:
    """A token with what its distribution says, at the temperature that it was drawn at; the greedy one's at 1.

    logprobs: of every id.
    """
    tempered = np.array(logprobs.astype(mx.float32), dtype=np.float64) / (temperature or 1.0)
    if not np.isfinite(tempered).all():
        raise NotFiniteError("The model gave no finite numbers; the frames before are kept.")
    chances = np.exp(tempered - tempered.max())
    chances /= chances.sum()
    top = np.argpartition(-chances, min(TOP_K, len(chances) - 1))[:TOP_K]
    top = top[np.argsort(-chances[top], kind="stable")]
    some = chances[chances > 0]
    return Keystroke(
        token_id=token_id,
        candidate_id=int(top[0]),
        entropy_nats=float(-(some * np.log(some)).sum()),
        probability=float(chances[top[0]]),
        top_ids=top.tolist(),
        top_probabilities=chances[top].tolist(),
        elapsed_ms=elapsed_ms(),
    )
