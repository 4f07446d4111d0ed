"""Reads the vocabulary a few positions at a time.

The logits of a whole canvas are the memory of a step (256 × 262,144 for the real checkpoint). Everything that a step
needs of them is reduced in chunks of positions, so that the full array never exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import mlx.nn as nn

_CHUNK_BYTES = 16 * 2**20
"""Float32 logits of one chunk; a chunk's working set is about four times that."""


@dataclass(frozen=True)
class Readout:
    """What one step reads from its logits, per position.

    candidate_ids, token_ids: int32 L, the most probable and the chosen token. probability, token_probability,
    entropy_nats: float32 L. top_ids, top_probabilities: L×k. soft_embedding: 1×L×H, the expected embedding under
    the distribution, scaled as the model scales its embeddings.
    """

    candidate_ids: mx.array
    probability: mx.array
    entropy_nats: mx.array
    top_ids: mx.array
    top_probabilities: mx.array
    token_ids: mx.array
    token_probability: mx.array
    soft_embedding: mx.array


@dataclass(frozen=True)
class Reader:
    """The output side of a model: tied embedding (plain or quantized), its scale and the logit softcap."""

    embedding: nn.Module
    embed_scale: float
    softcap: float
    vocab_size: int

    def read(
        self, hidden: mx.array, temperature: float, sample_temperature: float, top_k: int, key: mx.array
    ) -> Readout:
        """Reduce the logits of `hidden` (1×L×H), divided by `temperature`, to a Readout.

        sample_temperature: 0 chooses the candidate; above 0 the tempered distribution is tempered once more and
        sampled with `key`. (transformers' reference always samples at 1; mlx-vlm takes the argmax at 0.)
        """
        rows = max(1, _CHUNK_BYTES // (4 * self.vocab_size))
        length = hidden.shape[1]
        parts = []
        for start in range(0, length, rows):
            key, chunk_key = mx.random.split(key)
            part = self._read_chunk(hidden[0, start : start + rows], temperature, sample_temperature, top_k, chunk_key)
            mx.eval(part)
            parts.append(part)
        columns = [mx.concatenate(column) if len(parts) > 1 else column[0] for column in zip(*parts, strict=True)]
        *values, soft = columns
        return Readout(*values, soft_embedding=soft[None])

    def _read_chunk(
        self, hidden: mx.array, temperature: float, sample_temperature: float, top_k: int, key: mx.array
    ) -> tuple[mx.array, ...]:
        raw = self.embedding.as_linear(hidden).astype(mx.float32)
        logits = mx.tanh(raw / self.softcap) * (self.softcap / temperature)
        normalizer = mx.logsumexp(logits, axis=-1, keepdims=True)
        probabilities = mx.exp(logits - normalizer)
        entropy = normalizer[:, 0] - mx.sum(probabilities * logits, axis=-1)
        top_ids = _largest(probabilities, top_k)
        top = mx.take_along_axis(probabilities, top_ids, axis=-1)
        candidates = top_ids[:, 0]
        tokens = mx.random.categorical(logits / sample_temperature, key=key) if sample_temperature > 0 else candidates
        tokens = tokens.astype(mx.int32)
        token_probability = mx.take_along_axis(probabilities, tokens[:, None], axis=-1)[:, 0]
        soft = self._expected_embedding(probabilities.astype(hidden.dtype)) * self.embed_scale
        return candidates, top[:, 0], mx.maximum(entropy, 0.0), top_ids, top, tokens, token_probability, soft

    def _expected_embedding(self, probabilities: mx.array) -> mx.array:
        table = self.embedding
        if not isinstance(table, nn.QuantizedEmbedding):
            return probabilities.astype(table.weight.dtype) @ table.weight
        return mx.quantized_matmul(
            probabilities, table.weight, scales=table.scales, biases=table.biases, transpose=False,
            group_size=table.group_size, bits=table.bits, mode=getattr(table, "mode", "affine"),
        )  # fmt: skip


def _largest(values: mx.array, count: int) -> mx.array:
    """Ids (int32 N×count) of the largest values of each row, largest first.

    Repeated argmax: for a handful out of 262,144 cheaper than sorting, and exact about ties (the lowest id first).
    """
    ids = mx.arange(values.shape[-1])
    found = []
    for _ in range(count):
        best = mx.argmax(values, axis=-1, keepdims=True)
        found.append(best)
        values = mx.where(ids == best, -1.0, values)
    return mx.concatenate(found, axis=-1).astype(mx.int32)
