"""The denoising loop: prefill, then blocks of steps, each state yielded as a finished value.

Built on mlx-vlm's own model hooks, not on its `stream_generate`, which hands over its drafts only when generation has
ended. Blocks, acceptance, renoising, self-conditioning and the stop rule follow transformers'
`generation_diffusion_gemma.py` and mlx-vlm's `stream_diffusion_generate`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import NotFiniteError
from visualizer.model.block_draft import BlockDraft, block_draft
from visualizer.model.device import present_tiling
from visualizer.model.evaluation import Evaluation
from visualizer.model.readout import Bar, Reader, Readout
from visualizer.model.sampler import (
    accept_by_confidence,
    accept_by_entropy,
    draw_noise,
    has_settled,
    schedule_temperature,
)
from visualizer.settings import Sampler, Settings
from visualizer.trace import CanvasState, Finish, Phase

TOP_K, _KEPT, _ALWAYS_KEPT, _LIKELY = 33, 8, 3, 0.03
"""Candidates of a position that are recorded: eight, and all that are more probable than _LIKELY, which cannot be more
than TOP_K. From the fourth on, where one rounds to no probability, the best guess stands in its place, with none."""
_DIGITS = 4
"""Of the probabilities of what is not the best guess: more would be most of a recording."""
_PREFILL_CHUNK = 1024


def denoise(
    model: nn.Module,
    prompt_ids: Sequence[int],
    settings: Settings,
    stop_ids: frozenset[int],
    clock: Callable[[], float] = time.perf_counter,
    evaluation: Evaluation | None = None,
    draft: Draft = NO_DRAFT,
    partial_ids: frozenset[int] = frozenset(),
) -> Iterator[CanvasState]:
    """Yield the initial noise, every step and the commit of each block, until a stop id or the token budget.

    Every state is a finished numpy value. Each `next` runs at most one forward pass (plus the prefill of a block's
    context before its noise), so closing the generator stops within one. The same settings and draft give
    the same states. evaluation: counts how often the steps wait for the device. draft: what stands on the canvases;
    partial_ids: tokens that are a part of a character only, which may not stand beside a pinned other part.
    Raises NotFiniteError when a step's numbers are not finite.
    """
    started = clock()
    key = mx.random.key(settings.seed)
    cache = model.make_cache()
    context = mx.array([list(prompt_ids)], dtype=mx.int32)
    remaining, block = settings.total_tokens, 0
    evaluation = evaluation or Evaluation()
    while True:
        cache = _extend_cache(model, context, cache)
        key, block_key = mx.random.split(key)
        drafted = block_draft(draft, block, settings.canvas_length, stop_ids, partial_ids)
        bars = drafted.bars(int(model.config.text_config.vocab_size), stop_ids, partial_ids)
        canvas = _BlockRun(
            model, cache, settings, stop_ids, block, remaining, started, clock, evaluation, drafted, bars
        )
        for state in canvas.states(block_key):
            yield state
        if state.finish is not None:
            return
        context = mx.array(state.canvas_ids[None])
        remaining -= state.answer_length
        block += 1
        # The freed buffers have the shapes of this block's context, which no later block has again.
        mx.clear_cache()


@dataclass
class _BlockRun:
    """One block: its context is in the cache, its canvas starts as noise, but for what the draft says of it."""

    model: nn.Module
    cache: list[Any]
    settings: Settings
    stop_ids: frozenset[int]
    block: int
    remaining: int
    started: float
    clock: Callable[[], float]
    evaluation: Evaluation
    draft: BlockDraft
    bars: tuple[Bar, ...]

    def states(self, key: mx.array) -> Iterator[CanvasState]:
        settings, draft = self.settings, self.draft
        reader = make_reader(self.model, self.evaluation, self.stop_ids)
        key, noise_key = mx.random.split(key)
        canvas = draft.canvas(draw_noise(settings.canvas_length, reader.vocab_size, noise_key))
        masks = self.model.diffusion_decoder_masks(canvas[None], self.cache, None)
        accepted = mx.array(draft.pinned)
        history: list[mx.array] = []
        soft_embedding = draft.conditioning(reader)
        state = self._noise_state(canvas, reader.vocab_size)
        yield state
        for step in range(1, settings.max_steps + 1):
            key, sample_key, noise_key = mx.random.split(key, 3)
            temperature = schedule_temperature(step, settings.max_steps, settings.t_min, settings.t_max)
            hidden = self.model.model.decoder(
                canvas[None],
                cache=self.cache,
                self_conditioning_embeddings=soft_embedding,
                decoder_attention_mask=masks,
            )
            readout = reader.read(hidden, temperature, settings.temperature, TOP_K, sample_key, self.bars)
            readout = draft.held(readout, reader)
            accepted, tokens = self._accept(readout, accepted, canvas, last_step=step == settings.max_steps)
            noise = draw_noise(settings.canvas_length, reader.vocab_size, noise_key)
            canvas = mx.where(accepted, tokens, noise)
            entropy_nats = readout.entropy_nats if draft.free is None else readout.entropy_nats[draft.free]
            settled = has_settled(
                history, readout.candidate_ids, settings.stability_steps, entropy_nats, settings.stop_entropy
            )
            # All at once; the soft embedding too, or it would keep the logits alive until the next step.
            self.evaluation.wait(canvas, accepted, settled, *vars(readout).values())
            state = self._step_state(canvas, accepted, readout, step, temperature)
            yield state
            if settings.sampler is Sampler.CONFIDENCE_THRESHOLD and state.accepted.all():
                break
            if settled.item() or draft.pinned.all():
                break
            history = [*history, readout.candidate_ids][-settings.stability_steps :]
            soft_embedding = readout.soft_embedding
        yield self._commit_state(state)

    def _accept(
        self, readout: Readout, accepted: mx.array, canvas: mx.array, last_step: bool
    ) -> tuple[mx.array, mx.array]:
        """Which positions are accepted (bool L) and their tokens (int32 L)."""
        if self.settings.sampler is Sampler.ENTROPY_BOUND:
            return accept_by_entropy(readout.entropy_nats, self.settings.entropy_bound), readout.token_ids
        now = accept_by_confidence(readout.token_probability, accepted, self.settings.accept_probability, last_step)
        return now, mx.where(accepted, canvas, readout.token_ids)

    def _noise_state(self, canvas: mx.array, vocab_size: int) -> CanvasState:
        ids = np.array(canvas)
        length = len(ids)
        return CanvasState(
            canvas_ids=ids,
            candidate_ids=ids,
            accepted=self.draft.standing,
            entropy_nats=np.where(self.draft.pinned, 0, np.log(vocab_size)).astype(np.float32),
            probability=np.where(self.draft.pinned, 1, 1 / vocab_size).astype(np.float32),
            top_ids=np.zeros((length, 0), dtype=np.int32),
            top_probabilities=np.zeros((length, 0), dtype=np.float32),
            block=self.block,
            step=0,
            max_steps=self.settings.max_steps,
            phase=Phase.NOISE,
            temperature=self.settings.t_max,
            elapsed_ms=self._elapsed_ms(),
            answer_length=self._answer_length(ids, self.draft.standing),
            pinned=self.draft.pinned,
        )

    def _step_state(
        self, canvas: mx.array, accepted: mx.array, readout: Readout, step: int, temperature: float
    ) -> CanvasState:
        canvas_ids, is_accepted = np.array(canvas), np.array(accepted)
        entropy_nats = np.array(readout.entropy_nats)
        if not np.isfinite(entropy_nats).all():
            raise NotFiniteError(
                f"Step {step} of block {self.block + 1} gave no finite numbers; the frames before it are kept."
            )
        top_ids, top_probabilities = worth_keeping(np.array(readout.top_ids), np.array(readout.top_probabilities))
        return CanvasState(
            canvas_ids=canvas_ids,
            candidate_ids=np.array(readout.candidate_ids),
            accepted=is_accepted,
            entropy_nats=entropy_nats,
            probability=np.array(readout.probability),
            top_ids=top_ids,
            top_probabilities=top_probabilities,
            ending=np.round(np.array(readout.ending), _DIGITS),
            block=self.block,
            step=step,
            max_steps=self.settings.max_steps,
            phase=Phase.STEP,
            temperature=temperature,
            elapsed_ms=self._elapsed_ms(),
            answer_length=self._answer_length(canvas_ids, is_accepted),
            pinned=self.draft.pinned,
        )

    def _commit_state(self, last: CanvasState) -> CanvasState:
        """The block's argmax canvas, which the encoder reads as context of the next."""
        everything = np.ones_like(last.accepted)
        answer_length = self._answer_length(last.candidate_ids, everything)
        next_id = last.candidate_ids[answer_length] if answer_length < len(last.candidate_ids) else None
        finish = None
        if next_id in self.stop_ids:
            finish = Finish.STOP_TOKEN
        elif answer_length == self.remaining:
            finish = Finish.BUDGET
        return replace(
            last,
            canvas_ids=last.candidate_ids,
            accepted=everything,
            phase=Phase.COMMIT,
            elapsed_ms=self._elapsed_ms(),
            answer_length=answer_length,
            finish=finish,
        )

    def _answer_length(self, ids: np.ndarray, accepted: np.ndarray) -> int:
        stops = np.flatnonzero(accepted & np.isin(ids, list(self.stop_ids)) & ~self.draft.before_held)
        return int(min(stops[0] if len(stops) else len(ids), self.remaining))

    def _elapsed_ms(self) -> float:
        return (self.clock() - self.started) * 1000


def worth_keeping(ids: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of candidates and their probabilities (both L×k) those that are recorded, as TOP_K says."""
    ranks = max(_KEPT, int((probabilities > _LIKELY).sum(axis=1).max()))
    ids, probabilities = ids[:, :ranks].copy(), probabilities[:, :ranks].copy()
    probabilities[:, _KEPT:] *= probabilities[:, _KEPT:] > _LIKELY
    probabilities[:, 1:] = np.minimum(np.round(probabilities[:, 1:], _DIGITS), probabilities[:, :1])
    gone = probabilities[:, _ALWAYS_KEPT:] == 0
    ids[:, _ALWAYS_KEPT:] = np.where(gone, ids[:, :1], ids[:, _ALWAYS_KEPT:])
    return ids, probabilities


def make_reader(model: nn.Module, evaluation: Evaluation, stop_ids: frozenset[int] = frozenset()) -> Reader:
    """The output side of a DiffusionGemma model as mlx-vlm loads it. Ids that end: these, and padding."""
    decoder, padding = model.model.decoder, getattr(model.config.text_config, "pad_token_id", None)
    return Reader(
        embedding=decoder.embed_tokens,
        embed_scale=decoder.embed_scale,
        softcap=float(model.final_logit_softcapping),
        vocab_size=int(model.config.text_config.vocab_size),
        ending_ids=tuple(sorted({*stop_ids, *([] if padding is None else [padding])})),
        tiling=present_tiling(),
        evaluation=evaluation,
    )


def _extend_cache(model: nn.Module, context: mx.array, cache: list[Any]) -> list[Any]:
    """The cache with the encoder's keys and values of `context` (1×N) appended, a chunk at a time."""
    cache = model.diffusion_prefill_cache(
        context,
        attention_mask=None,
        cache=cache,
        pixel_values=None,
        mm_token_type_ids=None,
        prefill_step_size=_PREFILL_CHUNK,
        chunk_prefill=context.shape[1] > _PREFILL_CHUNK,
    )
    mx.eval([layer.state for layer in cache])
    return cache
