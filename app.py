"""Serves the page: `python app.py` (or `make run`)."""

from __future__ import annotations

import sys

from visualizer.command import serve_command

if __name__ == "__main__":
    sys.exit(serve_command(sys.argv[1:], "python app.py"))
