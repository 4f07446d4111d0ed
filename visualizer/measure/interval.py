"""A mean with an interval that respects how a study was made: prompts are drawn, and each is run from several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_DRAWS, _SEED = 5000, 0
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Interval:
    """A mean over prompts; low and high are None where there is one prompt only."""

    mean: float
    low: float | None
    high: float | None


def interval_over_prompts(values: Mapping[str, Sequence[float]]) -> Interval | None:
    """The mean of the prompts' own means, with its 95 % interval by bootstrap over prompts; None without any value.

    values: of every prompt, one a run. Runs of one prompt stay together: its seeds are no independent evidence.
    """
    means = np.array([np.mean(own) for own in values.values() if len(own)])
    if not len(means):
        return None
    if len(means) == 1:
        return Interval(float(means[0]), None, None)
    drawn = means[np.random.default_rng(_SEED).integers(0, len(means), (_DRAWS, len(means)))].mean(axis=1)
    low, high = np.percentile(drawn, (_LOW, _HIGH)).tolist()
    return Interval(float(means.mean()), low, high)
