"""Serves the page: `python app.py` (or `make run`)."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from visualizer.checkpoint import POCKET_FOLDER, read_card
from visualizer.errors import VisualizerError

FAVICON = Path(__file__).resolve().parent / "assets" / "favicon.png"
LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


class PortTakenError(VisualizerError):
    """Something else listens there."""


def main() -> int:
    """Parse flags, build the page, serve. Returns the exit status."""
    arguments = _parse()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        serve(arguments.model, arguments.host, arguments.port)
    except VisualizerError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def serve(model: Path, host: str, port: int) -> None:
    """Serve the page until interrupted.

    Raises VisualizerError when the checkpoint, a prompt file or the port cannot be used.
    """
    card = read_card(model)
    _check_port(host, port)

    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from visualizer.engine import Engine
    from visualizer.prompts import load_prompts
    from visualizer.ui import build_page, page_head, page_theme

    engine = Engine(card)
    page = build_page(engine, load_prompts())
    engine.start()
    hosts = LOCAL_HOSTS if host in LOCAL_HOSTS else ["*"]
    try:
        print(f"{card.name}: open http://{host}:{port}", flush=True)
        page.launch(
            server_name=host,
            server_port=port,
            head=page_head(),
            theme=page_theme(),
            favicon_path=FAVICON,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            quiet=True,
            app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]},
        )
    finally:
        engine.close()


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
    parser.add_argument("--model", type=Path, default=POCKET_FOLDER, help="checkpoint folder (default: the pocket one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
