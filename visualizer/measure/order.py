"""In which order a run committed its tokens, as figures that say what they count.

The commit step of a position is the first step at which it is accepted, whatever becomes of it. Only content counts:
the tokens of the answer that the model wrote, without special tokens, thoughts, what a draft pinned, and the tail,
whose early end would make any order look backwards. Pairs are pairs of one block; the loop writes blocks one after the
other, which says nothing of the model. Tokens of one step have no order among themselves.

See: arXiv 2606.14620 (commit steps, Kendall's tau-b, bins, control), 2506.20639 §4.1 (local and global AR-ness@k).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from visualizer.measure.lead import scaffold_first
from visualizer.trace import Part, Phase, Trace, reverted, trace_parts

Ints = npt.NDArray[np.int64]
Readings = tuple[float, float]
"""With the tokens of each step taken from right to left, and from left to right."""

BIN_SIZES = (4, 8, 16, 32, 64)
AR_SPANS = (1, 2, 4)
_CONTROL_SIZE = 16


@dataclass(frozen=True)
class Order:
    """The order of a run.

    tokens: of content that were committed; steps: of all blocks. tau: tie-aware Kendall's tau-b of commit step and
    position, 1 left to right, 0 no order; None where there is no pair, or every pair is tied. bin_taus: the same of
    bins of so many positions, in the order of BIN_SIZES, each committed with its first token. control: what strict
    blocks of 16 positions would score on the same content. same_step_share: of pairs. unaccepts: how often a position
    of the canvas that was accepted became noise again; content_unaccepts: those of content. entropy_nats: mean at the
    commit step. local, global_: AR-ness@k in the order of AR_SPANS. scaffold_first: `Lead.probability`.
    """

    tokens: int
    steps: int
    tau: float | None
    bin_taus: tuple[float | None, ...]
    control: float | None
    same_step_share: float | None
    unaccepts: int
    content_unaccepts: int
    entropy_nats: float | None
    local: tuple[Readings | None, ...]
    global_: tuple[Readings | None, ...]
    scaffold_first: float | None

    @property
    def tokens_a_step(self) -> float | None:
        """Content tokens over steps."""
        return self.tokens / self.steps if self.steps else None


@dataclass(frozen=True)
class Figure:
    """A measure in words: its value, its name, and in one sentence what it counts."""

    value: str
    name: str
    about: str


@dataclass(frozen=True, eq=False)
class _Content:
    """The content of one block: where its tokens stand, ascending, and when each was committed (int N both)."""

    positions: Ints
    steps: Ints
    entropy_nats: npt.NDArray[np.float32]


def commit_steps(trace: Trace) -> tuple[Ints, ...]:
    """The first step at which each position is accepted (int L), one array per block.

    What comes only with the commit has one step more than the last; 0 where it is noise to the end of a stopped run.
    """
    found = []
    for block in trace.blocks:
        states = trace.states_of(block)
        end = states[-1]
        steps = np.where(end.accepted & (end.phase is Phase.COMMIT), end.step + 1, 0)
        for state in reversed([state for state in states if state.phase is Phase.STEP]):
            steps[state.accepted] = state.step
        found.append(steps)
    return tuple(found)


def order_of(trace: Trace) -> Order:
    """Measure a run; of one that was stopped, what it has committed."""
    contents = _contents(trace)
    tokens = sum(len(content.positions) for content in contents)
    places, steps = [content.positions for content in contents], [content.steps for content in contents]
    pairs = sum(math.comb(len(content.steps), 2) for content in contents)
    unaccepts, content_unaccepts = _unaccepts(trace, contents)
    entropies = np.concatenate([content.entropy_nats for content in contents] or [np.zeros(0, dtype=np.float32)])
    return Order(
        tokens=tokens,
        steps=sum(state.phase is Phase.STEP for state in trace.states),
        tau=tau_b(steps, places),
        bin_taus=tuple(_binned_tau(contents, size) for size in BIN_SIZES),
        control=tau_b([place // _CONTROL_SIZE for place in places], places),
        same_step_share=sum(_tied(step) for step in steps) / pairs if pairs else None,
        unaccepts=unaccepts,
        content_unaccepts=content_unaccepts,
        entropy_nats=float(entropies.mean()) if len(entropies) else None,
        local=tuple(_readings(contents, _local_hits, span) for span in AR_SPANS),
        global_=tuple(_readings(contents, _global_hits, span) for span in AR_SPANS),
        scaffold_first=scaffold_first(trace).probability,
    )


def tau_b(steps: list[Ints], positions: list[Ints]) -> float | None:
    """Kendall's tau-b over the pairs of each group, ties in either counted as scipy.stats.kendalltau counts them.

    Its own, since importing scipy.stats would take longer than a page may. None where every pair is tied.
    """
    concordance, untied_steps, untied_positions = 0, 0, 0
    for step, position in zip(steps, positions, strict=True):
        later, right = (np.sign(values[None, :] - values[:, None]).astype(np.int8) for values in (step, position))
        concordance += int((later * right).sum(dtype=np.int64)) // 2
        untied_steps += int(np.count_nonzero(later)) // 2
        untied_positions += int(np.count_nonzero(right)) // 2
    spread = math.sqrt(untied_steps * untied_positions)
    return concordance / spread if spread else None


def order_figures(order: Order) -> tuple[Figure, ...]:
    """The measures of a run in words, for the page."""
    bins = {size: tau for size, tau in zip(BIN_SIZES, order.bin_taus, strict=True) if tau is not None}
    return (
        Figure(_number(order.tau), "left to right (Kendall’s τ-b)",
               "Of the step at which a token of the answer was first accepted, and its position: 1 is left to right, 0 "
               "no order, −1 right to left; ties taken into account. DiffusionGemma: 0.43 to 0.60 in prose, code and "
               "mathematics, −0.04 in JSON (arXiv 2606.14620)."),
        Figure(_number(order.control), "τ-b if blocks of 16 came in turn",
               "What the same answer would score if every 16 positions were accepted at once, group after group."),
        Figure(" · ".join(map(_number, bins.values())) or "–",
               f"τ-b of bins of {', '.join(map(str, bins or BIN_SIZES))}",
               "The same of groups of so many positions, each accepted with its first token: it rises with their size "
               "where the order is coarse."),
        Figure(_share(order.same_step_share), "of pairs came at the same step",
               "Pairs of tokens of the answer that were first accepted together: of their order nothing can be said."),
        Figure(_range(order.local[0]), "right behind the one before (local AR-ness@1)",
               "Tokens that stand one position behind the token accepted before them; 1 is one after the other (arXiv "
               "2506.20639). Two figures: with the tokens of each step read right to left, and left to right."),
        Figure(_range(order.global_[0]), "leftmost of what was open (global AR-ness@1)",
               "Tokens accepted at the first position that was not yet; 1 is left to right (arXiv 2506.20639). Two "
               "figures, as before."),
        Figure(str(order.unaccepts), "times taken back",
               f"An accepted position became noise again; {order.content_unaccepts} of these in the answer, the others "
               "in what is no text of it. DiffusionGemma: 7.5 a run, median 2 (arXiv 2606.14620)."),
        Figure("–" if order.entropy_nats is None else f"{order.entropy_nats:.2g} nats", "entropy when accepted",
               "Mean over the tokens of the answer, at the step of their first acceptance. DiffusionGemma: 0.002 to "
               "0.012 (arXiv 2606.14620)."),
    )  # fmt: skip


def _contents(trace: Trace) -> list[_Content]:
    parts, found = trace_parts(trace), []
    for block, steps in zip(trace.blocks, commit_steps(trace), strict=True):
        is_written = (parts[block.last] == Part.ANSWER) & ~trace.states[block.last].pinned
        positions = np.flatnonzero(is_written & (steps > 0))
        entropy = {state.step: state.entropy_nats for state in trace.states_of(block) if state.phase is Phase.STEP}
        known = [entropy[steps[place]][place] for place in positions.tolist() if steps[place] in entropy]
        found.append(_Content(positions, steps[positions], np.array(known, dtype=np.float32)))
    return found


def _unaccepts(trace: Trace, contents: list[_Content]) -> tuple[int, int]:
    """Of all positions, and of content."""
    every = content = 0
    for block, own in zip(trace.blocks, contents, strict=True):
        for before, state in pairwise(trace.states_of(block)):
            back = reverted(before, state)
            every += int(back.sum())
            content += int(back[own.positions].sum())
    return every, content


def _binned_tau(contents: list[_Content], size: int) -> float | None:
    bins = [np.unique(content.positions // size, return_index=True) for content in contents]
    earliest = [
        np.minimum.reduceat(content.steps, firsts) if len(firsts) else content.steps
        for content, (_, firsts) in zip(contents, bins, strict=True)
    ]
    return tau_b(earliest, [numbers for numbers, _ in bins])


def _tied(steps: Ints) -> int:
    """How many pairs have the same step."""
    counts = np.unique(steps, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _readings(
    contents: list[_Content], hits_of: Callable[[Ints, int], npt.NDArray[np.bool_]], span: int
) -> Readings | None:
    """The share of hits, with each step read from right to left and from left to right; None where nothing counts."""
    shares = []
    for direction in (-1, 1):
        hits = []
        for content in contents:
            ranks = np.arange(len(content.steps))  # among content: a special token between two parts no neighbours
            hits.append(hits_of(ranks[np.lexsort((direction * ranks, content.steps))], span))
        every = np.concatenate(hits or [np.zeros(0, dtype=bool)])
        if not len(every):
            return None
        shares.append(float(every.mean()))
    return shares[0], shares[1]


def _local_hits(order: Ints, span: int) -> npt.NDArray[np.bool_]:
    """Whether a token and the `span` before it stand one after the other (bool N - span)."""
    follows = np.diff(order) == 1
    if len(follows) < span:
        return np.zeros(0, dtype=bool)
    hits: npt.NDArray[np.bool_] = np.convolve(follows, np.ones(span, dtype=np.int64), "valid") == span
    return hits


def _global_hits(order: Ints, span: int) -> npt.NDArray[np.bool_]:
    """Whether a token takes one of the first `span` places that are open (bool N)."""
    taken = np.tril(order[None, :] < order[:, None], -1).sum(axis=1)
    hits: npt.NDArray[np.bool_] = order - taken < span
    return hits


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}".replace("%", " %")


def _range(readings: Readings | None) -> str:
    if readings is None:
        return "–"
    low, high = map(_number, readings)
    return low if low == high else f"{low}–{high}"
