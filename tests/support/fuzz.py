"""Calls that no client makes: random ways, functions, values and bytes, of a seed, on the app as it is served.

Whatever is sent, the app answers in time and in words of its own, and goes on for everybody else.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tests.support.mutations import mutate
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.export import FORMATS
from visualizer.request import new_run_id

_PATIENCE_SECONDS = 60
_INTERNALS = re.compile(r'Traceback|File "|site-packages|\.py"|object at 0x|/visualizer/|Error\(|TypeError|KeyError')
_SCRIPTS = re.compile(r"/($|\?|assets|static|config|gradio_api/(info|theme))")
"""Ways to Gradio's own pages, which hold such words."""
_SMALL = {"max_tokens": 8, "canvas_length": 8, "max_steps": 1}
_LISTENED_BYTES = 4 * 2**20
_BURST = 8
_ODD_TEXTS = (
    "", " ", "\0", "\ud800", "é" * 300, "🎈", "../../etc/passwd", "/etc/passwd", "~nobody", "~", "file:///etc/passwd",
    "http://127.0.0.1:1/", "${7*7}", "{{7*7}}", "<script>", "%00", "pocket", "other", "x" * 5000, "NaN", "-1", "1e999",
    "1 MB", ".gif", "gallery-why", "gallery-planets", "0" * 32, "owner/name", "a/b/c", "CON", "\r\nX: y", "'\"`;",
)  # fmt: skip
_ODD_VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**64, -(2**63), 0.5, -0.0, 1e308, float("inf"), float("nan"), [], {}, [[]],
    {"path": "/etc/passwd"}, {"path": None, "meta": {"_type": "gradio.FileData"}}, ["a", 1], {"a": {"b": []}},
    {"path": "x", "meta": {"_type": "gradio.FileData"}}, {"__type__": "update", "value": 1},
)  # fmt: skip
_WAYS = (
    "", "config", "login", "logout", "theme.css", "monitoring", "gradio_api/info", "gradio_api/queue/join",
    "gradio_api/queue/data", "gradio_api/upload", "gradio_api/upload_progress", "gradio_api/cancel", "gradio_api/reset",
    "gradio_api/run/predict", "gradio_api/run/stop", "gradio_api/call/denoise", "gradio_api/call/stop",
    "gradio_api/heartbeat/abc", "gradio_api/file=/etc/passwd", "gradio_api/file=app.py", "gradio_api/proxy=http://a.b/",
    "gradio_api/component_server", "gradio_api/stream/abc", "gradio_api/startup-events", "gradio_api/openapi.json",
    "gradio_api/custom_component/html/client/component/index.js", "gradio_api/call/v2/denoise", "gradio_api/runs",
    "gradio_api/deep_link", "gradio_api/vibe-edit/", "gradio_api/process_recording", "gradio_api/dev/reload",
    "assets/index.js", "static/img/logo.svg", "manifest.json", "pwa_icon/64", "robots.txt", "svelte/x", "favicon.ico",
)  # fmt: skip


@dataclass
class Findings:
    """What the calls were answered. faults: a sentence each, none where all held."""

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    slowest: str = ""


class Fuzzer:
    """Calls one app. seed: repeats the calls, but for the moments at which the app answers."""

    def __init__(self, address: str, seed: int) -> None:
        self._netloc = urlsplit(address).netloc
        self._luck = random.Random(seed)
        config = self._config()
        self._functions = {one["id"]: one for one in config["dependencies"]}
        self._at_first = {one["id"]: one["props"].get("value") for one in config["components"]}
        self._recording = (RECORDINGS_FOLDER / "why.jsonl.gz").read_bytes()
        self.findings = Findings()

    def run(self, calls: int) -> Findings:
        """Make so many calls, some of them at once, and see after each hundred whether the app still works."""
        ways = (self._any_request, self._join, self._call, self._wish, self._upload, self._cancel, self._raw_bytes)
        checked = 0
        with ThreadPoolExecutor(_BURST) as threads:
            while self.findings.calls < calls:
                burst = _BURST if self._luck.random() < 0.05 else 1
                # Drawn before they are made, by one thread: the seed alone decides.
                made = [self._luck.choices(ways, (3, 6, 3, 3, 1, 1, 1))[0]() for _ in range(burst)]
                self.findings.calls += burst
                for faults in threads.map(lambda send: send(), made):
                    self.findings.faults += faults
                if self.findings.calls - checked >= 100:
                    checked = self.findings.calls
                    self._check_it_works()
        self._check_it_works()
        return self.findings

    # ---- Drawing what is sent ----------------------------------------------------------------------------------------

    def _any_request(self):
        path = "/" + self._luck.choice(_WAYS)
        if self._luck.random() < 0.4:
            path = "/" + quote(mutate(path[1:].encode(), self._luck)[:3000], safe="/=?&:.")
        if self._luck.random() < 0.3:
            name = self._luck.choice(("session_hash", "upload_id", "page", "__theme"))
            path += f"?{name}={quote(self._odd_text(), errors='replace')}"
        method = self._luck.choices(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"), (8, 8, 1, 1, 1, 1, 1))[
            0
        ]
        body = None if method in ("GET", "HEAD") else self._any_body()
        kind = self._luck.choice(("application/json", "multipart/form-data; boundary=x", "text/plain", "x"))
        return lambda: self._asked(method, path, body, {"Content-Type": kind})

    def _any_body(self) -> bytes:
        call = self._a_call(self._luck.choice(list(self._functions)))
        return self._luck.choice((
            b"", b"{", b"[]", b"null", b"[" * 5000, b"\xff" * 100, json.dumps(self._odd_value()).encode(),
            mutate(json.dumps(call).encode(), self._luck),
        ))  # fmt: skip

    def _join(self):
        number = self._luck.choice(list(self._functions))
        call = self._a_call(number) | {"fn_index": number, "session_hash": new_run_id()[:12]}
        if self._luck.random() < 0.3:
            call[self._luck.choice([*call, "trigger_id", "event_data", "event_id", "batched"])] = self._odd_value()
        path = f"/gradio_api/queue/data?session_hash={call['session_hash']}"
        listens = self._luck.random() < 0.7
        return lambda: self._event("/gradio_api/queue/join", call, lambda _: path if listens else None)

    def _call(self):
        function = self._functions[self._luck.choice(list(self._functions))]
        way, name = self._luck.choice(("call", "run")), function["api_name"]
        call = self._a_call(function["id"])
        listens = way == "call" and self._luck.random() < 0.7
        path = f"/gradio_api/{way}/{name}"
        return lambda: self._event(path, call, lambda said: f"{path}/{said.get('event_id')}" if listens else None)

    def _wish(self):
        """What the page's hidden field says, by the page's own function."""
        stream = next(one for one in self._functions.values() if one["api_name"] == "stream")
        wish = {"do": self._luck.choice(("denoise", "open", "compare", "again", "rm")), "id": new_run_id(),
                "prompt": self._odd_text(), "knobs": dict(_SMALL), "left": self._odd_text(), "right": self._odd_text(),
                "change": self._luck.choice(("sampler", "steps", "x"))}  # fmt: skip
        for key in self._luck.sample(sorted(wish), self._luck.randrange(3)):
            wish[key] = self._odd_value()
        if self._luck.random() < 0.1:
            wish["prompt"] = "sky " * 250_000
        session = new_run_id()[:12]
        call = {"data": [json.dumps(wish)], "fn_index": stream["id"], "session_hash": session}
        path = f"/gradio_api/queue/data?session_hash={session}"
        listens = self._luck.random() < 0.7
        return lambda: self._event("/gradio_api/queue/join", call, lambda _: path if listens else None)

    def _upload(self):
        content = mutate(self._recording, self._luck) if self._luck.random() < 0.7 else self._recording
        name = self._luck.choice(("run.jsonl.gz", "../../x.gz", "", "a" * 300, "x.html", "é.jsonl"))
        form = (
            f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
            + content
            + b"\r\n--x--\r\n"
        )
        if self._luck.random() < 0.3:
            form = mutate(form, self._luck)
        opens = self._luck.random() < 0.5

        def send() -> list[str]:
            faults, said = self._answer(
                "POST", "/gradio_api/upload", form, {"Content-Type": "multipart/form-data; boundary=x"}
            )
            paths = _json(said)
            if opens and isinstance(paths, list) and paths:
                value = {"path": paths[0], "meta": {"_type": "gradio.FileData"}}
                faults += self._event("/gradio_api/call/_taken", {"data": [value]},
                                      lambda said: f"/gradio_api/call/_taken/{said.get('event_id')}")  # fmt: skip
            return faults

        return send

    def _cancel(self):
        body = {
            "session_hash": self._odd_text(),
            "fn_index": self._luck.randrange(-2, 40),
            "event_id": self._odd_text(),
        }
        path = self._luck.choice(("/gradio_api/cancel", "/gradio_api/reset"))
        return lambda: self._asked("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _raw_bytes(self):
        request = (
            f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: {self._netloc}\r\nContent-Length: 50\r\n\r\n{{}}".encode()
        )
        sent = self._luck.choice((
            mutate(request, self._luck), request, b"\x16\x03\x01\x02\x00" * 20, b"GET / HTTP/9.9\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000,
        ))  # fmt: skip
        return lambda: self._sent(sent)

    def _a_call(self, number: int) -> dict[str, object]:
        """A call of a function with values that it may take, or may not."""
        function = self._functions[number]
        count = len(function["inputs"]) + (self._luck.choice((-1, 1, 5)) if self._luck.random() < 0.1 else 0)
        return {"data": [self._value(function, place) for place in range(max(0, count))]}

    def _value(self, function: dict, place: int) -> object:
        if function["api_name"] == "denoise" and self._luck.random() < 0.7:
            return ["Why?", 8, 8, 1, "entropy-bound", 0.1, 0, 1][place % 8]
        if len(function["inputs"]) > 8 and self._luck.random() < 0.8:  # the Export panel's
            if place == 0:
                return "gallery-why"
            whole = self._luck.random() < 0.05
            return self._luck.choice(list(FORMATS)) if place == 1 and whole else self._likely(function, place)
        return self._odd_text() if self._luck.random() < 0.5 else self._odd_value()

    def _likely(self, function: dict, place: int) -> object:
        """What the page's own component says at first; of the formats one that is quickly made."""
        inputs = function["inputs"]
        return ".txt" if place == 1 else self._at_first[inputs[place % len(inputs)]]

    def _odd_text(self) -> str:
        return self._luck.choice(_ODD_TEXTS)

    def _odd_value(self) -> object:
        return self._luck.choice((*_ODD_VALUES, self._odd_text()))

    # ---- Sending it --------------------------------------------------------------------------------------------------

    def _event(self, path: str, call: dict, listening) -> list[str]:
        """Start an event, and listen to it to its end where `listening` says at which path."""
        faults, said = self._answer("POST", path, json.dumps(call).encode(), {"Content-Type": "application/json"})
        begun = _json(said)
        if isinstance(begun, dict) and begun.get("event_id") and (listen_at := listening(begun)):
            more, told = self._answer("GET", listen_at)
            faults += more
            if re.search(r'"error": ?null|event: error\ndata: (null|{"error": null)', told):
                faults.append(f"{path} {json.dumps(call)[:300]} failed without a word: {told[-200:]!r}")
        return faults

    def _asked(self, *request) -> list[str]:
        return self._answer(*request)[0]

    def _answer(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
        """The faults in an answer, and the answer."""
        connection = http.client.HTTPConnection(self._netloc, timeout=_PATIENCE_SECONDS)
        what = f"{method} {path[:200]} {(body or b'')[:300]!r}"
        began = time.monotonic()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            stream = "event-stream" in answer.headers.get("Content-Type", "")
            endless = stream and "heartbeat" in path
            said = "" if endless else answer.read(_LISTENED_BYTES).decode(errors="replace")
        except TimeoutError:
            return [f"{what} was not answered in {_PATIENCE_SECONDS} s"], ""
        except (http.client.HTTPException, ConnectionError, ValueError) as exc:
            refused = isinstance(exc, BrokenPipeError | ConnectionResetError)  # a body that was too large
            return ([] if refused or isinstance(exc, http.client.InvalidURL | ValueError) else [f"{what}: {exc!r}"]), ""
        finally:
            connection.close()
        self.findings.statuses[answer.status] += 1
        if (seconds := time.monotonic() - began) > self.findings.slowest_seconds:
            self.findings.slowest_seconds, self.findings.slowest = seconds, what
        faults = [f"{what} was answered {answer.status}: {said[:200]!r}"] if answer.status >= 500 else []
        if not _SCRIPTS.match(path) and (shown := _INTERNALS.search(said)):
            faults.append(f"{what} shows {said[max(0, shown.start() - 60) : shown.end() + 60]!r}")
        return faults, said

    def _sent(self, sent: bytes) -> list[str]:
        host, port = self._netloc.split(":")
        with socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                said = connection.recv(65536).decode(errors="replace")
            except TimeoutError:
                return [f"{sent[:100]!r} was not answered in {_PATIENCE_SECONDS} s"]
            except ConnectionError:
                return []
        return [f"{sent[:100]!r} shows {said[:200]!r}"] if _INTERNALS.search(said) else []

    def _check_it_works(self) -> None:
        knobs = ["Why is the sky blue?", *_SMALL.values(), None, None, None, 1, None, None, None]
        body = json.dumps({"data": knobs}).encode()
        faults, said = self._answer("POST", "/gradio_api/call/denoise", body, {"Content-Type": "application/json"})
        event = (_json(said) or {}).get("event_id")
        more, told = self._answer("GET", f"/gradio_api/call/denoise/{event}")
        if "event: complete" not in told:
            faults.append(f"an ordinary run does not work any more: {said!r} {told[:200]!r}")
        self.findings.faults += faults + more

    def _config(self) -> dict[str, list[dict]]:
        connection = http.client.HTTPConnection(self._netloc, timeout=_PATIENCE_SECONDS)
        connection.request("GET", "/config")
        config = json.loads(connection.getresponse().read())
        connection.close()
        return config


def _json(said: str) -> object:
    try:
        return json.loads(said)
    except ValueError:
        return None
