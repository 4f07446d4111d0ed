"""The door: turns away what no client of the page sends, before Gradio sees it, and keeps Gradio's queue running.

Seen in Gradio 6.31 (`python -m bench.stopped_queue` repeats it): an event with an empty session hash ends the loop that
starts all events, and from then on every request is answered "Queue is stopped".
"""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import parse_qs

import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visualizer.byte_sizes import spoken_size
from visualizer.host_names import HostNames
from visualizer.settings import MAX_PROMPT_CHARACTERS

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 8 * MAX_PROMPT_CHARACTERS
"""Of a call: the longest prompt there is, in UTF-8 inside JSON inside JSON, and the knobs."""
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEARTBEAT = "/gradio_api/heartbeat/"
_UPLOAD = "/gradio_api/upload"
_FORM_BYTES = 64 * 2**10
"""What a browser writes around the file that it uploads."""


class Door:
    """ASGI middleware in front of a page. max_file_bytes: of an upload."""

    def __init__(self, app: ASGIApp, page: gr.Blocks, names: HostNames, max_file_bytes: int) -> None:
        self._app = app
        self._page = page
        self._names = names
        self._max_file_bytes = max_file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with one sentence."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_address(scope)
            if scope["method"] == "POST":
                receive = await self._checked_body(scope, receive)
            self._keep_queue()
            await self._app(scope, receive, send)
        except _Refused as exc:
            await PlainTextResponse(f"{exc}\n", exc.status)(scope, receive, send)

    def _check_address(self, scope: Scope) -> None:
        if not self._names.include(_header(scope, b"host")):
            raise _Refused(400, "This page is not served under that name; call it by its address.")
        for session in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get(
            "session_hash", []
        ):
            _check_session(session)
        if scope["path"].startswith(_HEARTBEAT):
            _check_session(scope["path"].removeprefix(_HEARTBEAT))

    async def _checked_body(self, scope: Scope, receive: Receive) -> Receive:
        """The body's messages again, once it has been found to be none that would do harm."""
        if scope["path"].rstrip("/") == _UPLOAD:
            return _bounded(scope, receive, self._max_file_bytes + _FORM_BYTES)
        bounded = _bounded(scope, receive, MAX_BODY_BYTES)
        body, more = bytearray(), True
        while more:
            message = await bounded()
            if message["type"] != "http.request":  # the client has gone
                return receive
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self._check_call(bytes(body))
        return _with_body(bytes(body), receive)

    def _check_call(self, body: bytes) -> None:
        try:
            call = json.loads(body)
        except (ValueError, RecursionError):
            return  # a form, or what Gradio refuses itself
        if not isinstance(call, dict):
            return
        if call.get("session_hash") is not None:
            _check_session(call["session_hash"])
        function = call.get("fn_index")
        if function is not None and (type(function) is not int or function not in self._page.fns):
            raise _Refused(404, "This page has no such function.")

    def _keep_queue(self) -> None:
        """Start Gradio's queue again where an error has ended it."""
        queue = self._page._queue
        if queue.stopped and self._page.is_running:
            log.error("Gradio's queue had stopped and is started again; clients that waited in it ask anew.")
            queue.stopped = False
            queue.start()  # type: ignore[no-untyped-call]


class _Refused(Exception):
    """What the client hears, with an HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _check_session(session: object) -> None:
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise _Refused(400, "A session hash is 1 to 64 letters, digits, - and _.")


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
            raise _Refused(413, f"That is more than the {spoken_size(most)} that are taken here.")

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
