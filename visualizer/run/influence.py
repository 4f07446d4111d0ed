"""What moves when a token is held: one step of a recording run twice, and no picture of attention.

Both times the step reads the canvas that it read in the recording, and is told the most probable tokens that the
recording kept of the step before, their probabilities brought to a sum of 1 (`SelfConditioning.TOP_K`). The second time
one token stands at its place, and is certain. So the run is one of a single step on a written canvas.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from visualizer.draft import Draft
from visualizer.errors import EngineError, SettingsError
from visualizer.run.engine import Engine
from visualizer.trace import Frame, Influence, Phase, Trace, Writing, go_on


def influence(engine: Engine, trace: Trace, index: int, place: int) -> Influence:
    """What would have moved in the step that led to a state, had a token that the state shows been held before it.

    place: of the answer, counted over all blocks, on the state's canvas. A commit stands for the step before it. Waits
    for the engine.
    Raises SettingsError for what cannot be asked, and whatever `Engine.run` does.
    """
    if trace.info.fingerprint != engine.card.fingerprint or trace.info.writing is not Writing.DENOISED:
        raise SettingsError(
            f"This run was not denoised by {engine.card.name}, the checkpoint in use, which would have to run the step "
            "once more."
        )
    if not 0 <= index < len(trace.states):
        raise SettingsError(f"The recording has the states 0 to {len(trace.states) - 1}, and not {index}.")
    if trace.states[index].phase is Phase.COMMIT:
        index -= 1
    state, block = trace.states[index], trace.blocks[trace.block_at(index)]
    if state.phase is Phase.NOISE:
        raise SettingsError("Nothing has been guessed yet on a canvas of noise: go to a step.")
    here = place - block.offset
    if not 0 <= here < block.length:
        raise SettingsError(f"There is no position {place + 1:,} on the canvas of this step.")
    if trace.states[index].pinned[here]:
        raise SettingsError("This token is held already.")
    token_id = int(state.shown_ids()[here])
    plain = _canvas(trace, index - 1)
    told = plain.conditioning and {**plain.conditioning, place: ((token_id, 1.0),)}
    held = replace(plain, seeded={**plain.seeded, place: token_id}, conditioning=told)
    without, with_it = (_step(engine, trace, index, draft) for draft in (plain, held))
    return Influence(
        index, here, token_id, without.state.candidate_ids, without.state.entropy_nats, with_it.state.candidate_ids,
        with_it.state.entropy_nats, trace.texts | without.texts | with_it.texts,
    )  # fmt: skip


def _canvas(trace: Trace, index: int) -> Draft:
    """All of the canvas that the step after a state reads, its noise too. What the run's own draft pinned stays so."""
    state, block = trace.states[index], trace.blocks[trace.block_at(index)]
    draft = go_on(trace, index)
    pinned = {place: token_id for place, token_id in draft.pinned.items() if place < block.offset}
    pinned |= trace.info.draft.pinned
    read = {block.offset + place: int(token_id) for place, token_id in enumerate(state.canvas_ids)}
    seeded = {place: token_id for place, token_id in read.items() if place not in pinned}
    return Draft(pinned, seeded, draft.conditioning)


def _step(engine: Engine, trace: Trace, index: int, draft: Draft) -> Frame:
    """The frame of the step that led to a state, run on a canvas, with the texts that its block has brought."""
    state = trace.states[index]
    once = trace.info.settings.changed(max_steps=1, t_min=state.temperature, t_max=state.temperature)
    texts: dict[int, str] = {}
    with closing(engine.run(trace.info.prompt, once, draft)) as frames:
        for frame in frames:
            texts |= frame.texts
            if frame.state.block == state.block and frame.state.phase is Phase.STEP:
                return replace(frame, texts=texts)
    raise EngineError("The model was stopped before it had run this step again.")
