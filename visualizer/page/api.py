"""The endpoint `/denoise`: all that a click can do, for programs (`gradio_client`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict

import gradio as gr
import numpy as np

from visualizer.errors import VisualizerError
from visualizer.request import Request
from visualizer.run import News, Run, Runs
from visualizer.trace import CanvasState, CellState, Frame, cell_states

MASK = "░"


def denoise_endpoint(runs: Runs) -> Callable[..., AsyncIterator[tuple[str, dict[str, object]]]]:
    """The endpoint's function on a server's runs."""

    async def denoise(
        prompt: str,
        max_tokens: int | None = None,
        canvas_length: int | None = None,
        max_steps: int | None = None,
        sampler: str | None = None,
        entropy_bound: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> AsyncIterator[tuple[str, dict[str, object]]]:
        """Denoise a prompt and stream every step.

        Yields (text, step): the text as it stands, a masked position as ░, and the step's numbers (run, block, step,
        max_steps, phase, seconds, accepted, mean_entropy_nats, cells, seed, finish). The last text is the committed
        answer. While other runs are before this one: "", and its place, how many they are, with the seconds of a block
        where they are known; while the checkpoint loads: "", and done_bytes of total_bytes. `run` is the id by which
        the page opens it. A knob left out takes the checkpoint's default; sampler is "entropy-bound" or
        "confidence-threshold"; a seed left out is random. A caller who goes away stops the run.
        """
        knobs = {
            "max_tokens": max_tokens, "canvas_length": canvas_length, "max_steps": max_steps, "sampler": sampler,
            "entropy_bound": entropy_bound, "temperature": temperature, "seed": seed,
        }  # fmt: skip
        try:
            run = runs.begin(Request.of(runs.engine.card.defaults, prompt, knobs))
        except VisualizerError as exc:
            raise gr.Error(str(exc), print_exception=False) from exc
        try:
            async with aclosing(_told(run)) as told:
                async for text, step in told:
                    yield text, step
        finally:
            runs.leave(run)
        if run.ended == "failed":
            raise gr.Error(run.problem, print_exception=False)

    return denoise


async def _told(run: Run) -> AsyncGenerator[tuple[str, dict[str, object]]]:
    committed, before = "", None
    texts: dict[int, str] = {}
    async with aclosing(run.news()) as following:
        async for news in following:
            frame = news.frame
            if frame is None:
                yield "", {"run": run.id} | _before_it_begins(news)
                continue
            texts |= frame.texts
            text = frame.answer if frame.answer is not None else committed + _draft_text(frame, texts)
            committed = frame.answer if frame.answer is not None else committed
            yield text, {"run": run.id} | _numbers(before, frame.state) | {"seed": run.request.settings.seed}
            before = frame.state


def _before_it_begins(news: News) -> dict[str, object]:
    if news.loading is not None:
        return {"phase": "loading"} | asdict(news.loading)
    return {"phase": "waiting", "place": news.place, "block_seconds": news.block_seconds}


def _draft_text(frame: Frame, texts: dict[int, str]) -> str:
    state = frame.state
    shown = (
        frame.overrides.get(position, texts[token_id]) if accepted else MASK
        for position, (token_id, accepted) in enumerate(
            zip(state.canvas_ids.tolist(), state.accepted.tolist(), strict=True)
        )
    )
    return "".join(list(shown)[: state.answer_length])


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
