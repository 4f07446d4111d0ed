"""How the app and its child processes log: a spawned process starts without its parent's logging.

What is said again and again is said once, and then how often: a thousand of the same errors must not hide the one that
matters.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TextIO

_REMEMBERED = 1000
"""Different things said, the latest."""
_CHANGING = re.compile(r"0x[0-9a-fA-F]+|\d+")
_BEGINNING = "Traceback (most recent call last):"
_TOLD = "gradio.exceptions.Error: "
"""Begins what the client is told in the same words: a line of it is enough."""
_LINKS = ("", "During handling of the above exception, another exception occurred:",
          "The above exception was the direct cause of the following exception:")  # fmt: skip


def log_to_terminal(level: int) -> None:
    """Send this process's log to standard error, from this level on; the HTTP libraries' own from warnings on."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(FoldRepeats())
    for chatty in ("httpx", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def fold_libraries() -> None:
    """Fold what a server's libraries say past this process's log, too: on standard error, as warnings, by uvicorn."""
    sys.stderr = FoldTracebacks(sys.stderr)
    logging.captureWarnings(True)
    logging.getLogger("uvicorn.error").addFilter(FoldRepeats())


def log_level() -> int:
    """The level that this process logs from, to be handed to its children."""
    return logging.getLogger().getEffectiveLevel()


class FoldRepeats(logging.Filter):
    """Of warnings and errors that say the same, or were raised at the same place, the first passes whole, and the 10th,
    100th, 1,000th … with how many they are."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats = _Repeats()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; what it says is changed where it stands for many."""
        if record.levelno < logging.WARNING:
            return True
        raised = record.exc_info[1] if record.exc_info else None
        said = _CHANGING.sub("#", record.getMessage()) if raised is None else _place(raised)
        times = self._repeats.count((record.name, said))
        if times > 1:
            record.msg, record.args = f"{record.getMessage()} (again, {times:,} times)", None
            record.exc_info = record.exc_text = None
        return _worth_saying(times)


class FoldTracebacks(io.TextIOBase):
    """A stream that passes on what it gets, but of tracebacks from the same place only the first whole, and the 10th,
    100th, 1,000th … as one line; of what clients are told, the first as one line, too.

    Gradio prints tracebacks, of what it makes of bad input too, and does not log them.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._repeats = _Repeats()
        self._lock = threading.Lock()
        self._line = ""
        self._held: list[str] = []
        self._folded = False

    def write(self, text: str) -> int:
        """Take text, in pieces of any size."""
        with self._lock:
            for piece in text.splitlines(keepends=True):
                self._line += piece
                if self._line.endswith("\n"):
                    line, self._line = self._line, ""
                    self._take(line)
        return len(text)

    def flush(self) -> None:
        """Nothing stays behind but a line or a traceback under way."""
        self._stream.flush()

    def fileno(self) -> int:
        """The stream's own, which child processes inherit."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """As the stream says."""
        return self._stream.isatty()

    def _take(self, line: str) -> None:
        said = line.rstrip()
        if said == _BEGINNING:
            self._held = [line]
        elif self._held:
            self._held.append(line)
            if said and not line[0].isspace():  # the error itself: the last line
                self._end(said)
        elif not (self._folded and (said in _LINKS or line[0].isspace())):  # what belongs to a folded one goes with it
            self._folded = False
            self._stream.write(line)

    def _end(self, error: str) -> None:
        held, self._held = self._held, []
        frames = tuple(line for line in held if line.lstrip().startswith("File "))
        times = self._repeats.count((error.partition(":")[0], frames))
        told = error.startswith(_TOLD)
        self._folded = times > 1 or told
        if times == 1:
            self._stream.writelines(held[-1:] if told else held)
        elif _worth_saying(times):
            self._stream.write(f"{error} (again, {times:,} times)\n")
        self._stream.flush()


class _Repeats:
    """Counts what is said again, for any thread."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, said: Hashable) -> int:
        """How often it has been said, now included."""
        with self._lock:
            times = self._counts[said] = self._counts.pop(said, 0) + 1
            if len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)
            return times


def _worth_saying(times: int) -> bool:
    return str(times).rstrip("0") == "1"


def _place(raised: BaseException) -> Hashable:
    """What was raised, and through which lines it came."""
    lines, trace = [], raised.__traceback__
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return type(raised).__name__, tuple(lines)
