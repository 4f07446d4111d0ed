"""Clients of the app as it is served, programs and pages: they ask, listen, stop, dawdle and vanish by a seed."""

from __future__ import annotations

import http.client
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.browser import open_browser, open_page
from tests.support.rounds import play_round
from tests.support.witness import Asked, Witness

_PATIENCE_SECONDS = 600
_KNOBS = (
    "max_tokens",
    "canvas_length",
    "max_steps",
    "sampler",
    "entropy_bound",
    "temperature",
    "seed",
    "think",
    "system",
    "draft",
)
_WAYS = {"listens": 6, "stops": 2, "vanishes": 2, "dawdles": 1}
_SMALL_BUFFER = 4096
_WORDS = ("moon", "seven", "lantern", "the", "of", "é", "漢字", "🎈", "{x}", "<b>", "\n", "\\n", "two-thirds")


class ApiClient:
    """One program, which calls /denoise by plain HTTP. name: who it is in what the witness says."""

    def __init__(self, address: str, witness: Witness, name: str, luck: random.Random, demos: list[str]) -> None:
        self._netloc = urlsplit(address).netloc
        self._witness = witness
        self._name = name
        self._luck = luck
        self._demos = demos

    def run(self, count: int) -> None:
        """Ask for so many runs, one after the other."""
        for _ in range(count):
            way = self._luck.choices(list(_WAYS), list(_WAYS.values()))[0]
            self.ask(self._prompt(), self._knobs(), way, after=self._luck.randint(1, 12))

    def ask(self, prompt: str, knobs: dict[str, object], way: str = "listens", after: int = 0) -> Asked:
        """One run. way: what the client does; after: at which event it stops, vanishes or dawdles."""
        asked = self._witness.begin(self._name, prompt, knobs)
        body = {"data": [prompt, *(knobs.get(name) for name in _KNOBS)]}
        event = json.loads(self._post("/gradio_api/call/denoise", body))["event_id"]
        connection = http.client.HTTPConnection(self._netloc, timeout=_PATIENCE_SECONDS)
        with closing(connection):
            if way == "dawdles":
                connection.connect()
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            connection.request("GET", f"/gradio_api/call/denoise/{event}")
            for heard, (kind, content) in enumerate(_events(connection.getresponse()), start=1):
                if kind == "error":
                    self._witness.end(asked, str((content or {}).get("error")), live=way == "listens")
                    return asked
                if kind == "complete":
                    self._witness.end(asked)
                    return asked
                self._witness.hear(asked, content[0][1], live=way == "listens")
                if heard == after:
                    if way == "vanishes":
                        self._witness.leave(asked)
                        return asked
                    if way == "stops":
                        asked.stops = True
                        self._post("/gradio_api/run/stop", {"data": [asked.run_id]})
                    if way == "dawdles":
                        time.sleep(self._luck.uniform(0.5, 3))
        self._witness.wrong.append(f"{self._name} ({asked.run_id}): its stream broke off")
        return asked

    def _prompt(self) -> str:
        if self._luck.random() < 0.5:
            return self._luck.choice(self._demos)
        return " ".join(self._luck.choices(_WORDS, k=self._luck.randint(1, 12)))

    def _knobs(self) -> dict[str, object]:
        return {
            "max_tokens": self._luck.randint(8, 64), "canvas_length": self._luck.randint(8, 64),
            "max_steps": self._luck.randint(1, 16), "temperature": self._luck.choice([0, 0.5, 1]),
            "seed": self._luck.randint(0, 2**32 - 1),
        }  # fmt: skip

    def _post(self, path: str, body: dict[str, object]) -> bytes:
        with closing(http.client.HTTPConnection(self._netloc, timeout=_PATIENCE_SECONDS)) as connection:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
        if answer.status != 200:
            self._witness.wrong.append(f"{self._name}: {path} was answered {answer.status}: {said[:200]!r}")
        return said


def use_page(
    address: str, witness: Witness, name: str, luck: random.Random, demos: dict[str, str], folder: Path, rounds: int
) -> None:
    """One visitor with a browser of their own plays so many rounds. demos: by id; folder: of the app's kept runs."""
    with open_browser() as browser:
        page = open_page(browser)
        page.on("pageerror", lambda error: witness.wrong.append(f"{name}: {error}"))
        page.goto(address)
        page.wait_for_function("() => document.querySelector('#player .player-root')?.dataset.run", timeout=0)
        for _ in range(rounds):
            one = play_round(page, luck, folder, demos, beside_others=True)
            witness.see_round(name, one)


def _events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """The server's events: what each is, and what it says. Heartbeats are none."""
    kind = ""
    for line in iter(answer.readline, b""):
        word, _, said = line.decode().rstrip("\n").partition(": ")
        if word == "event":
            kind = said
        elif word == "data" and kind != "heartbeat":
            yield kind, json.loads(said)
