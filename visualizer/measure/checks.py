"""What can be checked of a text without running or understanding it: each a plain question, answered for any text.

The text of a step has NOISE where nothing is accepted: a check holds when it does for the text as it stands. Whatever
the text, an answer comes within milliseconds and nothing is raised; code is parsed, never executed.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from visualizer.measure.sentences import sentence_ends
from visualizer.measure.syllables import syllable_totals

NOISE = "░"
"""Stands where a position is noise."""

Test = Callable[[str], bool]

_LONGEST_CODE = 10_000
"""Signs; what is longer is not parsed, which would take too long, and is no code that a prompt asks for."""
_HEAD = " \t*_#>\"'“‘(`"
_MARKER = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+")
_END_SIGNS = ".!?…"
_FENCE = re.compile(r"```[^\n]*\n(?P<code>.*?)(?:```|\Z)", re.DOTALL)
_OPENED_DOCSTRING = re.compile(r"^[ \t]*(?:async )?def\b[^\n]*\n[ \t\n]*[rR]?(?P<quotes>\"{3}|'{3})", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One constraint. label: what it says, short enough for a line; group: what several have in common, said once."""

    label: str
    holds: Test
    group: str = ""


def lines_of(text: str) -> list[str]:
    """The lines in which something is written, or will be."""
    return [line for line in text.split("\n") if line.strip()]


def verse(text: str, count: int) -> list[str]:
    """The lines of a poem of so many: of the first paragraph that has them, else all."""
    paragraphs = [lines_of(paragraph) for paragraph in re.split(r"\n[ \t]*\n", text)]
    return next((lines for lines in paragraphs if len(lines) == count), lines_of(text))


def has_lines(count: int) -> Test:
    """Whether it is a poem of so many lines, each begun."""
    return lambda text: len(verse(text, count)) == count and all(_stands(line) for line in verse(text, count))


def line_begins(number: int, of: int, letter: str) -> Test:
    """Whether a line of the poem, counted from 0, begins with a letter."""

    def holds(text: str) -> bool:
        lines = verse(text, of)
        return number < len(lines) and lines[number].lstrip(_HEAD)[:1].upper() == letter

    return holds


def line_names(number: int, name: str) -> Test:
    """Whether a line, counted from 0, names something first, whatever marks it as an item of a list."""

    def holds(text: str) -> bool:
        lines = lines_of(text)
        item = _MARKER.sub("", lines[number], count=1).lstrip(_HEAD) if number < len(lines) else ""
        return item.startswith(name) and not item[len(name) : len(name) + 1].isalnum()

    return holds


def line_has_syllables(number: int, of: int, count: int) -> Test:
    """Whether a line of the poem, counted from 0, may be read in so many syllables, none of it noise."""

    def holds(text: str) -> bool:
        lines = verse(text, of)
        return number < len(lines) and NOISE not in lines[number] and count in syllable_totals(lines[number])

    return holds


def has_items(least: int, most: int) -> Test:
    """Whether it is a list of so many items."""
    return lambda text: least <= sum(_MARKER.match(line) is not None for line in text.split("\n")) <= most


def has_words(least: int, most: int) -> Test:
    """Whether so many words, or their pieces, stand."""
    return lambda text: least <= sum(_stands(word) for word in text.split()) <= most


def has_sentences(least: int, most: int) -> Test:
    """Whether it is so many sentences, the last of them ended."""

    def holds(text: str) -> bool:
        ends = sentence_ends(text)
        return least <= len(ends) <= most and ends[-1][1] == len(text.rstrip())

    return holds


def begins_with(sentence: str) -> Test:
    """Whether it begins with this sentence, whatever sign ends that."""
    core = _core(sentence)

    def holds(text: str) -> bool:
        text = _plain(text).lstrip(_HEAD + "\n")
        return text.startswith(core) and _ends_sentence(text[len(core) : len(core) + 1])

    return holds


def ends_with(sentence: str) -> Test:
    """Whether it ends with this sentence, whatever sign ends that, as a sentence of its own."""
    core = _core(sentence)

    def holds(text: str) -> bool:
        text = _plain(text).rstrip("\"'*_ \t\n")
        body = text.rstrip(_END_SIGNS)
        before = body[: len(body) - len(core)].rstrip("\"'*_ \t\n")
        is_apart = not before or _ends_sentence(before[-1]) or before[-1] == NOISE
        return body.endswith(core) and body != text and is_apart

    return holds


def is_json(text: str) -> bool:
    """Whether the text, or what it fences as code, is one JSON document."""
    code = _code(text)
    try:
        json.loads(code[:_LONGEST_CODE])
    except (ValueError, RecursionError):
        return False
    return len(code) <= _LONGEST_CODE


def parses(text: str) -> bool:
    """Whether it is Python with something in it."""
    tree = _parsed(text)
    return tree is not None and bool(tree.body)


def defines(name: str | None, parameters: tuple[str, ...] | None = None) -> Test:
    """Whether it is Python that defines a function; of that name and those parameters, where they are given."""

    def holds(text: str) -> bool:
        function = _function(text, name)
        return function is not None and parameters in (None, _parameters(function))

    return holds


def has_docstring(name: str | None) -> Test:
    """Whether the function has one; before the text is Python, whether quotes open and close right after `def`."""

    def holds(text: str) -> bool:
        if _parsed(text) is not None:
            function = _function(text, name)
            return function is not None and bool(ast.get_docstring(function))
        code = _code(text)
        opened = _OPENED_DOCSTRING.search(code)
        return opened is not None and code.find(opened["quotes"], opened.end()) > opened.end()

    return holds


def has_examples(name: str | None, least: int, most: int) -> Test:
    """Whether so many doctest examples of the function stand in its docstring, each with a result under it."""

    def holds(text: str) -> bool:
        function = _function(text, name)
        lines = ((ast.get_docstring(function) or "") if function else _code(text)).split("\n")
        shown = [
            line.lstrip()[3:].strip() != "" and (name is None or f"{name}(" in line) and _shows_result(after)
            for line, after in zip(lines, [*lines[1:], ""], strict=True)
            if line.lstrip().startswith(">>>")
        ]
        return least <= sum(shown) <= most and all(shown)

    return holds


def _stands(text: str) -> bool:
    """Whether there is a letter or a number in it."""
    return any(sign.isalnum() for sign in text)


def _plain(text: str) -> str:
    return text.translate(str.maketrans("‘’“”", "''\"\""))


def _core(sentence: str) -> str:
    return _plain(sentence).strip().rstrip(_END_SIGNS)


def _ends_sentence(sign: str) -> bool:
    return sign != "" and sign in _END_SIGNS


def _shows_result(line: str) -> bool:
    return _stands(line) and not line.lstrip().startswith(">>>")


def _code(text: str) -> str:
    """What it fences as code, else all of it."""
    fenced = _FENCE.search(text)
    return fenced["code"] if fenced else text


@lru_cache(maxsize=2)
def _parsed(text: str) -> ast.Module | None:
    code = _code(text)
    if len(code) > _LONGEST_CODE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _function(text: str, name: str | None) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    tree = _parsed(text)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for node in (tree.body if tree else ()) if isinstance(node, kinds) and name in (None, node.name))
    return next(found, None)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    arguments = function.args
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra)
    return tuple(argument.arg for argument in named)
