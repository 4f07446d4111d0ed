"""What imports what: the light rooms stay light, and imports run downward only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "visualizer"
ORDER = [
    "errors", "logs", "settings", "prompts", "canvas", "frame", "whole_file", "fields", "boxes", "trace",
    "trace_file", "theme", "styles", "bidi", "layout", "graphemes", "fonts", "glyphs", "looks", "final_text",
    "cells", "stage", "scene", "tiles", "image", "token_text", "sampler", "readout", "denoise", "blas",
    "checkpoint", "machine", "provenance", "hub", "fetch", "engine", "messages", "runs", "scaffold", "pictures",
    "gif", "video", "still", "tables", "embed", "html_export", "budget", "export", "export_panel", "recordings",
    "library", "api", "chooser", "chooser_panel", "controls", "ui", "__main__",
]  # fmt: skip
"""Low to high: the table of the design, with the rooms that it has grown."""
ON_MLX = {"sampler", "readout", "denoise"}
ON_GRADIO = {"api", "export_panel", "library", "chooser_panel", "controls", "ui"}
HEAVY = ("mlx", "mlx_vlm", "transformers", "torch", "gradio", "av", "imageio", "PIL")

MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
LIGHT = [name for name in ORDER if name in MODULES and name not in ON_MLX | ON_GRADIO]


def imported_rooms(name):
    """Rooms that a module imports anywhere, inside its functions too."""
    rooms = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{name} imports relatively; the others import absolutely")
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" for name in names]
        rooms |= {full.split(".")[1] for full in names if full.startswith("visualizer.")}
    return rooms


def heavy_imports(names):
    """Heavy packages that each import, in this order, adds to a fresh Python."""
    lines = ["import importlib, sys", f"heavy = {HEAVY!r}", "seen = set()", f"for name in {names!r}:"]
    lines += [
        "    importlib.import_module(name)",
        "    now = {package for package in heavy if package in sys.modules}",
        "    print(name, *sorted(now - seen))",
        "    seen |= now",
    ]
    root = FOLDER.parent
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=root, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return {name: added for name, *added in map(str.split, finished.stdout.splitlines())}


def test_the_light_rooms_import_nothing_heavy():
    names = ["visualizer", *(f"visualizer.{name}" for name in LIGHT)]
    assert heavy_imports(names) == {name: [] for name in names}


def test_the_page_does_not_import_the_model_or_the_video_library():
    assert set(heavy_imports(["visualizer.ui"])["visualizer.ui"]) <= {"gradio", "PIL"}


def test_every_room_has_its_place_in_the_order():
    assert set(MODULES) <= set(ORDER)


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_lower_ones_only(name):
    lower = set(ORDER[: ORDER.index(name)])
    assert imported_rooms(name) <= lower


def test_the_import_finder_sees_what_a_function_imports():
    assert {"denoise", "canvas", "checkpoint"} <= imported_rooms("engine")
