"""Serves the page on one engine until it is interrupted."""

from __future__ import annotations

import socket

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from visualizer.bundled import ASSETS_FOLDER
from visualizer.errors import VisualizerError
from visualizer.hub import Checkpoints, default_hub
from visualizer.model import CheckpointCard
from visualizer.page.ui import build_page, page_head, page_theme
from visualizer.prompts import load_prompts
from visualizer.run import Engine, cache_folder
from visualizer.trace import MAX_FILE_BYTES

_FAVICON = ASSETS_FOLDER / "favicon.png"
_LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


class PortTakenError(VisualizerError):
    """Something else listens there."""


def serve(card: CheckpointCard, host: str, port: int) -> None:
    """Serve the page, a checkpoint to begin with.

    Raises VisualizerError when a prompt file or the port cannot be used.
    """
    _check_port(host, port)
    engine = Engine(card)
    local = host in _LOCAL_HOSTS
    # Whoever reaches the page from elsewhere must not read this machine's folders or fill its disk.
    page = build_page(engine, load_prompts(), Checkpoints(default_hub()) if local else None, cache_folder())
    engine.start()
    hosts = _LOCAL_HOSTS if local else ["*"]
    try:
        print(f"{card.name}: open http://{host}:{port}", flush=True)
        page.launch(
            server_name=host,
            server_port=port,
            head=page_head(),
            theme=page_theme(),
            favicon_path=_FAVICON,
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
