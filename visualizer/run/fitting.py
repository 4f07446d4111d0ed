"""How long the blanks of a template are that may be shorter: told by one step for every length.

A canvas has no place for "as many tokens as it takes": every position has a token. But a step also judges what stands
on its canvas already. So the text of the template is seeded with the blank in each of its lengths, and not pinned, and
the length stays at which the step gives that text the highest probability: where the blank is too long or too short,
the model holds what follows for noise.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np

from visualizer.draft import Draft
from visualizer.run.child import Loading
from visualizer.run.engine import Engine
from visualizer.run.loading import run_telling
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Phase

_LEAST = 1e-4
"""The probability of what is not among the candidates that are kept."""


def fitted(
    engine: Engine, prompt: str, settings: Settings, draft: Draft, tell: Callable[[Loading], None],
    trying: Callable[[int, int], bool],
) -> Draft:  # fmt: skip
    """The draft with lengths for all that is loose in it, one after the other from the left.

    tell: how far loading is. trying: told before each trial which one it is, of how many; False ends the matter.
    Raises what `Engine.run` does.
    """
    trials, done, lengths = sum(most for _, most in draft.loose), 0, []
    while draft.loose:
        likelihoods = []
        for length in range(1, draft.loose[0][1] + 1):
            done += 1
            if not trying(done, trials):
                return draft
            likelihoods.append(_likelihood(engine, prompt, settings, draft.tightened(length), draft.loose[0][0], tell))
        lengths.append(1 + int(np.argmax(likelihoods)))
        draft = draft.tightened(lengths[-1])
    told = " and ".join(map(str, lengths))
    return replace(draft, origin=f"{draft.origin}; blanks found to be of {told} tokens"[:200]) if lengths else draft


def _likelihood(
    engine: Engine, prompt: str, settings: Settings, draft: Draft, place: int, tell: Callable[[Loading], None]
) -> float:
    """The mean log probability of the draft's text on the canvas of a place, by the canvas's first step. What follows
    the next loose blank is left out, since nobody knows yet where it stands."""
    block, length = place // settings.canvas_length, settings.canvas_length
    end = min([(block + 1) * length, *(start for start, _ in draft.loose)])
    before = {at: token_id for at, token_id in draft.pinned.items() if at < block * length}
    here = {at: token_id for at, token_id in draft.pinned.items() if block * length <= at < end}
    once = settings.changed(max_steps=1)
    with closing(run_telling(engine, prompt, once, tell, Draft(before, here))) as frames:
        states = (frame.state for frame in frames)
        state = next((one for one in states if one.block == block and one.phase is Phase.STEP), None)
    return -np.inf if state is None or not here else _mean_log(state, [at % length for at in here], [*here.values()])


def _mean_log(state: CanvasState, places: list[int], ids: list[int]) -> float:
    found = state.top_ids[places] == np.array(ids)[:, None]
    probabilities = (state.top_probabilities[places] * found).sum(axis=1)
    return float(np.log(np.maximum(probabilities, _LEAST)).mean())
