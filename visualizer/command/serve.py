"""Serves the page: `python -m visualizer serve`, which is what `app.py` runs."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from contextlib import suppress

from visualizer.command.terminal import SUCCESS, OneLineParser, exit_status
from visualizer.errors import SettingsError
from visualizer.host_names import is_local
from visualizer.hub import default_hub, obtain, preselected
from visualizer.logs import fold_libraries, log_to_terminal
from visualizer.model import check_denoises

_PASSWORD = "DENOISE_VIEWER_PASSWORD"
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of malloc.h."""
_GRADIO = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Statistics of its functions, made with pandas at the end of every event, for a page that is turned off.
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
}


def serve_command(arguments: list[str], program: str) -> int:
    """Parse flags, obtain the checkpoint, serve. Returns the exit status: 1 where that cannot be, 130 at the end."""
    asked = _parser(program).parse_args(arguments)
    _give_memory_back()
    fold_libraries()
    log_to_terminal(logging.INFO)
    for name, value in _GRADIO.items():
        os.environ.setdefault(name, value)
    return exit_status(lambda: _serve(asked.model, asked.host, asked.port, asked.password, asked.open))


def _give_memory_back() -> None:
    """Have glibc keep less of what is freed.

    Two pools, and not one for each of many threads: those held 40 MB. And blocks of 128 kB and more go back at once;
    else glibc raises that bound to the largest block it has seen, and large blocks among small ones leave holes: 8 MB
    after 1,500 calls with bodies of up to 1 MB (`python -m bench.fuzz --calls 2000`).
    """
    with suppress(OSError, AttributeError, TypeError):  # not glibc
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 2)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 17)


def _serve(model: str | None, host: str, port: int, password: str | None, is_open: bool) -> int:
    """Serve until interrupted; a checkpoint that is not here is fetched first.

    Raises VisualizerError when the checkpoint, a prompt file or the port cannot be used, and SettingsError when others
    could reach the page who were not meant to.
    """
    if not password and not is_open and not is_local(host):
        raise SettingsError(
            f"Others can reach a page at {host}: give it a password (--password or {_PASSWORD}), or --open to mean it "
            "without one."
        )
    card = preselected() if model is None else obtain(model, default_hub(), sys.stdout)
    check_denoises(card)

    from visualizer.page import serve

    serve(card, host, port, password or None)
    return SUCCESS


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(prog=program, description="Watch a diffusion language model think, in the browser.")
    parser.add_argument("--model", help="pocket, a checkpoint folder, or a hub id that is fetched once (default: "
                        "DiffusionGemma on Apple silicon where it has been fetched, else pocket)")  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--password", default=os.environ.get(_PASSWORD), help="what visitors have to give; the "
                        f"environment variable {_PASSWORD} is not seen by other users of this machine")  # fmt: skip
    parser.add_argument("--open", action="store_true", help="on another address than this machine's own: no password")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    return parser
