"""What a draft says of one block, as arrays, and how it holds the block's canvas and readout to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import mlx.core as mx
import numpy as np

from visualizer.draft import Draft
from visualizer.model.readout import Bar, Reader, Readout
from visualizer.trace import Flags, Ids, Reals


@dataclass(frozen=True, eq=False)
class BlockDraft:
    """A draft's share of a block of L positions.

    pinned, seeded: bool L. ids: int32 L, the tokens of those, elsewhere 0. before_held: bool L, the positions before
    the last pinned token of the answer, where nothing may end it. edges: bool L, the free positions beside a pinned
    part of a character, where another part would spoil it. top_ids, top_probabilities: L×k, what conditions the first
    step; of probability 0 where nothing does. k is 0 where the step is the first of a new run.
    """

    pinned: Flags
    seeded: Flags
    ids: Ids
    before_held: Flags
    edges: Flags
    top_ids: Ids
    top_probabilities: Reals

    @property
    def standing(self) -> Flags:
        """Positions (bool L) whose token is known before the first step."""
        return self.pinned | self.seeded

    @cached_property
    def free(self) -> mx.array | None:
        """The places (int32) that are not pinned, by which the stop rule goes; None for all."""
        return mx.array(np.flatnonzero(~self.pinned).astype(np.int32)) if self.pinned.any() else None

    def canvas(self, noise: mx.array) -> mx.array:
        """The canvas (int32 L) that the first step reads."""
        return mx.where(mx.array(self.standing), mx.array(self.ids), noise) if self.standing.any() else noise

    def conditioning(self, reader: Reader) -> mx.array | None:
        """The soft embedding (1×L×H) that conditions the first step; None for none."""
        if not self.top_ids.shape[1]:
            return None
        return reader.soft_embedding(mx.array(self.top_ids), mx.array(self.top_probabilities))

    def bars(self, vocab_size: int, stop_ids: frozenset[int], partial_ids: frozenset[int]) -> tuple[Bar, ...]:
        """The tokens that may not be chosen, and where."""
        barred = ((self.before_held & ~self.pinned, stop_ids), (self.edges, partial_ids))
        found = [(positions, np.isin(np.arange(vocab_size), list(ids))) for positions, ids in barred]
        return tuple(
            Bar(mx.array(positions), mx.array(ids)) for positions, ids in found if positions.any() and ids.any()
        )

    def held(self, readout: Readout, reader: Reader) -> Readout:
        """The readout with every pinned position certain of its token."""
        if not self.pinned.any():
            return readout
        pinned, ids = mx.array(self.pinned), mx.array(self.ids)
        certain = mx.array(np.where(self.pinned, np.float32(1), np.float32(0)))
        ends = np.isin(self.ids, reader.ending_ids).astype(np.float32)
        ranks, place = readout.top_ids.shape[1], pinned[:, None]
        sure = mx.array(np.eye(1, ranks, dtype=np.float32))
        one_hot = reader.soft_embedding(ids[:, None], certain[:, None]).astype(readout.soft_embedding.dtype)
        return replace(
            readout,
            candidate_ids=mx.where(pinned, ids, readout.candidate_ids),
            probability=mx.where(pinned, 1.0, readout.probability),
            entropy_nats=mx.where(pinned, 0.0, readout.entropy_nats),
            top_ids=mx.where(place, _led_by(ids, readout.top_ids), readout.top_ids),
            top_probabilities=mx.where(place, sure, readout.top_probabilities),
            ending=mx.where(pinned, mx.array(ends), readout.ending),
            token_ids=mx.where(pinned, ids, readout.token_ids),
            token_probability=mx.where(pinned, 1.0, readout.token_probability),
            soft_embedding=mx.where(place[None], one_hot, readout.soft_embedding),
        )


def block_draft(
    draft: Draft, block: int, length: int, stop_ids: frozenset[int], partial_ids: frozenset[int] = frozenset()
) -> BlockDraft:
    """The share of one block of that length. partial_ids: tokens that are a part of a character only."""
    first = block * length
    pinned, seeded = np.zeros(length, dtype=bool), np.zeros(length, dtype=bool)
    ids = np.zeros(length, dtype=np.int32)
    for flags, tokens in ((pinned, draft.pinned), (seeded, draft.seeded)):
        for position, token_id in tokens.items():
            if first <= position < first + length:
                flags[position - first], ids[position - first] = True, token_id
    told = {at - first: ranks for at, ranks in draft.conditioning.items() if first <= at < first + length}
    depth = max(map(len, told.values()), default=0)
    top_ids, top_probabilities = np.zeros((length, depth), np.int32), np.zeros((length, depth), np.float32)
    for place, ranks in told.items():
        for rank, (token_id, probability) in enumerate(ranks):
            top_ids[place, rank], top_probabilities[place, rank] = token_id, probability
    places = np.arange(first, first + length)
    before_held = places < draft.held_until(stop_ids)
    parts = [position for position, token_id in draft.pinned.items() if token_id in partial_ids]
    edges = np.isin(places, [at + side for at in parts for side in (-1, 1)]) & ~pinned
    return BlockDraft(pinned, seeded, ids, before_held, edges, top_ids, top_probabilities)


def _led_by(ids: mx.array, top_ids: mx.array) -> mx.array:
    """The most probable tokens (L×k) with the given ones before them; k stays, and none comes twice."""
    ranks = top_ids.shape[1]
    passed = mx.cumsum((top_ids == ids[:, None]).astype(mx.int32), axis=1)[:, : ranks - 1] > 0
    return mx.concatenate([ids[:, None], mx.where(passed, top_ids[:, 1:], top_ids[:, :-1])], axis=1)
