"""One run in the process that owns MLX, as frames: each state with the texts to draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from visualizer.draft import NO_DRAFT, Draft
from visualizer.model import Checkpoint
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Frame, Phase, Writing


def frames(checkpoint: Checkpoint, prompt: str, settings: Settings, draft: Draft = NO_DRAFT) -> Iterator[Frame]:
    """The frames of one run in this process. draft: what stands on its canvases; a checkpoint that types takes none.

    Raises SettingsError when the prompt does not fit the context.
    """
    import mlx.core as mx

    ids = checkpoint.prompt_ids(prompt, settings)
    try:
        yield from frames_of(checkpoint, settings, _states(checkpoint, ids, settings, draft))
    finally:
        mx.clear_cache()  # The freed buffers have this run's shapes, which no other has.


def _states(
    checkpoint: Checkpoint, prompt_ids: Sequence[int], settings: Settings, draft: Draft
) -> Iterator[CanvasState]:
    """The states of one run, as the checkpoint writes."""
    model, stop_ids = checkpoint.model, checkpoint.card.stop_ids
    if checkpoint.card.writing is Writing.TYPED:
        from visualizer.model.typewriter import type_out

        return type_out(model, prompt_ids, settings, stop_ids, blank_id=min(checkpoint.special_ids(), default=0))
    from visualizer.model.denoise import denoise

    partial_ids = checkpoint.partial_ids() if draft.pinned else frozenset()
    return denoise(model, prompt_ids, settings, stop_ids, draft=draft, partial_ids=partial_ids)


def frames_of(checkpoint: Checkpoint, settings: Settings, states: Iterable[CanvasState]) -> Iterator[Frame]:
    """The states of one run, each with the texts to draw it; on commits the answer and the thought up to there."""
    texts = checkpoint.token_texts()
    special = checkpoint.special_ids()
    known: set[int] = set()
    written = checkpoint.open_channel(settings)
    begins_in_thought = bool(written)
    for state in states:
        shown = state.shown_ids().tolist()
        fresh = state.token_ids() - known
        known |= fresh
        cells = texts.cells(shown)
        answer = thought = None
        if state.phase is Phase.COMMIT:
            written += state.canvas_ids[: state.answer_length].tolist()
            answer, thought = checkpoint.answer_and_thought(written)
        yield Frame(
            state=state,
            texts={token_id: texts.alone(token_id) for token_id in sorted(fresh)},
            special=special & fresh,
            overrides={
                position: cell
                for position, (token_id, cell) in enumerate(zip(shown, cells, strict=True))
                if cell != texts.alone(token_id)
            },
            answer=answer,
            thought=thought,
            begins_in_thought=begins_in_thought,
        )
