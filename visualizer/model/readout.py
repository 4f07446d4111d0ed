"""Reads the vocabulary a few thousand ids at a time.

The logits of a whole canvas are the memory of a step (256 × 262,144 for the real checkpoint). Everything that a step
needs of them is reduced tile by tile along the vocabulary, so that the full array never exists. A few positions at a
time would save the same memory, but would read the whole embedding table anew for every few positions; along the
vocabulary each row is fetched and dequantized once a step, for the logits and for the expected embedding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import mlx.core as mx
import mlx.nn as nn

from visualizer.model.device import Tiling
from visualizer.model.evaluation import Evaluation

_LOGITS_ALIVE, _LOGITS_ALIVE_FUSED = 7, 4
"""Float32 arrays of the tile's shape that are alive at once: one pass after the other, and compiled into one."""
_CHUNK = 32
"""Logits of a row of which only the largest is looked at first."""
_BARRED = -1e9
"""A logit of no probability; finite, since 0 times an infinite one is no number."""


@dataclass(frozen=True)
class Readout:
    """What one step reads from its logits, per position.

    candidate_ids, token_ids: int32 L, the most probable and the chosen token. probability, token_probability,
    entropy_nats: float32 L. top_ids, top_probabilities: L×k. ending: float32 L, the probability of the reader's ending
    ids together. soft_embedding: 1×L×H, the expected embedding under the distribution, scaled as the model scales its
    embeddings.
    """

    candidate_ids: mx.array
    probability: mx.array
    entropy_nats: mx.array
    top_ids: mx.array
    top_probabilities: mx.array
    ending: mx.array
    token_ids: mx.array
    token_probability: mx.array
    soft_embedding: mx.array


class Bar(NamedTuple):
    """Tokens that cannot be chosen, and where. positions: bool L; ids: bool V."""

    positions: mx.array
    ids: mx.array


class _Tally(NamedTuple):
    """What is known of L positions after some of the ids, all float32 or int32 with L rows.

    peak (L×1): the largest logit. mass, slope (L×1): sums of exp(logit - peak) and of the same times (logit - peak);
    ending (L×1): the first of these over the ending ids.
    soft (L×H): embeddings weighted by exp(logit - peak). top_ids, top_logits (L×k): the largest, largest first.
    token_ids, token_logits, token_scores (L×1): the chosen token and the score that it was chosen by.
    """

    peak: mx.array
    mass: mx.array
    slope: mx.array
    ending: mx.array
    soft: mx.array
    top_ids: mx.array
    top_logits: mx.array
    token_ids: mx.array
    token_logits: mx.array
    token_scores: mx.array


@dataclass(frozen=True)
class Reader:
    """The output side of a model: tied embedding (plain or quantized), its scale and the logit softcap; and how the
    device wants it read. ending_ids: those that end an answer or pad it."""

    embedding: nn.Module
    embed_scale: float
    softcap: float
    vocab_size: int
    tiling: Tiling = field(default_factory=Tiling)
    evaluation: Evaluation = field(default_factory=Evaluation)
    ending_ids: tuple[int, ...] = ()

    def read(
        self, hidden: mx.array, temperature: float, sample_temperature: float, top_k: int, key: mx.array,
        bars: tuple[Bar, ...] = (),
    ) -> Readout:  # fmt: skip
        """Reduce the logits of `hidden` (1×L×H), divided by `temperature`, to a Readout.

        sample_temperature: 0 chooses the candidate; above 0 the tempered distribution is tempered once more and
        sampled with `key`. transformers' reference always samples, at 1, which lets unlikely tokens onto the canvas;
        mlx-vlm takes the argmax at 0, and so do we unless the checkpoint or the visitor asks for sampling: what is
        accepted is then what is shown as the best guess. bars: tokens that have no probability at some positions.
        """
        tally = self._read_all(hidden, temperature, sample_temperature, top_k, key, bars)
        probabilities = mx.exp(tally.top_logits - tally.peak) / tally.mass
        entropy = mx.log(tally.mass) - tally.slope / tally.mass
        return Readout(
            candidate_ids=tally.top_ids[:, 0],
            probability=probabilities[:, 0],
            entropy_nats=mx.maximum(entropy[:, 0], 0.0),
            top_ids=tally.top_ids,
            top_probabilities=probabilities,
            ending=(tally.ending / tally.mass)[:, 0],
            token_ids=tally.token_ids[:, 0],
            token_probability=(mx.exp(tally.token_logits - tally.peak) / tally.mass)[:, 0],
            soft_embedding=(tally.soft / tally.mass * self.embed_scale).astype(hidden.dtype)[None],
        )

    def soft_embedding(self, ids: mx.array, probabilities: mx.array) -> mx.array:
        """The expected embedding (float32 1×L×H) of tokens L×k with their probabilities, as `Readout` has it."""
        weighted = self.embedding(ids).astype(mx.float32) * probabilities[..., None]
        return (mx.sum(weighted, axis=1) * self.embed_scale)[None]

    def _read_all(
        self, hidden: mx.array, temperature: float, sample_temperature: float, top_k: int, key: mx.array,
        bars: tuple[Bar, ...],
    ) -> _Tally:  # fmt: skip
        """The tally of the whole vocabulary; its last tile is left to the caller's own evaluation."""
        before: _Tally | None = None
        tally: _Tally | None = None
        for number, tile in enumerate(self._tiles(hidden)):
            if tally is not None:
                self._hand_over(number, before, tally)
            key, tile_key = mx.random.split(key)
            part = self._read_tile(hidden[0], tile, temperature, sample_temperature, top_k, tile_key, bars)
            before, tally = tally, part if tally is None else _merge(tally, part, top_k)
        assert tally is not None, "a vocabulary is never empty"
        return tally

    def _hand_over(self, number: int, before: _Tally | None, tally: _Tally) -> None:
        """Have the device compute the tally of `number` tiles, so that their logits are let go of."""
        if self.tiling.in_flight == 1:
            self.evaluation.wait(tally)
            return
        self.evaluation.hand_over(tally)
        if before is not None and number % (self.tiling.in_flight - 1) == 0:
            self.evaluation.wait(before)  # Waits while the device is busy with the tile after it.

    def _tiles(self, hidden: mx.array) -> Iterator[slice]:
        ids_per_tile = self._ids_per_tile(hidden)
        for start in range(0, self.vocab_size, ids_per_tile):
            yield slice(start, min(start + ids_per_tile, self.vocab_size))

    def _ids_per_tile(self, hidden: mx.array) -> int:
        _, length, width = hidden.shape
        alive = _LOGITS_ALIVE_FUSED if self.tiling.fused else _LOGITS_ALIVE
        bytes_per_id = 4 * length * alive + hidden.dtype.size * width
        return max(1, self.tiling.tile_bytes // bytes_per_id)

    def _read_tile(
        self, hidden: mx.array, tile: slice, temperature: float, sample_temperature: float, top_k: int, key: mx.array,
        bars: tuple[Bar, ...],
    ) -> _Tally:  # fmt: skip
        # Embeddings, plain and quantized, index their arrays with what they are called with: a slice copies nothing.
        table = self.embedding(tile).astype(hidden.dtype)
        cap, weigh = (_cap_fused, _weigh_fused) if self.tiling.fused else (_cap, _weigh)
        logits = cap(hidden @ table.T, mx.array(self.softcap), mx.array(self.softcap / temperature))
        for bar in bars:
            logits = mx.where(bar.positions[:, None] & bar.ids[tile], _BARRED, logits)
        top_ids, top_logits = _largest(logits, min(top_k, table.shape[0]))
        chosen = top_ids[:, :1]
        scores = logits
        if sample_temperature > 0:
            # The largest of logits with Gumbel noise is a sample; unlike a categorical one it can be taken in parts.
            scores = logits / sample_temperature + mx.random.gumbel(logits.shape, key=key)
            chosen = mx.argmax(scores, axis=-1, keepdims=True).astype(mx.int32)
        peak = top_logits[:, :1]
        weights, slopes = weigh(logits, peak)
        ending = [number - tile.start for number in self.ending_ids if tile.start <= number < tile.stop]
        return _Tally(
            peak=peak,
            mass=mx.sum(weights, axis=-1, keepdims=True),
            slope=mx.sum(slopes, axis=-1, keepdims=True),
            ending=mx.sum(weights[:, mx.array(ending, dtype=mx.int32)], axis=-1, keepdims=True),
            soft=(weights.astype(table.dtype) @ table).astype(mx.float32),
            top_ids=top_ids + tile.start,
            top_logits=top_logits,
            token_ids=chosen + tile.start,
            token_logits=mx.take_along_axis(logits, chosen, axis=-1),
            token_scores=mx.take_along_axis(scores, chosen, axis=-1),
        )


def _cap(raw: mx.array, softcap: mx.array, scale: mx.array) -> mx.array:
    """Logits (float32) bounded by the softcap and tempered. Scalars are arrays: a number would be compiled in."""
    return mx.tanh(raw.astype(mx.float32) / softcap) * scale


def _weigh(logits: mx.array, peak: mx.array) -> tuple[mx.array, mx.array]:
    """exp(logit - peak), and the same times (logit - peak)."""
    below = logits - peak
    weights = mx.exp(below)
    return weights, weights * below


_cap_fused, _weigh_fused = mx.compile(_cap), mx.compile(_weigh)


def _merge(one: _Tally, other: _Tally, top_k: int) -> _Tally:
    """The tally of two sets of ids, those of `one` lower than those of `other`."""
    peak = mx.maximum(one.peak, other.peak)
    fall, other_fall = one.peak - peak, other.peak - peak
    share, other_share = mx.exp(fall), mx.exp(other_fall)
    logits = mx.concatenate([one.top_logits, other.top_logits], axis=-1)
    order, top_logits = _largest(logits, min(top_k, logits.shape[1]))
    ids = mx.concatenate([one.top_ids, other.top_ids], axis=-1)
    ahead = other.token_scores > one.token_scores
    return _Tally(
        peak=peak,
        mass=one.mass * share + other.mass * other_share,
        slope=(one.slope + one.mass * fall) * share + (other.slope + other.mass * other_fall) * other_share,
        ending=one.ending * share + other.ending * other_share,
        soft=one.soft * share + other.soft * other_share,
        top_ids=mx.take_along_axis(ids, order, axis=-1),
        top_logits=top_logits,
        token_ids=mx.where(ahead, other.token_ids, one.token_ids),
        token_logits=mx.where(ahead, other.token_logits, one.token_logits),
        token_scores=mx.where(ahead, other.token_scores, one.token_scores),
    )


def _largest(values: mx.array, count: int) -> tuple[mx.array, mx.array]:
    """Places (int32 N×count) of the largest values of each row, and those values, largest first.

    Of equal values the first comes first where they are the largest; which of others are left out is left open. A row
    is read once, for the largest of every chunk; the `count` best chunks, in their order, hold all that is looked for.
    """
    rows, width = values.shape
    chunks = width // _CHUNK
    places = None
    if chunks > 2 * count:
        whole = chunks * _CHUNK
        best = mx.sort(_foremost(mx.max(values[:, :whole].reshape(rows, chunks, _CHUNK), axis=-1), count), axis=-1)
        inside = (best[:, :, None] * _CHUNK + mx.arange(_CHUNK)).reshape(rows, count * _CHUNK)
        left_over = mx.broadcast_to(mx.arange(whole, width), (rows, width - whole))
        places = mx.concatenate([inside, left_over], axis=-1)
        values = mx.take_along_axis(values, places, axis=-1)
    found = _foremost(values, count)
    largest = mx.take_along_axis(values, found, axis=-1)
    return (found if places is None else mx.take_along_axis(places, found, axis=-1)).astype(mx.int32), largest


def _foremost(values: mx.array, count: int) -> mx.array:
    """Places (N×count) of the largest values of each row, largest first, the first of the largest before its equals."""
    first = mx.argmax(values, axis=-1, keepdims=True)
    led = mx.put_along_axis(values, first, mx.array(mx.inf), axis=-1)  # partitions and sorts keep no order of equals
    found = mx.argpartition(-led, count - 1, axis=-1)[:, :count]
    return mx.take_along_axis(found, mx.argsort(-mx.take_along_axis(led, found, axis=-1), axis=-1), axis=-1)
