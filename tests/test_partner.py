"""Which model types beside which: the pocket's where it comes with the app, Gemma 4 where the hub's cache has it."""

from dataclasses import replace

import pytest

from tests.support.tiny_typewriter import make_typewriter
from visualizer.bundled import POCKET_FOLDER
from visualizer.hub import DIFFUSION_GEMMA, Machine, partner_of
from visualizer.model import read_card

POCKET = read_card(POCKET_FOLDER)


@pytest.fixture
def typewriter(tmp_path):
    return make_typewriter(tmp_path / "typewriter")


def test_the_pockets_partner_comes_with_the_app_or_there_is_none(monkeypatch, tmp_path, typewriter):
    monkeypatch.setattr("visualizer.hub.partner.POCKET_TYPEWRITER_FOLDER", typewriter)
    found = partner_of(POCKET)
    assert (found.card.name, found.beside) == ("tiny-typewriter", True)
    monkeypatch.setattr("visualizer.hub.partner.POCKET_TYPEWRITER_FOLDER", tmp_path / "nowhere")
    assert partner_of(POCKET) is None


@pytest.mark.parametrize(("memory_bytes", "beside"), [(10**10, True), (180_000_000, False)])
def test_the_large_ones_partner_is_what_the_cache_has_and_memory_is_reckoned_for_both(
    monkeypatch, typewriter, memory_bytes, beside
):
    monkeypatch.setattr("visualizer.hub.partner.find_cached", lambda name, hub: read_card(typewriter))
    large = replace(POCKET, name=DIFFUSION_GEMMA, folder=typewriter)
    assert partner_of(large, lambda: None, lambda: Machine(True, memory_bytes)).beside is beside


def test_any_other_checkpoint_has_none(typewriter):
    assert partner_of(replace(POCKET, folder=typewriter)) is None
