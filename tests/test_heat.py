"""Films and pictures coloured by the player's other views."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.support.made_traces import made_trace
from tests.support.played import made_info, made_run
from visualizer.errors import SettingsError
from visualizer.export.formats import export, finish
from visualizer.picture.heat import HEAT_NATS, HEATS, INKS, heats_of
from visualizer.picture.legend import legend
from visualizer.picture.options import SceneOptions, View
from visualizer.picture.painter import Painter
from visualizer.picture.scene import build_scene
from visualizer.picture.tiles import Inks
from visualizer.theme import THEMES
from visualizer.trace.canvas import CellState, changed, reverted
from visualizer.trace.settled import settled_steps
from visualizer.trace.trace import trace_of

RUN = trace_of(made_info(), made_run(48, 12))
TWO_BLOCKS = trace_of(made_info(), made_run(24, 6, blocks=2))
OPTIONS = SceneOptions(width=640, height=360)


def test_entropy_is_one_step_hotter_above_each_limit():
    for state, heat in zip(RUN.states, heats_of(RUN, View.CONFIDENCE), strict=True):
        assert heat.tolist() == [sum(nats > limit for limit in HEAT_NATS) for nats in state.entropy_nats.tolist()]


@pytest.mark.parametrize("trace", [RUN, TWO_BLOCKS], ids=["one block", "two blocks"])
def test_in_the_end_the_order_is_the_fifth_in_which_a_position_settled(trace):
    heats = heats_of(trace, View.ORDER)
    for block in trace.blocks:
        states = trace.states_of(block)
        last = states[-1].step
        settled = np.minimum(settled_steps(states), last)
        assert heats[block.last].tolist() == [max(1, HEATS - HEATS * (int(step) - 1) // last) for step in settled]
        assert not heats[block.first].any()


def test_revisions_count_what_was_taken_back_or_replaced_in_the_block():
    for trace in (RUN, TWO_BLOCKS):
        heats = heats_of(trace, View.REVISIONS)
        for block in trace.blocks:
            pairs = list(pairwise(trace.states_of(block)))
            often = sum(reverted(a, b).astype(int) + changed(a, b).astype(int) for a, b in pairs)
            assert heats[block.last].tolist() == np.minimum(often, HEATS).tolist()
            assert heats[block.last].any()


@pytest.mark.parametrize("view", INKS)
def test_cells_of_text_carry_the_heat_of_their_view_and_no_mark(view):
    scene = build_scene(TWO_BLOCKS, replace(OPTIONS, view=view))
    heats = heats_of(TWO_BLOCKS, view)
    first, second = TWO_BLOCKS.blocks
    frame = next(frame for frame in scene.frames if frame.state_index == second.first + 3)
    looks = {cell.position: cell.look for cell in frame.cells}
    for position, look in looks.items():
        block, index = (first, first.last) if position < second.offset else (second, frame.state_index)
        assert look.mark == 0 and not look.lit
        assert look.heat in (None, int(heats[index][position - block.offset]))
    assert {look.heat for look in looks.values()} - {None, 0}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", INKS)
def test_a_legend_shows_the_five_heats_apart_in_a_palette_that_a_gif_can_hold(view, theme):
    inks = Inks(THEMES[theme], INKS[view])
    assert len(inks.palette()) <= 256
    tints = [tuple(inks.palette()[inks.ramp(f"heat {heat}")[0]]) for heat in range(1, HEATS + 1)]
    assert len(set(tints)) == HEATS
    looks = [entry.cell.look for entry in legend(view)]
    assert [look.heat for look in looks if look.state is not CellState.MASKED] == list(range(1, HEATS + 1))


def test_a_hotter_token_has_a_higher_bar_under_it():
    scene = build_scene(RUN, replace(OPTIONS, view="order", legend=False))
    frame = scene.frames[-1]
    painter = Painter(scene)
    pixels = painter.paint(frame)
    stage, bar = scene.stage, painter._inks.flat("heat")
    heights = {}
    for cell in frame.cells:
        if cell.look.heat and cell.signs:
            left = stage.left + cell.column * stage.metrics.column_px
            top = stage.top + cell.row * stage.metrics.line_px
            column = pixels[top : top + stage.metrics.line_px, left]
            heights.setdefault(cell.look.heat, set()).add(int((column == bar).sum()))
    assert len(heights) > 2
    ordered = [heights[heat] for heat in sorted(heights)]
    assert all(max(low) < min(high) for low, high in pairwise(ordered))


@pytest.mark.parametrize("view", INKS)
@pytest.mark.parametrize("suffix", [".gif", ".png", ".strip.png"])
def test_every_view_becomes_films_and_pictures(tmp_path, view, suffix):
    trace = made_trace(["1", ".", " Mercury", "\n"] * 3, steps=5)
    plain, other = tmp_path / f"plain{suffix}", tmp_path / f"other{suffix}"
    finish(export(trace, plain, OPTIONS))
    finish(export(trace, other, replace(OPTIONS, view=view)))
    assert plain.read_bytes() != other.read_bytes()


def test_a_view_that_there_is_not_is_refused():
    with pytest.raises(SettingsError, match="The view must be"):
        SceneOptions(view="heat")
