"""What the page's clients ask of it: the ways that Gradio's own client, gradio_client and a plain program use.

Gradio answers more than these (proxies, streams of media, its editor); this page needs none of it, so nobody gets it.
"""

from __future__ import annotations

import json
import re

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block

_API = "/gradio_api"
_NAME = r"[A-Za-z0-9_-]{1,64}"
_READ = re.compile(
    rf"/|/(config|login_check|logout|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/(64|192|512))?)/?"
    rf"|/(assets|static)/.+"
    rf"|{_API}/(info|user|token|app_id|login_check|startup-events|theme\.css|upload_progress|queue/data)/?"
    rf"|{_API}/(heartbeat/.*|file=.+|call/(?!v2/){_NAME}/(?P<event>{_NAME}))",
    re.DOTALL,
)
_WRITTEN = re.compile(rf"/login/?|{_API}/(upload|cancel|reset|queue/join|(?P<way>run|call)/(?P<name>{_NAME}))/?")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """What the client hears, with an HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def check_way(method: str, path: str) -> str | None:
    """The event that is listened to this way, if any. Raises Refused for a way that no client of the page takes."""
    ways = {"GET": _READ, "HEAD": _READ, "POST": _WRITTEN}.get(method)
    way = ways.fullmatch(path) if ways is not None else None
    if way is None:
        raise Refused(404, "There is nothing here.")
    return way.groupdict().get("event")


def is_upload(path: str) -> bool:
    """Whether a file comes this way."""
    return path.rstrip("/") == f"{_API}/upload"


def is_form(path: str) -> bool:
    """Whether a form comes this way, and not a call."""
    return path.rstrip("/") == "/login"


def read_call(body: bytes) -> dict[str, object]:
    """The body of a call. Raises Refused for what is none."""
    try:
        call = json.loads(body, parse_constant=_no_number)
        if _SURROGATE.search(body):
            json.dumps(call, ensure_ascii=False).encode()  # half of a pair is no text
    except RecursionError as exc:
        raise Refused(400, "That is nested too deeply.") from exc
    except ValueError as exc:
        raise Refused(400, "A call is a JSON object in UTF-8.") from exc
    if not isinstance(call, dict):
        raise Refused(400, "A call is a JSON object in UTF-8.")
    return call


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def check_session(session: object) -> None:
    """Raises Refused for what no client calls itself."""
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused(400, "A session hash is 1 to 64 letters, digits, - and _.")


def check_call(page: gr.Blocks, path: str, call: dict[str, object]) -> None:
    """Check a call: its session, a function of this page, and as many values as that takes.

    Raises Refused.
    """
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
        _check_values(page, function, values, named=way is not None)


def _function(page: gr.Blocks, number: object, name: str | None) -> BlockFunction:
    if number is None:
        function = next((one for one in page.fns.values() if name and one.api_name == name), None)
    else:
        function = page.fns.get(number) if type(number) is int else None
    if function is None or function.fn is None:  # what the browser does alone
        raise Refused(404, "This page has no such function.")
    return function


def _is_right(value: object, block: Block, page: gr.Blocks) -> bool:
    """Whether a component can be asked to read the value; whether it likes it is for the component to say."""
    if isinstance(block, gr.UploadButton):
        path = value.get("path") if isinstance(value, dict) else None
        return value is None or (isinstance(path, str) and path in page.upload_file_set)
    if isinstance(block, gr.Slider):
        return isinstance(value, int | float)
    if isinstance(block, gr.CheckboxGroup):
        return isinstance(value, list)
    return value is None or isinstance(value, str | int | float | bool)


def _check_values(page: gr.Blocks, function: BlockFunction, values: list[object], named: bool) -> None:
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
        if not _is_right(value, block, page):
            raise Refused(422, f"Value {number} of {len(values)} is of another kind than this function takes.")
