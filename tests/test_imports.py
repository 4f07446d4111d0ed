"""What imports what: folders import downward only and through one another's front doors, and light rooms stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "visualizer"
FLOORS = ("command", "page", "export", "run", "hub", "player", "picture", "model", "measure", "trace")
"""High to low. Under all of them lie the files of `visualizer/` itself; its `__main__` stands on top."""
ON_MLX = {
    f"visualizer.model.{name}"
    for name in ("block_draft", "sampler", "readout", "denoise", "device", "evaluation", "typewriter")
}
"""Loaded in the model's own process only, so no front door names what they hold."""
HEAVY = ("mlx", "mlx_lm", "mlx_vlm", "transformers", "torch", "gradio", "av", "imageio", "PIL")


class Import(NamedTuple):
    """A name that a file imports. folder: where it comes from, "" for the ground floor; through: the module named."""

    folder: str
    through: str
    name: str


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else ""


def imports_of(source: str) -> list[Import]:
    """All that a file imports of the house, inside its functions too."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "the house imports absolutely"
            names = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        else:
            continue
        found += [Import(folder_of(module), module, name) for module, name in names if module.startswith("visualizer")]
    return found


FILES = {module_name(path): path for path in sorted(HOUSE.rglob("*.py"))}
LIGHT = sorted(name for name in FILES if folder_of(name) != "page" and name not in ON_MLX | {"visualizer.__main__"})


def public_names(folder: str) -> set[str]:
    """What a folder's front door lets others use."""
    tree = ast.parse((HOUSE / folder / "__init__.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    assert len(found) == 1, f"{folder} has no __all__"
    return set(ast.literal_eval(found[0].value))


def heavy_imports(names: list[str]) -> dict[str, list[str]]:
    """Heavy packages that each import, in this order, adds to a fresh Python."""
    lines = ["import importlib, sys", f"heavy = {HEAVY!r}", "seen = set()", f"for name in {names!r}:"]
    lines += [
        "    importlib.import_module(name)",
        "    now = {package for package in heavy if package in sys.modules}",
        "    print(name, *sorted(now - seen))",
        "    seen |= now",
    ]
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return {name: added for name, *added in map(str.split, finished.stdout.splitlines())}


def test_the_light_rooms_import_nothing_heavy():
    assert heavy_imports(LIGHT) == {name: [] for name in LIGHT}


def test_the_page_does_not_import_the_model_or_the_video_library():
    assert set(heavy_imports(["visualizer.page"])["visualizer.page"]) <= {"gradio", "PIL"}


def test_every_folder_has_its_floor():
    assert {path.name for path in HOUSE.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(FLOORS)


@pytest.mark.parametrize("folder", [*FLOORS, ""])
def test_a_folder_imports_lower_ones_only(folder):
    lower = {*FLOORS[FLOORS.index(folder) + 1 :], folder, ""} if folder else {""}
    for module, path in FILES.items():
        if folder_of(module) == folder and module != "visualizer.__main__":
            upward = [name for name in imports_of(path.read_text(encoding="utf-8")) if name.folder not in lower]
            assert not upward, f"{module} imports upward: {upward}"


@pytest.mark.parametrize("folder", FLOORS)
def test_others_come_in_through_the_front_door(folder):
    public = public_names(folder)
    for module, path in FILES.items():
        if folder_of(module) != folder:
            for found in imports_of(path.read_text(encoding="utf-8")):
                if found.folder == folder and found.through not in ON_MLX:
                    assert found.through == f"visualizer.{folder}", f"{module} climbs in by {found.through}"
                    assert found.name in public, f"{module} uses {found.name}, which {folder} does not offer"


@pytest.mark.parametrize("folder", FLOORS)
def test_a_front_door_names_what_is_used_and_nothing_else(folder):
    """By the house, the workshops or the tests."""
    workshops = [path for name in ("bench", "training") for path in (ROOT / name).rglob("*.py")]
    outside = [path for module, path in FILES.items() if folder_of(module) != folder]
    outside += [*workshops, ROOT / "app.py"]
    used = {found.name for path in outside for found in imports_of(path.read_text(encoding="utf-8"))}
    assert public_names(folder) <= used


def test_the_import_finder_sees_what_a_function_imports():
    source = "def f():\n    from visualizer.trace import Trace\n    import visualizer.model.denoise\n"
    assert imports_of(source) == [
        Import("trace", "visualizer.trace", "Trace"), Import("model", "visualizer.model.denoise", "")
    ]  # fmt: skip
