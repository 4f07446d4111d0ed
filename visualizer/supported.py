"""Whether the app can be installed here: `python visualizer/supported.py` says in one sentence why not.

Run by the Makefile before anything is installed, by whichever Python there is: no import of the app, and no syntax that
Python 3.6 does not read.
"""

import platform
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
OLDEST_MACOS = 14


def refusal(
    system: str, release: str, machine: str, python_machine: str, version: "tuple[int, ...]", compiler: bool = True
) -> str:
    """One sentence that says why the app cannot be installed, or an empty one.

    system: "Darwin", "Linux" or another; release: macOS's; machine: the processor's kind, python_machine: the one that
    this Python was built for; version: Python's; compiler: whether C can be compiled.
    """
    found = ".".join(str(number) for number in version)
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        return f"Python 3.11 to 3.14 is needed, and this is {found}. Try: make run PYTHON=python3.12"
    if system == "Darwin":
        if machine != "arm64":
            return "On a Mac the app needs Apple silicon (M1 or later), and this one has an Intel processor."
        if python_machine != "arm64":
            return (
                "This Python is built for Intel processors and runs translated; install one for Apple silicon (arm64), "
                "and name it: make run PYTHON=/path/to/python3"
            )
        if int(release.split(".")[0] or 0) < OLDEST_MACOS:
            return f"macOS {OLDEST_MACOS} or later is needed, and this is {release}."
        return ""
    if system != "Linux":
        return f"The app runs on macOS and Linux, and this is {system or 'another system'}. On Windows, use WSL 2."
    if python_machine in ("aarch64", "arm64"):
        return "" if compiler else "On Linux ARM a C compiler is needed for the package miniaudio: apt install gcc"
    if python_machine != "x86_64":
        return f"On Linux the app needs an x86_64 or ARM64 Python, and this is one for {python_machine}."
    return ""


def _processor() -> str:
    """What the processor is, which a translated program is not told."""
    if platform.system() == "Darwin" and platform.machine() != "arm64":
        asked = subprocess.run(["sysctl", "-n", "hw.optional.arm64"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return "arm64" if asked.stdout.strip() == b"1" else platform.machine()
    return platform.machine()


def main() -> int:
    """Say why it cannot be installed here, if so. Returns the exit status."""
    sentence = refusal(
        system=platform.system(),
        release=platform.mac_ver()[0],
        machine=_processor(),
        python_machine=platform.machine(),
        version=sys.version_info[:3],
        compiler=any(shutil.which(name) for name in ("cc", "gcc", "clang")),
    )
    if sentence:
        print(sentence, file=sys.stderr)
    return 1 if sentence else 0


if __name__ == "__main__":
    sys.exit(main())
