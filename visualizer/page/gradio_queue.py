"""Keeps Gradio's queue running, and what it remembers bounded.

Gradio collects what an event yields under the session that asked, whether or not that ever listens: a recording is
half a megabyte, and two thousand sessions are kept. Of each of ten thousand sessions it also keeps the state of all
components, more than 100 kB, which nothing on this page reads again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

log = logging.getLogger(__name__)

UNHEARD_SESSIONS = 16
"""Sessions with events that nobody listens to: between asking and listening a client is one for some milliseconds."""
IDLE_SESSIONS = 16
"""Sessions with nothing under way whose components' state stays: it takes some 50 ms to make anew."""


class GradioQueue:
    """The queue of a page; on the event loop's thread only."""

    def __init__(self, page: gr.Blocks) -> None:
        self._page = page
        self._queue = page._queue
        self._listened: Counter[str] = Counter()

    def keep_running(self) -> None:
        """Start it again where an error has ended it."""
        if self._queue.stopped and self._page.is_running:
            log.error("Gradio's queue had stopped and is started again; clients that waited in it ask anew.")
            self._queue.stopped = False
            self._queue.start()  # type: ignore[no-untyped-call]

    def knows(self, session: str) -> bool:
        """Whether something has been told in a session, or will be."""
        return session in self._queue.pending_messages_per_session

    def session_of(self, event: str) -> str | None:
        """The session of an event that has something to tell; None where there is no such event."""
        sessions = self._queue.pending_event_ids_session.items()
        return next((session for session, events in sessions if event in events), None)

    @contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """While a client listens to what its session's events yield."""
        self._listened[session] += 1
        try:
            yield
        finally:
            self._listened[session] -= 1
            if not self._listened[session]:
                del self._listened[session]

    def forget_idle(self) -> None:
        """Drop the components' state of all but the last sessions that have nothing under way."""
        holder = self._page.state_holder
        under_way = self._queue.pending_event_ids_session
        idle = [one for one in holder.session_data if one not in self._listened and not under_way.get(one)]
        for session in idle[:-IDLE_SESSIONS]:
            del holder.session_data[session]
            holder.time_last_used.pop(session, None)

    async def forget_unheard(self) -> None:
        """End the events, and drop what they have told, of all but the last sessions that nobody listens to."""
        told = self._queue.pending_messages_per_session
        unheard = [session for session in told if session not in self._listened]
        for session in unheard[:-UNHEARD_SESSIONS]:
            del told[session]
            await self._queue.clean_events(session_hash=session)
            self._queue.pending_event_ids_session.pop(session, None)
