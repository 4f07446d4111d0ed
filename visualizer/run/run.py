"""One run, which any number of pages and programs may follow: it is told from the beginning to each of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from visualizer.player import (
    MessageWriter,
    end_message,
    kept_message,
    loading_message,
    recording_message,
    start_message,
    unkept_message,
    waiting_message,
)
from visualizer.request import Request
from visualizer.run.child import Loading
from visualizer.run.engine import Engine
from visualizer.run.provenance import device, run_info
from visualizer.trace import Frame, RunInfo, Trace, trace_of

Item = TypeVar("Item")


@dataclass(frozen=True)
class News:
    """What a run has to tell a program. place: how many runs are before it, while it waits, and block_seconds: what a
    block takes, where that is known; loading: how far the checkpoint is; frame: one more."""

    place: int = 0
    block_seconds: float | None = None
    loading: Loading | None = None
    frame: Frame | None = None


class Run:
    """One run, from being asked for to its end. Its thread writes it; listeners and `stop` come from others.

    ended: `stop`, `length`, `stopped` or `failed`, the last with a sentence in `problem`; None while it goes on.
    unkept: why it could not be kept, "" where nothing is wrong. forgotten: somebody has deleted it.
    """

    def __init__(self, request: Request, engine: Engine, client: str | None = None) -> None:
        self.request = request
        self.engine = engine
        self.client = client
        self.info = run_info(engine.card, request.prompt, request.settings, request.draft)
        self.ended: str | None = None
        self.problem = ""
        self.unkept = ""
        self.forgotten = False
        self._closed = False
        self._writer = MessageWriter(self.info.vocab_size, prompt=self.info.prompt)
        self._messages: list[str] = []
        self._news: list[News] = []
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()

    @property
    def id(self) -> str:
        """The request's."""
        return self.request.id

    @property
    def has_listeners(self) -> bool:
        """Whether anybody follows it now."""
        return bool(self._listeners)

    def wait(self, place: int, block_seconds: float | None) -> None:
        """Tell that `place` runs are before this one, and what a block takes."""
        self._say(waiting_message(self.id, place, block_seconds), News(place=place, block_seconds=block_seconds))

    def load(self, loading: Loading) -> None:
        """Tell how far the checkpoint is that this run waits for."""
        self._say(loading_message(self.id, loading.words), News(loading=loading))

    def fit(self, trial: int, trials: int) -> bool:
        """Tell which length of a blank is tried now; False when the run has been stopped."""
        self._say(loading_message(self.id, f"How long are the blanks? Trying {trial} of {trials}…"))
        return self.ended is None

    def begin(self, info: RunInfo) -> None:
        """Open the run; once more when it turns out that another checkpoint makes it."""
        self.info, self._writer = info, MessageWriter(info.vocab_size, prompt=info.prompt)
        self._say(start_message(self.id, info))

    def computed_in(self, number_format: str | None) -> None:
        """Note the numbers that the model computes in, which are known once it has loaded."""
        with self._lock:
            self.info = replace(self.info, device=device(number_format))

    def add(self, frame: Frame) -> bool:
        """Take a frame. False when the run has been stopped, and the frame is not taken."""
        message = self._writer.write(frame)
        with self._lock:
            if self.ended is not None:
                return False
            self._messages.append(message)
            self._news.append(News(frame=frame))
        self._call_listeners()
        return True

    def end(self, reason: str, problem: str = "") -> None:
        """End the run at once, with the frames so far; a forward under way runs out unseen. The first reason stays."""
        with self._lock:
            if self.ended is not None:
                return
            self.ended, self.problem = reason, problem
            self._messages.append(end_message(self.id, reason, problem))
        self._call_listeners()

    @property
    def memory_bytes(self) -> int:
        """About what it takes in memory."""
        with self._lock:
            frames = [news.frame for news in self._news if news.frame is not None]
            return sum(map(len, self._messages)) + sum(frame.state.memory_bytes for frame in frames)

    def close(self) -> None:
        """Nothing follows but the whole recording, with the noise that live messages leave out."""
        last: list[str] = []
        try:
            trace = self.trace()
            if trace.states:
                unkept = [unkept_message(self.id, self.unkept)] if self.unkept else []
                last = [recording_message(trace, self.id, play=self.id), *unkept, kept_message(self.id)]
        finally:
            with self._lock:
                self._messages += last
                self._closed = True
            self._call_listeners()

    def trace(self) -> Trace:
        """The run so far."""
        with self._lock:
            frames = [news.frame for news in self._news if news.frame is not None]
            return trace_of(self.info, frames, self.ended, self.problem)

    def messages(self) -> AsyncGenerator[str]:
        """The player's messages from the beginning, live, until nothing follows."""
        return self._follow(self._messages)

    def news(self) -> AsyncGenerator[News]:
        """The same for programs: its places in the queue, then its frames."""
        return self._follow(self._news)

    async def _follow(self, items: Sequence[Item]) -> AsyncGenerator[Item]:
        loop, news, sent = asyncio.get_running_loop(), asyncio.Event(), 0

        def wake() -> None:
            with suppress(RuntimeError):  # the loop of a listener that went away without a word
                loop.call_soon_threadsafe(news.set)

        with self._lock:
            self._listeners.add(wake)
        try:
            while True:
                news.clear()
                with self._lock:
                    fresh, closed = items[sent:], self._closed
                for item in fresh:
                    yield item
                sent += len(fresh)
                if closed and not fresh:
                    return
                if not fresh:
                    await news.wait()
        finally:
            with self._lock:
                self._listeners.discard(wake)

    def _say(self, message: str, news: News | None = None) -> None:
        with self._lock:
            if self.ended is not None:
                return
            self._messages.append(message)
            if news is not None:
                self._news.append(news)
        self._call_listeners()

    def _call_listeners(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for wake in listeners:
            wake()
