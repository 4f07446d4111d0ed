"""A small hub on this machine: enough of Hugging Face's API to look a checkpoint up and fetch it, and bad manners."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", "tokenizer.json")
_PIECE = 65536


class HubServer(ThreadingHTTPServer):
    """repos: files by repository. served: body bytes sent, by file name. starts: first bytes asked for, likewise.

    cuts: by file name, after how many bytes of a body its next answers are cut off, one entry an answer. statuses: by
    file name, the HTTP status of its next answers. held: files that are not sent on until `release` is set.
    """

    daemon_threads = True

    def __init__(self, repos: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos = repos
        self.served: Counter[str] = Counter()
        self.starts: defaultdict[str, list[int]] = defaultdict(list)
        self.cuts: defaultdict[str, list[int]] = defaultdict(list)
        self.statuses: defaultdict[str, list[int]] = defaultdict(list)
        self.gated: set[str] = set()
        self.ranges = True
        self.held: set[str] = set()
        self.release = threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of what is tested."""

    @property
    def address(self) -> str:
        """What HF_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served_hub(repos: dict[str, dict[str, bytes]]) -> Iterator[HubServer]:
    """A hub with these repositories, until the block ends."""
    server = HubServer(repos)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def files_of(folder: Path) -> dict[str, bytes]:
    """A folder's files, as a repository."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def blob_of(name: str, content: bytes) -> str:
    """The hash that names a file in the hub's cache."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+|/tree/[^/]+)?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        repo = (api or file)[1] if api or file else None
        if repo in self.server.gated and api is None:
            return self._error(403, "GatedRepo")
        if repo not in self.server.repos:
            return self._error(401 if repo else 404, "RepoNotFound")
        if api:
            return self._json(self._tree(repo) if (api[2] or "").startswith("/tree") else self._info(repo))
        if file[2] not in self.server.repos[repo]:
            return self._error(404, "EntryNotFound")
        self._file(file[2], self.server.repos[repo][file[2]])

    def _info(self, repo: str) -> dict:
        return {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": [
            {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
            | ({"lfs": entry["lfs"] | {"sha256": entry["lfs"]["oid"], "pointerSize": 134}} if "lfs" in entry else {})
            for entry in self._tree(repo)
        ]}  # fmt: skip

    def _tree(self, repo: str) -> list[dict]:
        entries = []
        for name, content in self.server.repos[repo].items():
            entry = {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            if name.endswith(LARGE):
                entry["lfs"] = {"oid": blob_of(name, content), "size": len(content), "pointerSize": 134}
            else:
                entry["oid"] = blob_of(name, content)
            entries.append(entry)
        return entries

    def _file(self, name: str, content: bytes) -> None:
        if self.command == "GET" and self.server.statuses[name]:
            return self._error(self.server.statuses[name].pop(0), "")
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.server.ranges:
            start = int(asked[1])
        if self.command == "GET":
            self.server.starts[name].append(start)
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{blob_of(name, content)}"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self._body(name, content[start:])

    def _body(self, name: str, body: bytes) -> None:
        cut = self.server.cuts[name].pop(0) if self.server.cuts[name] else len(body)
        for at in range(0, min(cut, len(body)), _PIECE):
            if name in self.server.held and at:
                self.server.release.wait()
            piece = body[at : min(at + _PIECE, cut)]
            try:
                self.wfile.write(piece)
            except OSError:
                break
            self.server.served[name] += len(piece)
        if cut < len(body):
            self.close_connection = True

    def _json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
