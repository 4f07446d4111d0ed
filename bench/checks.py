"""How long the checks of the scoreboard compute on texts that are hard for them: `python -m bench.checks`."""

from __future__ import annotations

import time

from tests.support.hard_texts import HARD_TEXTS
from visualizer.measure import checks_of
from visualizer.prompts import load_prompts

OTHER_PROMPTS = (
    "Answer with valid JSON.",
    "A list of five tips, in at most 50 words.",
    "Write a Python function that adds, with a docstring and two examples.",
)


def main() -> None:
    """Print the slowest check of all texts, and its text."""
    prompts = [*(prompt.text for prompt in load_prompts()), *OTHER_PROMPTS]
    checks = [check for prompt in prompts for check in checks_of(prompt)]
    for check in checks:
        check.holds("The dictionary\nhas been\nread.")
    slowest = []
    for name, text in HARD_TEXTS.items():
        for check in checks:
            started = time.process_time()
            check.holds(text)
            slowest.append((time.process_time() - started, f"{check.group} {check.label}".strip(), name))
    slowest.sort(reverse=True)
    print(f"{len(checks)} checks, {len(HARD_TEXTS)} texts; the slowest:")
    for seconds, check, text in slowest[:8]:
        print(f"{1000 * seconds:6.1f} ms  {check}: {text}")


if __name__ == "__main__":
    main()
