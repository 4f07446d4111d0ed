"""The door: turns away what no client of the page sends, before Gradio sees it, and keeps Gradio's queue running.

What fails behind it is one sentence for the client; the log has all of it.

Seen in Gradio 6.31 (`python -m bench.stopped_queue` repeats it): an event with an empty session hash ends the loop that
starts all events, and from then on every request is answered "Queue is stopped".
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from urllib.parse import parse_qs

import gradio as gr
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visualizer.byte_sizes import spoken_size
from visualizer.errors import UNEXPECTED
from visualizer.host_names import HostNames
from visualizer.page.calls import Refused, check_call, check_session, check_way, is_form, is_upload, read_call
from visualizer.page.gradio_queue import GradioQueue
from visualizer.page.uploads import make_room
from visualizer.settings import MAX_PROMPT_CHARACTERS

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 8 * MAX_PROMPT_CHARACTERS
"""Of a call: the longest prompt there is, in UTF-8 inside JSON inside JSON, and the knobs."""
_HEARTBEAT = "/gradio_api/heartbeat/"
_FORM_BYTES = 64 * 2**10
"""What a browser writes around the file that it uploads."""


class Door:
    """ASGI middleware in front of a page. max_file_bytes: of an upload."""

    def __init__(self, app: ASGIApp, page: gr.Blocks, names: HostNames, max_file_bytes: int) -> None:
        self._app = app
        self._page = page
        self._queue = GradioQueue(page)
        self._names = names
        self._max_file_bytes = max_file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with one sentence."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            session = self._checked_session(scope)
            if scope["method"] == "POST":
                receive = await self._checked_body(scope, receive)
        except Refused as exc:
            await PlainTextResponse(f"{exc}\n", exc.status)(scope, receive, send)
            return
        self._queue.keep_running()
        await self._queue.forget_unheard()
        self._queue.forget_idle()
        with self._queue.listening(session) if session else nullcontext():
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Refused as exc:  # an upload, in the middle of it
            status, sentence = exc.status, str(exc)
        except Exception as exc:
            if is_upload(scope["path"]) and isinstance(exc, TypeError):  # what Gradio makes of a form without files
                status, sentence = 400, "An upload is a form with files."
            else:
                log.exception("A request failed")
                status, sentence = 500, UNEXPECTED
        else:
            return
        if not begun:
            await PlainTextResponse(f"{sentence}\n", status)(scope, receive, send)

    def _checked_session(self, scope: Scope) -> str | None:
        """The session whose events are to be listened to, if any. Raises Refused."""
        if not self._names.include(_header(scope, b"host")):
            raise Refused(400, "This page is not served under that name; call it by its address.")
        event = check_way(scope["method"], scope["path"])
        if event is not None:
            session = self._queue.session_of(event)
            if session is None:
                raise Refused(404, "There is no such event, or all of it has been told.")
            return session
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        sessions = query.get("session_hash", [])
        if scope["path"].startswith(_HEARTBEAT):
            check_session(scope["path"].removeprefix(_HEARTBEAT))
        for session in sessions:
            check_session(session)
        if any(query.get("page", [])):  # Gradio serves several where an app has them
            raise Refused(404, "There is one page here.")
        if scope["path"].rstrip("/").endswith("/queue/data") and not any(map(self._queue.knows, sessions)):
            raise Refused(404, "There is nothing under way for this session.")
        return sessions[0] if sessions else None

    async def _checked_body(self, scope: Scope, receive: Receive) -> Receive:
        """The body's messages again, once it has been found to be none that would do harm."""
        if is_upload(scope["path"]):
            make_room(self._page)
            return _bounded(scope, receive, self._max_file_bytes + _FORM_BYTES)
        bounded = _bounded(scope, receive, MAX_BODY_BYTES)
        body, more = bytearray(), True
        while more:
            message = await bounded()
            if message["type"] != "http.request":  # the client has gone
                return receive
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if not is_form(scope["path"]):
            check_call(self._page, scope["path"], read_call(bytes(body)))
        return _with_body(bytes(body), receive)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """The same messages, and a refusal once the body is larger than `most` bytes, or says that it will be."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        check(taken)
        return message

    def check(size: int) -> None:
        if size > most:
            raise Refused(413, f"That is more than the {spoken_size(most)} that are taken here.")

    said = _header(scope, b"content-length")
    check(int(said) if said.isdecimal() else 0)
    return bounded


def _with_body(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, and after it what the connection says."""
    read = False

    async def replayed() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
