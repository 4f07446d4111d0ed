"""The Gradio page and its API: wiring, no logic."""

from __future__ import annotations

from visualizer.page.serve import serve
from visualizer.page.ui import build_page, page_head, page_theme

__all__ = ["build_page", "page_head", "page_theme", "serve"]
