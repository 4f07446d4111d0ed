"""The wheel: all that the app needs lies in it, and the installed package finds it there."""

import os
import subprocess
import sys
import tomllib
import zipfile

import pytest

from tests.support.browser import ROOT

FILES = subprocess.run(
    ["git", "ls-files", "assets", "prompts"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built with the hatchling that is installed, from nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True,
                   capture_output=True)  # fmt: skip
    (path,) = folder.glob("*.whl")
    return path


def test_every_file_that_comes_with_the_app_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert FILES
    assert {f"visualizer/bundled_files/{name}" for name in FILES} <= names


def test_the_package_is_in_it_and_nothing_else_is(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"visualizer", "diffusiongemma_visualizer"}
    assert not [name for name in names if "__pycache__" in name]


def test_its_command_and_its_versions_are_those_of_the_project(wheel):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        info = "diffusiongemma_visualizer-0.1.0.dist-info"
        assert "denoise-viewer = visualizer.__main__:main" in archive.read(f"{info}/entry_points.txt").decode()
        metadata = archive.read(f"{info}/METADATA").decode()
    assert metadata.count("Requires-Dist: ") == len(project["dependencies"])


def test_an_installed_package_reads_its_own_files(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "from visualizer.bundled import ASSETS_FOLDER, POCKET_FOLDER\n"
        "from visualizer.model import read_card\n"
        "from visualizer.prompts import load_prompts\n"
        "print(ASSETS_FOLDER.is_relative_to('.'), len(load_prompts()), read_card(POCKET_FOLDER).name)\n"
        "print(ASSETS_FOLDER)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
                          env=os.environ | {"PYTHONPATH": str(tmp_path)})  # fmt: skip
    said, folder = done.stdout.splitlines()
    assert said.split()[1:] == ["6", "pocket-diffusiongemma"]
    assert folder == str(tmp_path / "visualizer" / "bundled_files" / "assets")


def test_the_lock_holds_every_version_that_the_project_chooses():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = content["dependency-groups"]
    locks = {
        "requirements.txt": content["project"]["dependencies"],
        "tests/check-requirements.txt": groups["check"],
        "tests/requirements.txt": groups["test"],
        "tests/reference/requirements.txt": groups["reference"],
        "training/requirements.txt": groups["training"],
    }
    for path, chosen in locks.items():
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        pins = {line.split("#")[0].split(";")[0].strip() for line in lines if not line.startswith("#")}
        assert all("==" in pin and "://" not in pin for pin in pins)
        direct = {entry.split(";")[0].strip().replace("[cpu]", "") for entry in chosen if isinstance(entry, str)}
        assert direct <= pins, f"{path} is older than pyproject.toml; make lock"
