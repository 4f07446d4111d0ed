"""Uploads that nobody opens go, and too many at once are refused."""

from __future__ import annotations

import os

import gradio as gr
import pytest

from visualizer.page import uploads
from visualizer.page.calls import Refused
from visualizer.page.uploads import make_room


@pytest.fixture
def page(tmp_path):
    with gr.Blocks() as page:
        pass
    for name in ("old", "new", "opened"):
        (tmp_path / name).write_bytes(bytes(1000))
        page.upload_file_set.add(str(tmp_path / name))
    os.utime(tmp_path / "old", (1, 1))
    (tmp_path / "opened").unlink()
    return page


def test_what_nobody_has_opened_for_a_minute_goes(page, tmp_path):
    make_room(page)
    assert page.upload_file_set == {str(tmp_path / "new")}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_while_too_many_wait_no_more_are_taken(page, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_WAITING_BYTES", 999)
    with pytest.raises(Refused, match="Too many files wait here to be opened"):
        make_room(page)
