"""The fetch's process as on a Mac, which cannot be had here; everything else in it is the app's own."""

from __future__ import annotations

from multiprocessing.connection import Connection
from unittest.mock import patch

from visualizer.hub import download
from visualizer.hub.catalog import Offer

_serve = download._serve


def serve(offer: Offer, pipe: Connection, tries: int, level: int) -> None:
    """What the child runs instead of the app's own function; in the child it is the app's own again."""
    with patch.object(download, "is_apple_silicon", lambda: True):
        _serve(offer, pipe, tries, level)
