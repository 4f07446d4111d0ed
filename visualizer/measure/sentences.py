"""Where the sentences of a text are."""

from __future__ import annotations

import re

Span = tuple[int, int]

ABBREVIATIONS = frozenset(("mr", "mrs", "ms", "dr", "st", "vs", "no", "e.g", "i.e", "prof"))
# It begins only where a run of signs does, so that a text of nothing but full stops is read once.
_END = re.compile(r"""(?<![.!?…])[.!?…]++["'”’)*_]*+(?=\s|$)|[。！？]+""")
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,3}\.", re.MULTILINE)
_LAST_WORD = re.compile(r"[A-Za-z.]{1,5}$")


def sentence_ends(text: str) -> list[Span]:
    """The signs that end its sentences, closing quotes with them; neither the dot of a list's number nor of "Mr."."""
    numbers = {match.end() for match in _LIST_NUMBER.finditer(text)}
    return [
        match.span()
        for match in _END.finditer(text)
        if not (match.end() in numbers or (match[0] == "." and _is_abbreviated(text, match.start())))
    ]


def sentence_spans(text: str) -> list[Span]:
    """Its sentences, without the blanks between them; what follows the last end is one more."""
    spans, start = [], 0
    for _, end in [*sentence_ends(text), (0, len(text))]:
        start += len(text[start:end]) - len(text[start:end].lstrip())
        if start < end:
            spans.append((start, start + len(text[start:end].rstrip())))
        start = end
    return spans


def _is_abbreviated(text: str, dot: int) -> bool:
    word = _LAST_WORD.search(text, max(0, dot - 5), dot)
    begins = word is not None and (word.start() == 0 or not text[word.start() - 1].isalnum())
    return word is not None and begins and word[0].lower() in ABBREVIATIONS
