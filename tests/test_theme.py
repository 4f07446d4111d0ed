"""The colours can be read."""

import re
from dataclasses import fields

import pytest

from visualizer.theme import SAFE, THEMES, Theme

STATES = ("masked", "new", "draft", "committed", "reverted", "changed")


def luminance(colour):
    """Relative luminance of a CSS hex colour (WCAG 2)."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", [*STATES, "text", "quiet"])
def test_a_state_stands_out_from_its_surface(theme, name):
    assert contrast(getattr(theme, name), theme.surface) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_words_on_a_button_can_be_read(theme):
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_colours_of_the_states_differ(theme):
    colours = [getattr(theme, name) for name in STATES]
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_colour_becomes_a_css_property(theme):
    declared = dict(re.findall(r"--c-([a-z-]+): (#[0-9a-f]{6});", theme.css_variables()))
    assert declared == {field.name.replace("_", "-"): getattr(theme, field.name) for field in fields(Theme)}
