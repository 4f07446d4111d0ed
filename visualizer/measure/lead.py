"""Whether the scaffold of an answer settled before its content, as a number with its chance, and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visualizer.measure.scaffold import scaffold_of
from visualizer.trace import Part, Trace, Writing, settled_steps, trace_parts

Steps = npt.NDArray[np.int64]

LIKELY_CHANCE = 0.05
"""From this p on, a difference is no lead."""


@dataclass(frozen=True, eq=False)
class Lead:
    """When both groups settled (steps of their own block, in the order of the text), and what that amounts to.

    scaffold_at, content_at: the same as indices of the states. probability: that a random scaffold token settles before
    a random content token, ties counted half. p: two-sided, of the Mann–Whitney test. Both None where one of the groups
    is empty. typed: left to right, so that nothing but the place of a token says when it settles.
    """

    scaffold_steps: Steps
    content_steps: Steps
    scaffold_at: Steps
    content_at: Steps
    probability: float | None
    p: float | None
    typed: bool = False

    @property
    def sentence(self) -> str:
        """What the figures say, for the page."""
        if self.probability is None or self.p is None:
            group = "scaffold" if not len(self.scaffold_steps) else "content"
            return f"Scaffold first? Nothing to compare: this answer has no {group}."
        if self.typed:
            pairs = f"a scaffold token settles before a content token with probability {self.probability:.2f}"
            return f"Typed, so the order is that of the text: {pairs}, which follows from left to right alone."
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.{2 if self.p >= 0.095 else 1}g}"
        first, second, share = "scaffold", "content", self.probability
        if share < 0.5:
            first, second, share = second, first, 1 - share
        pairs = f"a {first} token settles before a {second} token with probability {share:.2f}"
        if self.p >= LIKELY_CHANCE:
            return f"Scaffold first? No lead: {pairs}, and chance alone would often give as much ({chance})."
        return f"{first.capitalize()} first: {pairs} (0.5 would be no order; {chance})."


def scaffold_first(trace: Trace) -> Lead:
    """Compare the scaffold of an answer with the rest of it. In neither group are blanks that are no scaffold, and what
    a draft held, which settled before the run."""
    none = np.zeros(0, dtype=np.int64)
    parts, steps, at = trace_parts(trace), ([none], [none]), ([none], [none])
    for block, is_scaffold in zip(trace.blocks, scaffold_of(trace), strict=True):
        settled = settled_steps(trace.states_of(block))
        first, has_text = trace.states[block.first].step, [cell.strip() != "" for cell in trace.shown_texts(block.last)]
        is_content = (parts[block.last] == Part.ANSWER) & np.array(has_text) & ~is_scaffold
        for group, is_either in enumerate((is_scaffold, is_content)):
            is_in = is_either & ~trace.states[block.last].pinned
            steps[group].append(settled[is_in])
            at[group].append(np.minimum(block.first + settled[is_in] - first, block.last))
    (scaffold, content), (scaffold_at, content_at) = (tuple(map(np.concatenate, pair)) for pair in (steps, at))
    typed = trace.info.writing is not Writing.DENOISED
    return Lead(scaffold, content, scaffold_at, content_at, *_compared(scaffold, content), typed)


def _compared(scaffold: Steps, content: Steps) -> tuple[float | None, float | None]:
    """The probability and its p."""
    if not len(scaffold) or not len(content):
        return None, None
    lead = content[None, :] - scaffold[:, None]
    probability = float((lead > 0).mean() + (lead == 0).mean() / 2)
    ties = np.unique(np.concatenate((scaffold, content)), return_counts=True)[1]
    return probability, _chance(probability, len(scaffold), len(content), ties)


def _chance(probability: float, first: int, second: int, ties: npt.NDArray[np.int64]) -> float:
    """The two-sided p of the Mann–Whitney test, by its normal approximation with continuity and ties corrected.

    What scipy.stats.mannwhitneyu gives, whose import would take longer than a page may. ties: how many share a step.
    """
    total = first + second
    spread = math.sqrt(first * second / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1))))
    distance = max(0.0, abs(probability - 0.5) * first * second - 0.5)
    return math.erfc(distance / spread / math.sqrt(2)) if spread else 1.0
