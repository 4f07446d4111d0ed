"""How every command speaks: exit statuses, and refusals of one line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
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


def refuse(sentence: str, status: int) -> int:
    """Say it in one line. Returns the status."""
    print(" ".join(sentence.split()), file=sys.stderr)
    return status


class OneLineParser(argparse.ArgumentParser):
    """Says what was asked wrongly in one line."""

    def error(self, message: str) -> NoReturn:
        """End with that line."""
        self.exit(refuse(f"{message[:1].upper()}{message[1:].rstrip('.')}. See: {self.prog} --help", USAGE))
