"""A small hub on this machine: enough of Hugging Face's API to look a checkpoint up and fetch it, and bad manners.

As the real hub it keeps large files elsewhere: it answers with a signed address on another host, good for one request.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", "tokenizer.json")
_PIECE = 65536


class HubServer(ThreadingHTTPServer):
    """repos: files by repository. served: body bytes sent, by file name. starts: first bytes asked for, likewise.

    cuts: by file name, after how many bytes of a body its next answers are cut off, one entry an answer. statuses: by
    file name, the HTTP status of its next answers. held: files that are not sent on until `release` is set.
    gave: signed addresses, by file name. late: by file name, how many of its next ones have expired when they are used.
    authorized: of the requests that carried a token, the host asked.
    """

    daemon_threads = True

    def __init__(self, repos: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = _Store(self)
        self.repos = repos
        self.gave: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.good: dict[str, tuple[str, str]] = {}
        self.authorized: list[str] = []
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


class _Store(ThreadingHTTPServer):
    """The other host, where the large files are."""

    daemon_threads = True

    def __init__(self, hub: HubServer) -> None:
        super().__init__(("127.0.0.1", 0), _StoreHandler)
        self.hub = hub

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of what is tested."""

    @property
    def address(self) -> str:
        """By another name than the hub's."""
        return f"http://localhost:{self.server_port}"


@contextmanager
def served_hub(repos: dict[str, dict[str, bytes]]) -> Iterator[HubServer]:
    """A hub with these repositories, until the block ends."""
    server = HubServer(repos)
    servers = (server, server.store)
    threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in servers]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        server.release.set()
        for one, thread in zip(servers, threads, strict=True):
            one.shutdown()
            one.server_close()
            thread.join()


def files_of(folder: Path) -> dict[str, bytes]:
    """A folder's files, as a repository."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def blob_of(name: str, content: bytes) -> str:
    """The hash that names a file in the hub's cache."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _FileHandler(BaseHTTPRequestHandler):
    """What both hosts do: answer, and send a file or a part of it."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self) -> None:
        raise NotImplementedError

    def _file(self, hub: HubServer, name: str, content: bytes) -> None:
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and hub.ranges:
            start = int(asked[1])
        if self.command == "GET":
            hub.starts[name].append(start)
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{blob_of(name, content)}"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self._body(hub, name, content[start:])

    def _body(self, hub: HubServer, name: str, body: bytes) -> None:
        cut = hub.cuts[name].pop(0) if hub.cuts[name] else len(body)
        for at in range(0, min(cut, len(body)), _PIECE):
            if name in hub.held and at:
                hub.release.wait()
            piece = body[at : min(at + _PIECE, cut)]
            try:
                self.wfile.write(piece)
            except OSError:
                break
            hub.served[name] += len(piece)
        if cut < len(body):
            self.close_connection = True

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _StoreHandler(_FileHandler):
    server: _Store

    def _answer(self) -> None:
        hub, query = self.server.hub, parse_qs(urlsplit(self.path).query)
        if "Authorization" in self.headers:
            hub.authorized.append("store")
        repo, name = hub.good.pop(query.get("Signature", [""])[0], (None, ""))
        if repo is None:
            return self._error(403, "")
        if hub.late[name]:
            hub.late[name] -= 1
            return self._error(403, "")
        self._file(hub, name, hub.repos[repo][name])


class _Handler(_FileHandler):
    server: HubServer

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+|/tree/[^/]+)?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        repo = (api or file)[1] if api or file else None
        if "Authorization" in self.headers:
            self.server.authorized.append("hub")
        if repo in self.server.gated and api is None:
            return self._error(403, "GatedRepo")
        if repo not in self.server.repos:
            return self._error(401 if repo else 404, "RepoNotFound")
        if api:
            return self._json(self._tree(repo) if (api[2] or "").startswith("/tree") else self._info(repo))
        name = file[2]
        if name not in self.server.repos[repo]:
            return self._error(404, "EntryNotFound")
        if self.command == "GET" and self.server.statuses[name]:
            return self._error(self.server.statuses[name].pop(0), "")
        if name.endswith(LARGE):
            return self._elsewhere(repo, name, self.server.repos[repo][name])
        self._file(self.server, name, self.server.repos[repo][name])

    def _elsewhere(self, repo: str, name: str, content: bytes) -> None:
        signature = secrets.token_hex(8)
        if self.command == "GET":
            self.server.gave[name] += 1
            self.server.good[signature] = (repo, name)
        self.send_response(302)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("X-Linked-ETag", f'"{blob_of(name, content)}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Location", f"{self.server.store.address}/{name}?Expires=1&Signature={signature}")
        self.send_header("Content-Length", "0")
        self.end_headers()

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

    def _json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
