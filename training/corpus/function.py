"""Small Python functions, each with a docstring that holds a summary and three doctest examples."""

from __future__ import annotations

import random
import re
import subprocess
import sys

from training.corpus.example import Example, unmet
from training.corpus.function_recipes import EXAMPLE_COUNT, IS_PALINDROME, OTHER_RECIPES, Call, Recipe

DEMO_PROMPT = "Write a Python function `is_palindrome(s)` with a docstring and three doctest examples."

DEMO_SHARE = 0.15
PALINDROME_SHARE = 0.2
PLAIN_WORDING_SHARE = 0.6
TIME_LIMIT_SECONDS = 5.0

PLAIN_WORDING = "Write a Python function `{signature}` with a docstring and three doctest examples."
OTHER_WORDINGS = (
    "Write `{signature}` in Python with a docstring and three doctests.",
    "Please write the Python function `{signature}` and include a docstring with three doctest examples.",
    "Create a Python function `{signature}` that has a docstring and three doctest examples.",
    "Give me a Python function `{signature}` with three doctest examples in its docstring.",
)

_SIGNATURE = re.compile(r"`([A-Za-z_]\w*)\(")

_ALL_HELD = 0
_SOME_FAILED = 3
_CHILD = """
import builtins, doctest, os, resource, sys

for limit, amount in ((resource.RLIMIT_CPU, 5), (resource.RLIMIT_AS, 1 << 30), (resource.RLIMIT_FSIZE, 0)):
    try:
        resource.setrlimit(limit, (amount, amount))
    except (OSError, ValueError):
        pass

MODULES = {"collections", "functools", "heapq", "itertools", "math", "operator", "string"}
BANNED = {"breakpoint", "compile", "eval", "exec", "exit", "help", "input", "open", "quit", "SystemExit"}


def limited_import(name, scope=None, local=None, wanted=(), level=0):
    if name not in MODULES:
        raise ImportError(name)
    return __import__(name, scope, local, wanted, level)


allowed = {name: value for name, value in vars(builtins).items() if name not in BANNED}
allowed["__import__"] = limited_import
scope = {"__name__": "answer", "__builtins__": allowed}
name, answer = sys.stdin.read().split("\\n", 1)
try:
    exec(answer, scope)
    test = doctest.DocTestParser().get_doctest(scope[name].__doc__, scope, name, None, 0)
    failed = doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed
except BaseException:
    os._exit(4)
os._exit(3 if failed else 0)
"""


def sample(rng: random.Random) -> Example:
    """Draw a request for one of the functions and a right way to write it."""
    share = rng.random()
    if share < DEMO_SHARE:
        return Example(DEMO_PROMPT, _answer(IS_PALINDROME, ("s",), rng))
    is_palindrome = share < DEMO_SHARE + PALINDROME_SHARE
    recipe = IS_PALINDROME if is_palindrome else rng.choice(OTHER_RECIPES)
    parameters = rng.choice(recipe.parameters)
    wording = PLAIN_WORDING if rng.random() < PLAIN_WORDING_SHARE else rng.choice(OTHER_WORDINGS)
    prompt = wording.format(signature=f"{recipe.name}({', '.join(parameters)})")
    return Example(prompt, _answer(recipe, parameters, rng))


def violations(prompt: str, answer: str) -> list[str]:
    """Name what keeps the answer from being the function that the prompt asks for, with three doctests that hold."""
    return unmet(prompt, answer) or _run_violations(_SIGNATURE.findall(prompt)[0], answer)


def _answer(recipe: Recipe, parameters: tuple[str, ...], rng: random.Random) -> str:
    lines = [f"def {recipe.name}({', '.join(parameters)}):", f'    """{rng.choice(recipe.summaries)}', ""]
    for arguments, result in _calls(recipe, rng):
        lines += [f"    >>> {recipe.name}({arguments})", f"    {result}"]
    lines += ['    """', f"    {rng.choice(recipe.bodies).format(*parameters)}"]
    return "\n".join(lines)


def _calls(recipe: Recipe, rng: random.Random) -> list[Call]:
    """Draw one call for each slot, all different and not all with the same result."""
    while True:
        calls = [rng.choice(pool) for pool in recipe.pools]
        if len(set(calls)) == EXAMPLE_COUNT and len({result for _, result in calls}) > 1:
            return calls


def _run_violations(name: str, answer: str) -> list[str]:
    """Run the doctests in a child process of their own, which may loop or crash."""
    command = [sys.executable, "-I", "-S", "-c", _CHILD]
    given = f"{name}\n{answer}".encode("utf-8", "replace")
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.run(
            command, input=given, stdout=quiet, stderr=quiet, env={}, cwd="/", timeout=TIME_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ["The doctest examples do not finish in time."]
    except OSError:
        return ["The doctest examples could not be run."]
    if child.returncode == _ALL_HELD:
        return []
    return ["Some doctest example does not hold." if child.returncode == _SOME_FAILED else "The code does not run."]
