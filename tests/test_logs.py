"""The log: what is said again is said once, and then how often."""

from __future__ import annotations

import io
import logging
import traceback

import gradio
import pytest

from visualizer.logs import FoldRepeats, FoldTracebacks


@pytest.fixture
def written():
    """What a logger with the filter has written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(FoldRepeats())
    logger = logging.getLogger("tests.folded")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


log = logging.getLogger("tests.folded")


def fail(said, logged=True):
    try:
        raise ValueError(said)
    except ValueError:
        if logged:
            log.exception("A request failed")
        else:
            traceback.print_exc()


def test_an_error_is_logged_whole_once_and_then_counted(written):
    for number in range(250):
        fail(f"value {number}")
    lines = written.getvalue().splitlines()
    assert lines[0] == "A request failed"
    assert lines.count("Traceback (most recent call last):") == 1
    assert lines[-2:] == ["A request failed (again, 10 times)", "A request failed (again, 100 times)"]


def test_warnings_that_differ_in_a_number_are_the_same_and_others_are_not(written):
    for number in range(10):
        log.warning("The disk has %d bytes left", number)
    log.warning("The disk is full")
    assert written.getvalue().splitlines() == [
        "The disk has 0 bytes left", "The disk has 9 bytes left (again, 10 times)", "The disk is full",
    ]  # fmt: skip


def test_what_is_no_warning_is_never_folded(written):
    log.setLevel(logging.INFO)
    for _ in range(3):
        log.info("A run")
    assert written.getvalue() == "A run\n" * 3


def test_tracebacks_that_are_printed_past_the_log_are_folded_too(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", FoldTracebacks(stream))
    for number in range(100):
        fail(f"value {number}", logged=False)
    whole, *again = stream.getvalue().split("ValueError: ")
    assert whole.startswith("Traceback (most recent call last):\n  File ")
    assert again == ["value 0\n", "value 9 (again, 10 times)\n", "value 99 (again, 100 times)\n"]


def test_what_clients_are_told_is_one_line(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", FoldTracebacks(stream))
    for _ in range(10):
        try:
            raise gradio.exceptions.Error("Value: 3 is not in the list of choices")
        except gradio.exceptions.Error:
            traceback.print_exc()
    said = "gradio.exceptions.Error: 'Value: 3 is not in the list of choices'"
    assert stream.getvalue() == f"{said}\n{said} (again, 10 times)\n"


def test_an_error_raised_while_another_was_handled_is_folded_with_it(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", FoldTracebacks(stream))
    for _ in range(2):
        try:
            try:
                raise KeyError("one")
            except KeyError as exc:
                raise ValueError("two\n  and more of it") from exc
        except ValueError:
            traceback.print_exc()
    lines = stream.getvalue().splitlines()
    assert [lines.count(said) for said in ("KeyError: 'one'", "ValueError: two", "  and more of it")] == [1, 1, 1]
    assert sum("direct cause" in line for line in lines) == 1


def test_other_lines_pass_in_whatever_pieces_they_come():
    stream = io.StringIO()
    folded = FoldTracebacks(stream)
    for piece in ("one", " line\n\ntwo", "\n", "  indented\nTrace", "back of something\n"):
        folded.write(piece)
    assert stream.getvalue() == "one line\n\ntwo\n  indented\nTraceback of something\n"
