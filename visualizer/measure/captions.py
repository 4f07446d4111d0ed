"""What is worth saying about a run while it is shown: one line at a time, true, from the recording alone.

Every sentence names its step, so that it stays true while later steps are shown. It speaks of the answer only: no
thoughts, no tail. *There* is a token that is accepted with its final text; it *stood by* a step if it is there from
then on to the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from visualizer.measure.quoting import clipped
from visualizer.measure.sentences import ABBREVIATIONS, sentence_spans
from visualizer.measure.standing import Standing
from visualizer.trace import Flags, Writing

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TOKEN_CHARACTERS, _LINE_CHARACTERS = 24, 18
_FEWEST_LINES, _FEWEST_SENTENCES, _FEWEST_WORDS = 3, 2, 2
_UNENDED = "|".join(map(re.escape, sorted({"etc", "approx", *ABBREVIATIONS})))
_NO_SENTENCE = re.compile(rf"\b(?:{_UNENDED}|\d+|\w)\.[\"”’)\]*_]*\Z|[^.!?…\"”’)\]*_]\Z", re.IGNORECASE)
"""How what is no sentence, or might be none, ends: an abbreviation, an initial, a number, or no end at all."""


@dataclass(frozen=True)
class _Span:
    """Characters of the answer, and the tokens that bring them, in order."""

    start: int
    end: int
    tokens: tuple[int, ...]


class Captions:
    """The sentences about one block. number: of how many blocks, named where there are several. writing: what a state
    of it is called."""

    def __init__(
        self, standing: Standing, number: int, count: int, committed: bool, writing: Writing = Writing.DENOISED
    ) -> None:
        self._standing, self._is_only = standing, count == 1 and committed
        self._where = "" if count == 1 else f"block {number + 1}, "
        self._committed, self._writing = committed, writing

    def noise(self, length: int, standing: int) -> str:
        """Of a canvas of so many tokens before its first step. standing: those that somebody wrote there."""
        random = length - standing
        noise = f"{self._where}noise: {random:,} random {'token' if random == 1 else 'tokens'}"
        if not standing:
            return self._sentence(f"{noise}, none accepted.")
        return self._sentence(f"{noise} around {standing:,} that {'stands' if standing == 1 else 'stand'} already.")

    def landing(self, place: int) -> str:
        """What the answer hangs on that is there at a state and was not at the one before, or nothing."""
        now, before = self._standing.there[place], self._standing.there[place - 1]
        if self._is_only:
            for claim in (self._frame, self._line_starts, self._sentence_ends):
                if words := claim(now, before):
                    return self._at(place, words)
        return ""

    def count(self, place: int) -> str:
        """How much of the answer is there at a state."""
        standing = self._standing
        total, now = len(standing.positions), int(standing.there[place].sum())
        if not total:
            return ""
        tokens = f"{total:,} answer token{'s' * (total > 1)} {_is(now)} there"
        return self._at(place, f"all {tokens}." if now == total > 1 else f"{now:,} of the {tokens}.")

    def middle(self, first: int, last: int) -> str:
        """How the states from one to another fill the answer in."""
        there, steps = self._standing.there, self._standing.steps
        before, after, total = int(there[first].sum()), int(there[last].sum()), there.shape[1]
        if after <= before or steps[first] == steps[last]:
            return ""
        what = f"from {before:,} to {after:,} of the {total:,} answer tokens"
        return self._sentence(f"{self._where}{self._writing.units} {steps[first]} to {steps[last]}: {what}.")

    def change(self, place: int, before: str, after: str) -> str:
        """An accepted token is another one than at the state before."""
        return self._at(place, f"it takes {_quoted(before)} back and writes {_quoted(after)}.")

    def reversal(self, place: int, before: str) -> str:
        """An accepted token is noise again."""
        return self._at(place, f"it takes {_quoted(before)} back.")

    def end(self) -> str:
        """When what the answer hangs on stood, and when its last word did."""
        words = [token for token, text in enumerate(self._standing.texts) if _is_word(text)]
        if not self._committed or not words:
            return ""
        last = int(self._standing.stood_from[words].max())
        claims = self._scaffolds() if self._is_only else []
        subject, first = min(claims, key=lambda claim: claim[1], default=("", last))
        if first >= last:
            subject, first = "half of the answer tokens", self._half()
        if first >= last:
            return ""
        unit = self._writing.unit
        finish = "when it was committed" if self._is_commit(last) else f"by {unit} {self._standing.steps[last]}"
        step = self._standing.steps[first]
        begin = f"by {unit} {step}" if step else f"before the first {unit}"
        return self._sentence(f"{self._where}{subject} stood {begin}; the last word {finish}.")

    # ---- What an answer hangs on -------------------------------------------------------------------------------------

    @cached_property
    def _lines(self) -> list[_Span]:
        """Its lines that are not blank, without the blanks around them."""
        spans = [(found.start(), found.end()) for found in re.finditer(r"[^\s](?:[^\n]*[^\s])?", self._standing.text)]
        return [self._span(start, end) for start, end in spans]

    @cached_property
    def _sentences(self) -> list[_Span]:
        """Its sentences, where it is nothing but sentences; else none, rather than something that is no sentence."""
        spans, text = sentence_spans(self._standing.text), self._standing.text
        return [self._span(*span) for span in spans] if all(_is_sentence(text[slice(*span)]) for span in spans) else []

    @cached_property
    def _words(self) -> list[_Span]:
        spans = (found.span() for found in re.finditer(r"\S+", self._standing.text))
        return [self._span(*span) for span in spans if _is_word(self._standing.text[slice(*span)])]

    def _span(self, start: int, end: int) -> _Span:
        return _Span(start, end, tuple(sorted(set(self._standing.owners[start:end]))))

    def _has_frame(self) -> bool:
        return len(self._sentences) >= _FEWEST_LINES and "\n" not in self._standing.text.strip()

    def _frame(self, there: Flags, before: Flags) -> str:
        """The first and the last sentence, when both have come, and how much of what is between them."""
        if not self._has_frame():
            return ""
        outer = [*self._sentences[0].tokens, *self._sentences[-1].tokens]
        if before[outer].all() or not there[outer].all():
            return ""
        whole = [bool(there[list(sentence.tokens)].all()) for sentence in self._sentences]
        between = sorted({token for sentence in self._sentences[1:-1] for token in sentence.tokens})
        frame = "the first and the last sentence are there"
        if any(whole[1:-1]) or there[between].sum() * 2 >= len(between):
            return f"{frame}, and {_few(sum(whole[1:-1]))} of the {_number(len(whole) - 2)} between."
        return f"{frame}. The middle is not."

    def _line_starts(self, there: Flags, before: Flags) -> str:
        """The beginnings of most lines, as far as they are there, when more have come."""
        total = len(self._lines)
        starts = [self._beginning(line, there) for line in self._lines if there[line.tokens[0]]]
        known = sum(bool(before[line.tokens[0]]) for line in self._lines)
        if len(starts) * 2 < total or len(starts) < _FEWEST_LINES or len(starts) <= known:
            return ""
        if len(starts) == total and self._are_letters() and all(len(start) == 1 for start in starts):
            return f"the first letters of all {_number(total)} lines are there: {', '.join(starts)}."
        lines = (
            f"all {_number(total)} lines"
            if len(starts) == total
            else f"{_number(len(starts))} of {_number(total)} lines"
        )
        return f"{lines} have begun: {_quoted(starts[0])} … {_quoted(starts[-1])}."

    def _beginning(self, line: _Span, there: Flags) -> str:
        """The text of a line as far as its tokens are there from the first on."""
        end = line.start
        while end < line.end and there[self._standing.owners[end]]:
            end += 1
        return clipped(self._standing.text[line.start : end], _LINE_CHARACTERS)

    def _are_letters(self) -> bool:
        """Whether every line's first token shows one letter of it."""
        owners, text = self._standing.owners, self._standing.text
        return all(
            text[line.start].isalpha() and (line.end - line.start == 1 or owners[line.start + 1] != owners[line.start])
            for line in self._lines
        )

    def _sentence_ends(self, there: Flags, before: Flags) -> str:
        """The ends of all sentences, when they have come, with the line breaks if they have, and how many words."""
        if len(self._sentences) < _FEWEST_SENTENCES or before[self._ends()].all() or not there[self._ends()].all():
            return ""
        ends = f"the ends of {_all(len(self._sentences))} sentences"
        breaks = [token for token, text in enumerate(self._standing.texts) if "\n" in text]
        if breaks and there[breaks].all():
            ends = f"the line breaks and {ends}"
        whole, total = sum(bool(there[list(word.tokens)].all()) for word in self._words), len(self._words)
        if whole == total:
            return ""
        return f"{ends} are there, and {_few(whole)} of the {total:,} words."

    def _ends(self) -> list[int]:
        return [sentence.tokens[-1] for sentence in self._sentences]

    def _scaffolds(self) -> list[tuple[str, int]]:
        """What the answer may hang on, and the place from which it stands."""
        found: list[tuple[str, Sequence[int]]] = []
        if self._has_frame():
            frame = (*self._sentences[0].tokens, *self._sentences[-1].tokens)
            found.append(("the first and the last sentence", frame))
        if len(self._lines) >= _FEWEST_LINES:
            starts = [self._standing.owners[line.start] for line in self._lines]
            number = _number(len(starts))
            subject = f"all {number} first letters" if self._are_letters() else f"the beginnings of all {number} lines"
            found.append((subject, starts))
        if len(self._sentences) >= _FEWEST_SENTENCES:
            found.append((f"the ends of {_all(len(self._sentences))} sentences", self._ends()))
        return [(subject, int(self._standing.stood_from[list(tokens)].max())) for subject, tokens in found]

    def _half(self) -> int:
        """The place from which half of the answer's tokens stand."""
        stood = np.sort(self._standing.stood_from)
        return int(stood[(len(stood) - 1) // 2])

    # ---- Words -------------------------------------------------------------------------------------------------------

    def _is_commit(self, place: int) -> bool:
        return place == len(self._standing.steps) - 1

    def _at(self, place: int, words: str) -> str:
        return self._sentence(f"{self._where}{self._writing.unit} {self._standing.steps[place]}: {words}")

    @staticmethod
    def _sentence(words: str) -> str:
        return words[0].upper() + words[1:]


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def _few(count: int) -> str:
    return _number(count) if count else "none"


def _all(count: int) -> str:
    return "both" if count == 2 else f"all {_number(count)}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _quoted(text: str) -> str:
    return f"“{clipped(text, _TOKEN_CHARACTERS)}”"


def _is_sentence(text: str) -> bool:
    begins = text.lstrip("\"“‘'(")[:1]
    return not begins.islower() and not _NO_SENTENCE.search(text) and sum(map(_is_word, text.split())) >= _FEWEST_WORDS


def _is_word(text: str) -> bool:
    return any(map(str.isalnum, text))
