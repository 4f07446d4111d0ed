"""What a prompt asks for that can be checked: its words read as constraints, in the demos' wordings and common others.

What it says of a part of the answer ("each with a one-sentence fun fact", "then explain in two sentences") is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from visualizer.measure.checks import (
    Check,
    begins_with,
    defines,
    ends_with,
    has_docstring,
    has_examples,
    has_items,
    has_lines,
    has_sentences,
    has_words,
    is_json,
    line_begins,
    line_has_syllables,
    line_names,
    parses,
)

PLANETS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
HAIKU = (5, 7, 5)

_LONGEST_PROMPT = 4000
"""Signs; what a longer one asks for is read as far."""
_ANY_NUMBER = 10**9

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")  # fmt: skip
_NUMBER = rf"(?P<number>\d{{1,4}}|{'|'.join(sorted(_NUMBERS[1:], key=len, reverse=True))})"
_BEFORE = (
    r"(?:(?P<most>at most|up to|(?:no|not) more than|a maximum of)|(?P<least>at least|(?:no|not) (?:fewer|less) than)"
    r"|(?P<about>about|around|approximately|roughly)|(?P<exact>exactly|only)"
    r"|in|with|using|use|of|to|write|give|me|answer|tell|an?)"
)
_OF_A_PART = re.compile(r"\b(?:each|every|per(?! line)|apiece|then|followed by)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.;!?\n]")


def _counted(unit: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b{_BEFORE} {_NUMBER}[ -](?:\w+ )?{unit}s?\b(?P<or_less> or (?:less|fewer))?(?P<or_more> or more)?",
        re.IGNORECASE,
    )


_SENTENCES, _WORDS, _LINES = _counted("sentence"), _counted("word"), _counted("line")
_ITEMS = re.compile(
    rf"\b(?:lists? (?:of )?(?:the )?|top ){_NUMBER}\b"
    rf"|\b{_NUMBER.replace('number', 'bullets')} (?:bullet points?|bullets|list items|items)\b",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(rf"\b{_NUMBER} (?:doctest |usage )?(?:examples?|doctests?)\b", re.IGNORECASE)
_LETTERS = re.compile(r"\b[A-Z](?:\s*,\s*(?:and\s+)?[A-Z]\b)+")
_ABOUT_LETTERS = re.compile(r"\bacrostic|\bletters?\b|\b(?:start|begin)s?\b", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?i:\bacrostic\b)[^.!?\n]{0,40}?\b(?:of|for|from|on|spelling|spells|using|with)\s+(?:the\s+)?"
    r"(?:(?:word|name|letters(?: of)?)\s+)?"
    r"(?:['\"“‘](?P<quoted>[A-Za-z]{2,20})['\"”’]|(?P<capitals>[A-Z]{2,20})\b)"
)
_BEGIN, _END = r"(?:begin|start|open)(?:s|ning|ing)?", r"(?:end|close|finish)(?:s|es|ing)?"
_FRAME = re.compile(
    rf"\b(?:(?P<both>{_BEGIN} and {_END} with|first and (?:the )?last sentences? (?:is|are|be))"
    rf"|(?P<first>{_BEGIN} with)|(?P<last>{_END} with))\s+(?:the\s+)?(?:same\s+)?(?:sentence|words?|line|phrase)?:?\s*"
    r"""(?:'(?P<a>[^\n]{2,300}?)'(?!\w)|"(?P<b>[^"\n]{2,300})"|“(?P<c>[^”\n]{2,300})”)""",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(?:`|\bfunction )(?P<name>[A-Za-z_]\w{0,60})\((?P<parameters>[^()`\n]{0,200})\)")


def checks_of(prompt: str) -> tuple[Check, ...]:
    """What the prompt asks for and can be checked; nothing where it asks for nothing of the kind."""
    return tuple(_found(prompt[:_LONGEST_PROMPT]))


def _found(prompt: str) -> Iterator[Check]:
    if letters := _letters(prompt):
        count = len(letters)
        yield from (
            Check(letter, line_begins(n, count, letter), "lines begin with") for n, letter in enumerate(letters)
        )
        yield _lines_check(count)
    elif re.search(r"\bhaiku\b", prompt, re.IGNORECASE):
        count = len(HAIKU)
        yield _lines_check(count)
        yield from (Check(str(s), line_has_syllables(n, count, s), "syllables") for n, s in enumerate(HAIKU))
    elif planets := _planets(prompt):
        yield from (Check(name, line_names(n, name), "lines name") for n, name in enumerate(planets))
        yield _lines_check(len(planets))
    else:
        yield from _lists(prompt)
    yield from _frame(prompt)
    yield from _counts(prompt)
    yield from _python(prompt)
    if re.search(r"\bjson\b", prompt, re.IGNORECASE):
        yield Check("valid JSON", is_json)


def _letters(prompt: str) -> str:
    """The letters that lines are to begin with: its last run of single capitals, or a word to be spelled."""
    runs = _LETTERS.findall(prompt)
    if runs and _ABOUT_LETTERS.search(prompt):
        return "".join(re.findall("[A-Z]", runs[-1]))
    spelled = _SPELLED.search(prompt)
    return (spelled["quoted"] or spelled["capitals"]).upper() if spelled else ""


def _planets(prompt: str) -> tuple[str, ...]:
    """The planets in the order that is asked for: that in which the prompt names the first and the last of them."""
    places = [prompt.find(name) for name in (PLANETS[0], PLANETS[-1])]
    if min(places) < 0 or "planets" not in prompt:
        return ()
    return PLANETS if places[0] < places[1] else PLANETS[::-1]


def _lists(prompt: str) -> Iterator[Check]:
    if lines := _whole(_LINES, prompt):
        yield _lines_check(_number(lines["number"]))
    elif items := _whole(_ITEMS, prompt):
        count = _number(items["number"] or items["bullets"])
        if "per line" in prompt:
            yield _lines_check(count)
        else:
            yield Check(f"a list of {_spelled(count)}", has_items(count, count))


def _counts(prompt: str) -> Iterator[Check]:
    if sentences := _whole(_SENTENCES, prompt):
        number = _number(sentences["number"])
        slack = 1 if sentences["about"] else 0
        least, most = _bounds(sentences, max(1, number - slack), number + slack)
        yield Check(_counted_label(least, most, "sentence"), has_sentences(least, most))
    if words := _whole(_WORDS, prompt):
        number = _number(words["number"])
        slack = 0 if words["exact"] else number // 10
        least, most = _bounds(words, number - slack, number + slack)
        yield Check(_counted_label(least, most, "word"), has_words(least, most))


def _frame(prompt: str) -> Iterator[Check]:
    for found in _FRAME.finditer(prompt):
        quoted = next(filter(None, (found["a"], found["b"], found["c"])))
        if found["both"] or found["first"]:
            yield Check("its first sentence", begins_with(quoted))
        if found["both"] or found["last"]:
            yield Check("its last sentence", ends_with(quoted))


def _python(prompt: str) -> Iterator[Check]:
    signature = _SIGNATURE.search(prompt)
    if not re.search(r"\bPython\b", prompt) or not (signature or "function" in prompt):
        return
    name = signature["name"] if signature else None
    yield Check("valid Python", parses)
    if signature:
        named = (re.split("[:=]", part)[0].strip(" *") for part in signature["parameters"].split(","))
        parameters = tuple(filter(None, named))
        yield Check(f"{name}({', '.join(parameters)})", defines(name, parameters))
    else:
        yield Check("a function", defines(None))
    if "docstring" in prompt:
        yield Check("docstring", has_docstring(name))
    if examples := _EXAMPLES.search(prompt):
        count = _number(examples["number"])
        yield Check(f"{_spelled(count)} example{'s' * (count != 1)}", has_examples(name, count, count))


def _whole(pattern: re.Pattern[str], prompt: str) -> re.Match[str] | None:
    """The first place that asks it of the whole answer."""
    for found in pattern.finditer(prompt):
        start = max((end.end() for end in _CLAUSE_END.finditer(prompt, 0, found.start())), default=0)
        end = _CLAUSE_END.search(prompt, found.end())
        if not _OF_A_PART.search(prompt, start, end.start() if end else len(prompt)):
            return found
    return None


def _bounds(found: re.Match[str], least: int, most: int) -> tuple[int, int]:
    if found["most"] or found["or_less"]:
        return 1, _number(found["number"])
    if found["least"] or found["or_more"]:
        return _number(found["number"]), _ANY_NUMBER
    return least, most


def _lines_check(count: int) -> Check:
    return Check(f"{_spelled(count)} line{'s' * (count != 1)}", has_lines(count))


def _counted_label(least: int, most: int, unit: str) -> str:
    if most == _ANY_NUMBER:
        return f"{_spelled(least)} {unit}s or more"
    if least == 1 < most:
        return f"{_spelled(most)} {unit}s or fewer"
    return f"{least}–{most} {unit}s" if least < most else f"{_spelled(most)} {unit}{'s' * (most != 1)}"


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _NUMBERS.index(word.lower())


def _spelled(number: int) -> str:
    return _NUMBERS[number] if 0 < number <= 12 else str(number)
