"""Pure steps of the sampler on MLX arrays: temperature, acceptance, renoising, the stop rule.

Entropy-bound acceptance: arXiv 2505.24857. The reference is transformers' `generation_diffusion_gemma.py`.
"""

from __future__ import annotations

import mlx.core as mx


def schedule_temperature(step: int, max_steps: int, t_min: float, t_max: float) -> float:
    """Linear from t_max at step 1 towards t_min at the last step (steps counted from 1)."""
    return t_min + (t_max - t_min) * (max_steps - step + 1) / max_steps


def accept_by_entropy(entropy_nats: mx.array, bound: float) -> mx.array:
    """Accept the surest positions while their summed entropy, less the largest of them, stays within the bound.

    entropy_nats: float32 L; returns bool L, at least one of them true.
    """
    order = mx.argsort(entropy_nats)
    ascending = entropy_nats[order]
    within = mx.cumsum(ascending) - mx.cummax(ascending) <= bound
    return mx.put_along_axis(mx.zeros_like(within), order, within, axis=0)


def accept_by_confidence(probability: mx.array, accepted: mx.array, threshold: float, last_step: bool) -> mx.array:
    """Accept what is probable enough, keep what was accepted, and accept the surest open one when nothing else is.

    probability: float32 L, of the token to be accepted; accepted: bool L, before this step. The last step takes all.
    """
    if last_step:
        return mx.ones_like(accepted)
    open_positions = ~accepted
    sure = open_positions & (probability >= threshold)
    surest = mx.argmax(mx.where(open_positions, probability, -1.0))
    forced = (mx.arange(probability.shape[0]) == surest) & open_positions & ~mx.any(sure)
    return accepted | sure | forced


def draw_noise(length: int, vocab_size: int, key: mx.array) -> mx.array:
    """Uniform random ids (int32 L)."""
    return mx.random.randint(0, vocab_size, (length,), dtype=mx.int32, key=key)


def has_settled(history: list[mx.array], candidate_ids: mx.array, stability_steps: int, entropy_nats: mx.array,
                stop_entropy: float) -> mx.array:  # fmt: skip
    """The stop rule: the candidates equal those of the last steps, and the mean entropy is below `stop_entropy`.

    history: candidates of the steps before, newest last. Returns one bool, not yet evaluated.
    """
    settled = mx.mean(entropy_nats) < stop_entropy
    recent = history[-stability_steps:]
    if len(recent) < stability_steps:
        return mx.zeros_like(settled)
    for before in recent:
        settled = settled & mx.array_equal(candidate_ids, before)
    return settled
