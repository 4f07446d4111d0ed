"""How every command speaks: exit statuses, and refusals of one line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from visualizer.errors import SettingsError, VisualizerError

SUCCESS, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130


def exit_status(work: Callable[[], int], interrupted: str = "") -> int:
    """Do the work; what goes wrong in a foreseen way becomes one line and a status.

    interrupted: what is said when Ctrl-C, or a request to terminate, has ended it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return work()
    except SettingsError as exc:
        return refuse(str(exc), USAGE)
    except VisualizerError as exc:
        return refuse(str(exc), FAILURE)
    except KeyboardInterrupt:
        return refuse(interrupted, INTERRUPTED) if interrupted else INTERRUPTED
    except BrokenPipeError:  # who read our output has gone; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """Hand out a check that raises KeyboardInterrupt once one has come, for the loops of long work.

    The signal raises it too, but an exception that comes while a library in C calls back may be dropped there.
    """
    came = False

    def hear(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    # A background job is started with SIGINT ignored, and keeps it so.
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, hear) for number in heard]
    try:
        yield check
    finally:
        for number, handler in zip(heard, before, strict=True):
            signal.signal(number, handler)


def refuse(sentence: str, status: int) -> int:
    """Say it in one line. Returns the status."""
    print(" ".join(sentence.split()), file=sys.stderr)
    return status


def printable(text: str) -> str:
    """Text that a terminal shows and does not obey."""
    return "".join(sign if sign in "\n\t" or unicodedata.category(sign) != "Cc" else "\ufffd" for sign in text)


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """A line on a terminal's standard error that is written over and over; elsewhere nothing is shown."""
    if not sys.stderr.isatty():
        yield lambda words: None
        return

    def tell(words: str) -> None:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        sys.stderr.write(f"\r\x1b[K{printable(words)[: columns - 1]}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        tell("")


def exit_status_told(work: Callable[[Callable[[str], None]], int], interrupted: str) -> int:
    """`exit_status` of long work that tells how far it is: on the status line, where an interrupt is heard too."""

    def told_work() -> int:
        with interrupts() as check, status_line() as show:

            def tell(words: str) -> None:
                check()
                show(words)

            return work(tell)

    return exit_status(told_work, interrupted)


class OneLineParser(argparse.ArgumentParser):
    """Says what was asked wrongly in one line."""

    def error(self, message: str) -> NoReturn:
        """End with that line."""
        self.exit(refuse(f"{message[:1].upper()}{message[1:].rstrip('.')}. See: {self.prog} --help", USAGE))
