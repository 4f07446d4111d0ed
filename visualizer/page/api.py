"""The endpoint `/denoise`: all that a click can do, for programs (`gradio_client`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr
import numpy as np

from visualizer.errors import VisualizerError
from visualizer.run import Engine
from visualizer.trace import CanvasState, CellState, Frame, cell_states

MASK = "░"


def denoise_endpoint(engine: Engine) -> Callable[..., Iterator[tuple[str, dict]]]:
    """The endpoint's function on one engine."""

    def denoise(
        prompt: str,
        max_tokens: int | None = None,
        canvas_length: int | None = None,
        max_steps: int | None = None,
        sampler: str | None = None,
        entropy_bound: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Iterator[tuple[str, dict]]:
        """Denoise a prompt and stream every step.

        Yields (text, step): the text as it stands, a masked position as ░, and the step's numbers (block, step,
        max_steps, phase, seconds, accepted, mean_entropy_nats, cells, seed, finish). The last text is the committed
        answer. A knob left out takes the checkpoint's default; sampler is "entropy-bound" or "confidence-threshold"; a
        seed left out is random.
        """
        try:
            settings = engine.card.defaults.changed(
                max_tokens=max_tokens, canvas_length=canvas_length, max_steps=max_steps, sampler=sampler,
                entropy_bound=entropy_bound, temperature=temperature, seed=seed,
            )  # fmt: skip
            committed, texts, before = "", {}, None
            for frame in engine.run(prompt, settings):
                texts |= frame.texts
                text = frame.answer if frame.answer is not None else committed + _draft_text(frame, texts)
                committed = frame.answer if frame.answer is not None else committed
                yield text, _numbers(before, frame.state) | {"seed": settings.seed}
                before = frame.state
        except VisualizerError as exc:
            raise gr.Error(str(exc), print_exception=False) from exc

    return denoise


def _draft_text(frame: Frame, texts: dict[int, str]) -> str:
    state = frame.state
    cells = (
        frame.overrides.get(position, texts[token_id]) if accepted else MASK
        for position, (token_id, accepted) in enumerate(
            zip(state.canvas_ids.tolist(), state.accepted.tolist(), strict=True)
        )
    )
    return "".join(list(cells)[: state.answer_length])


def _numbers(before: CanvasState | None, state: CanvasState) -> dict[str, object]:
    return {
        "block": state.block,
        "step": state.step,
        "max_steps": state.max_steps,
        "phase": state.phase.value,
        "seconds": round(state.elapsed_ms / 1000, 3),
        "accepted": int(np.count_nonzero(state.accepted)),
        "mean_entropy_nats": state.mean_entropy_nats,
        "cells": [CellState(code).name.lower() for code in cell_states(before, state)],
        "finish": state.finish.value if state.finish else None,
    }
