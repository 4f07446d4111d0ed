"""What the page's clients ask of it: the ways that Gradio's own client, gradio_client and a plain program use.

Gradio answers more than these (proxies, streams of media, its editor); this page needs none of it, so nobody gets it.
"""

from __future__ import annotations

import math
import re

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block

_API = "/gradio_api"
UPLOAD = f"{_API}/upload"
_NAME = r"[A-Za-z0-9_-]{1,64}"
_READ = re.compile(
    rf"/|/(config|login_check|logout|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)/?"
    rf"|/(assets|static)/.+"
    rf"|{_API}/(info|user|token|app_id|login_check|startup-events|theme\.css|upload_progress|queue/data)/?"
    rf"|{_API}/(heartbeat/.*|file=.+|call/(?!v2/){_NAME}/(?P<event>{_NAME}))",
    re.DOTALL,
)
_WRITTEN = re.compile(rf"/login/?|{_API}/(upload|cancel|reset|queue/join|(?P<way>run|call)/(?P<name>{_NAME}))/?")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """What the client hears, with an HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def check_way(page: gr.Blocks, method: str, path: str) -> None:
    """Raises Refused for a way that no client of the page takes, or to an event that is not under way."""
    ways = {"GET": _READ, "HEAD": _READ, "POST": _WRITTEN}.get(method)
    way = ways.fullmatch(path) if ways is not None else None
    if way is None:
        raise Refused(404, "There is nothing here.")
    event, queue = way.groupdict().get("event"), page._queue
    if event and not any(event in events for events in tuple(queue.pending_event_ids_session.values())):
        raise Refused(404, "There is no such event, or all of it has been told.")


def check_session(session: object) -> None:
    """Raises Refused for what no client calls itself."""
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused(400, "A session hash is 1 to 64 letters, digits, - and _.")


def check_call(page: gr.Blocks, path: str, call: object) -> None:
    """Check the body of what is written: a session, a function of this page, and as many values as it takes.

    Raises Refused.
    """
    if not isinstance(call, dict):
        return  # Gradio says what is missing
    if call.get("session_hash") is not None:
        check_session(call["session_hash"])
    written = _WRITTEN.fullmatch(path)
    way = written["way"] if written else None
    if way is None and not path.rstrip("/").endswith("/queue/join"):
        return
    function = _function(page, call.get("fn_index"), written["name"] if written else None)
    if way == "run" and function.queue:
        raise Refused(404, "This function is called through the queue.")
    if call.get("batched"):
        raise Refused(400, "This page takes one call at a time.")
    values = call.get("data")
    if isinstance(values, list):
        _check_values(function, values, named=way is not None)


def _function(page: gr.Blocks, number: object, name: str | None) -> BlockFunction:
    if number is None:
        function = next((one for one in page.fns.values() if name and one.api_name == name), None)
    else:
        function = page.fns.get(number) if type(number) is int else None
    if function is None or function.fn is None:  # what the browser does alone
        raise Refused(404, "This page has no such function.")
    return function


def _is_right(value: object, block: Block) -> bool:
    """Whether a component can be asked to read the value; whether it likes it is for the component to say."""
    if isinstance(block, gr.UploadButton):
        return value is None or (isinstance(value, dict) and isinstance(value.get("path"), str))
    if isinstance(block, gr.Slider):
        return value is None or (isinstance(value, int | float) and math.isfinite(value))
    return value is None or isinstance(value, str | int | float | bool)


def _check_values(function: BlockFunction, values: list[object], named: bool) -> None:
    """named: called by name, where a program leaves out what is none of its business."""
    needed = {len(function.inputs)}
    if named:
        needed.add(sum(not block.skip_api for block in function.inputs))
    if len(values) not in needed:
        raise Refused(422, f"This function takes {max(needed)} values, and {len(values)} were given.")
    blocks = (
        function.inputs if len(values) == len(function.inputs) else [one for one in function.inputs if not one.skip_api]
    )
    for number, (value, block) in enumerate(zip(values, blocks, strict=True), start=1):
        if not _is_right(value, block):
            raise Refused(422, f"Value {number} of {len(values)} is of another kind than this function takes.")
