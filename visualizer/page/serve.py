"""Serves the page on one engine until it is interrupted."""

from __future__ import annotations

import socket
from secrets import compare_digest

from starlette.middleware import Middleware

from visualizer.bundled import ASSETS_FOLDER
from visualizer.errors import VisualizerError
from visualizer.host_names import HostNames, is_local
from visualizer.hub import Checkpoints, default_hub
from visualizer.model import CheckpointCard
from visualizer.page.door import Door
from visualizer.page.ui import build_page, page_head, page_theme
from visualizer.prompts import load_prompts
from visualizer.run import Engine, cache_folder
from visualizer.trace import MAX_FILE_BYTES

_FAVICON = ASSETS_FOLDER / "favicon.png"


class PortTakenError(VisualizerError):
    """Something else listens there."""


def serve(card: CheckpointCard, host: str, port: int, password: str | None = None) -> None:
    """Serve the page, a checkpoint to begin with. password: what a visitor has to give, under any name.

    Raises VisualizerError when a prompt file or the port cannot be used.
    """
    _check_port(host, port)
    engine = Engine(card)
    local = is_local(host)
    # Whoever reaches the page from elsewhere must not read this machine's folders or fill its disk.
    page = build_page(engine, load_prompts(), Checkpoints(default_hub()) if local else None, cache_folder())
    engine.start()
    door = Middleware(Door, page=page, names=HostNames.of(host), max_file_bytes=MAX_FILE_BYTES)
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
            auth=None if password is None else lambda _, given: compare_digest(given.encode(), password.encode()),
            auth_message="The password that was chosen when the page was started; any name will do.",
            app_kwargs={"middleware": [door]},
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
