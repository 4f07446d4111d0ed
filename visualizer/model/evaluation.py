"""MLX computes when it is told to: how often a run waits for that, and how often it goes on meanwhile, is counted."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx


@dataclass
class Evaluation:
    """waits: how often arrays were waited for, at half a millisecond each on Metal. handed_over: how often the device
    was given them without waiting."""

    waits: int = 0
    handed_over: int = 0

    def wait(self, *arrays: object) -> None:
        """Compute the arrays, or trees of arrays, and wait for them."""
        self.waits += 1
        mx.eval(*arrays)

    def hand_over(self, *arrays: object) -> None:
        """Have the device begin with them."""
        self.handed_over += 1
        mx.async_eval(*arrays)  # type: ignore[no-untyped-call]
