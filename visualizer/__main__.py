"""The command line: `python -m visualizer`, installed as `denoise-viewer`.

The first word chooses the command. Any other is a prompt, or a flag of the export.
"""

from __future__ import annotations

import sys
from pathlib import Path

from visualizer.command import (
    check_command,
    export_command,
    race_command,
    serve_command,
    study_command,
    trace_command,
)

COMMANDS = {
    "check": check_command,
    "race": race_command,
    "serve": serve_command,
    "study": study_command,
    "trace": trace_command,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    program = "python -m visualizer" if Path(sys.argv[0]).name == "__main__.py" else "denoise-viewer"
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]](words[1:], f"{program} {words[0]}")
    return export_command(words, program)


if __name__ == "__main__":
    sys.exit(main())
