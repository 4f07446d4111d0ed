"""Serves the page: `python app.py` (or `make run`)."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

from visualizer.bundled import ASSETS_FOLDER
from visualizer.errors import VisualizerError
from visualizer.hub import Progress, default_hub, obtain, preselected
from visualizer.logs import log_to_terminal
from visualizer.model import CheckpointCard
from visualizer.trace import MAX_FILE_BYTES

FAVICON = ASSETS_FOLDER / "favicon.png"
LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


class PortTakenError(VisualizerError):
    """Something else listens there."""


def main() -> int:
    """Parse flags, build the page, serve. Returns the exit status."""
    arguments = _parse()
    log_to_terminal(logging.INFO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        serve(arguments.model, arguments.host, arguments.port)
    except VisualizerError as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def serve(model: str | None, host: str, port: int) -> None:
    """Serve the page until interrupted.

    model: "pocket", a folder or a hub id, fetched first where it is not here; None takes the best that is here.
    Raises VisualizerError when the checkpoint, a prompt file or the port cannot be used.
    """
    _check_port(host, port)
    card = obtain_card(model)

    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from visualizer.page import Chooser, build_page, page_head, page_theme
    from visualizer.prompts import load_prompts
    from visualizer.run import Engine, cache_folder

    engine = Engine(card)
    local = host in LOCAL_HOSTS
    # Whoever reaches the page from elsewhere must not read this machine's folders or fill its disk.
    page = build_page(engine, load_prompts(), Chooser(engine, default_hub()) if local else None, cache_folder())
    engine.start()
    hosts = LOCAL_HOSTS if local else ["*"]
    try:
        print(f"{card.name}: open http://{host}:{port}", flush=True)
        page.launch(
            server_name=host,
            server_port=port,
            head=page_head(),
            theme=page_theme(),
            favicon_path=FAVICON,
            footer_links=[],
            max_file_size=MAX_FILE_BYTES,
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            quiet=True,
            app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]},
        )
    finally:
        engine.close()


def obtain_card(model: str | None) -> CheckpointCard:
    """The checkpoint to begin with; a fetch shows on the terminal.

    Raises VisualizerError, in one sentence, when it cannot be had.
    """
    return preselected() if model is None else obtain(model, default_hub(), _teller())


def _teller() -> Callable[[str | Progress], None]:
    """Prints how far a fetch is: one line that renews itself on a terminal, a line every tenth elsewhere."""
    tenth = -1

    def tell(news: str | Progress) -> None:
        nonlocal tenth
        if isinstance(news, str):
            print(news, flush=True)
        elif sys.stdout.isatty():
            print(f"\r\x1b[K{news}", end="\n" if news.done_bytes >= news.total_bytes else "", flush=True)
        elif int(news.share * 10) > tenth:
            tenth = int(news.share * 10)
            print(news, flush=True)

    return tell


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as exc:
            raise PortTakenError(f"{port} is not a port; choose one from 1 to 65535.") from exc
        except OSError as exc:
            raise PortTakenError(
                f"Port {port} on {host} cannot be used ({exc.strerror}); choose another with --port (make run PORT=…)."
            ) from exc


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Watch a diffusion language model think, in the browser.")
    parser.add_argument("--model", help="pocket, a checkpoint folder, or a hub id that is fetched once (default: "
                        "DiffusionGemma on Apple silicon where it has been fetched, else pocket)")  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
