"""The endpoint `/denoise`: all that a click can do, for programs (`gradio_client`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict

import gradio as gr
import numpy as np

from visualizer.errors import VisualizerError
from visualizer.request import Request
from visualizer.run import News, Run, Runs, drafted, read_json
from visualizer.trace import CanvasState, CellState, Frame, Part, PartReader, cell_states

MASK = "░"


def denoise_endpoint(runs: Runs) -> Callable[..., AsyncIterator[tuple[str, dict[str, object]]]]:
    """The endpoint's function on a server's runs."""

    async def denoise(
        prompt: str,
        request: gr.Request,
        max_tokens: int | None = None,
        canvas_length: int | None = None,
        max_steps: int | None = None,
        sampler: str | None = None,
        entropy_bound: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        think: bool | None = None,
        system: str | None = None,
        draft: str | None = None,
    ) -> AsyncIterator[tuple[str, dict[str, object]]]:
        """Denoise a prompt and stream every step.

        Yields (text, step): the answer as it stands (no thought, nothing after the end), a masked position as ░, and
        the step's numbers (run, block, step, max_steps, phase, seconds, accepted, mean_entropy_nats, cells, seed,
        finish; thought, the committed text of thoughts, if any). The last text is the committed answer. While other
        runs are before this one: "", and its place, how many they are, with the seconds of a block where they are
        known; while the checkpoint loads: "", and done_bytes of total_bytes. `run` is the id by which the page opens
        it. A knob left out takes the checkpoint's default; sampler is "entropy-bound" or "confidence-threshold"; a seed
        left out is random; think (true or false) and system (a system prompt) are for a checkpoint whose chat template
        knows them. draft: what stands on the canvas before, as JSON in one of the forms of `visualizer/run/drafts.py`,
        of which "from" names a run by its id. A caller who goes away stops the run.
        """
        knobs = {
            "max_tokens": max_tokens, "canvas_length": canvas_length, "max_steps": max_steps, "sampler": sampler,
            "entropy_bound": entropy_bound, "temperature": temperature, "seed": seed, "think": think, "system": system,
        }  # fmt: skip
        try:
            asked = Request.of(runs.engine.card.defaults, prompt, knobs)
            if draft:
                asked = await asyncio.to_thread(drafted, asked, read_json(draft), runs.engine.card, runs.trace)
            run = runs.begin(asked, client=request.session_hash)
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
    committed, thought, before = "", None, None
    draft = _Draft()
    async with aclosing(run.news()) as following:
        async for news in following:
            frame = news.frame
            if frame is None:
                yield "", {"run": run.id} | _before_it_begins(news)
                continue
            drafted = draft.read(frame)
            text = frame.answer if frame.answer is not None else committed + drafted
            if frame.answer is not None:
                committed, thought = frame.answer, frame.thought
            numbers = _numbers(before, frame.state) | {"seed": run.request.settings.seed, "thought": thought}
            yield text, {"run": run.id} | numbers
            before = frame.state


def _before_it_begins(news: News) -> dict[str, object]:
    if news.loading is not None:
        return {"phase": "loading"} | asdict(news.loading)
    return {"phase": "waiting", "place": news.place, "block_seconds": news.block_seconds}


class _Draft:
    """Reads what the frames of one run hold of its answer."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._special: frozenset[int] = frozenset()
        self._parts: PartReader | None = None

    def read(self, frame: Frame) -> str:
        """The answer's share of the next frame's canvas."""
        self._texts |= frame.texts
        self._special |= frame.special
        self._parts = self._parts or PartReader(frame.begins_in_thought)
        state = frame.state
        shown = state.shown_ids().tolist()
        cells = [frame.overrides.get(position, self._texts[token_id]) for position, token_id in enumerate(shown)]
        parts = self._parts.read(state, cells, self._special)
        return "".join(
            cell if accepted else MASK
            for cell, accepted, part in zip(cells, state.accepted, parts, strict=True)
            if part == Part.ANSWER
        )


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
