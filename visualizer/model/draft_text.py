"""Drafts made of text: a template whose blanks are filled in, and a text that is revised.

Needs a checkpoint's tokenizer only, so that what cannot be is refused before a run is asked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from pathlib import Path

from visualizer.draft import Draft
from visualizer.errors import CheckpointError, SettingsError
from visualizer.trace import CHANNEL_CLOSER, CHANNEL_OPENER

BLANK_TOKENS = 8
"""Of a blank whose length is not said."""
MOST_TRIALS = 64
"""Of lengths, over all blanks of a template that may be shorter."""
_BLANK = re.compile(r"_{3,}(?:\{(?:(?P<loose>up to )?(?P<length>[0-9]{1,5})|(?P<open>\*))\})?")
_SPACE_AFTER_WORD = re.compile(r"(?<=\S) \Z")


class TextTokens:
    """The exact ids of texts in a checkpoint's vocabulary.

    Raises CheckpointError when its tokenizer cannot be read.
    """

    def __init__(self, folder: Path, stop_ids: Collection[int]) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as exc:  # The library raises nothing narrower.
            raise CheckpointError(f"The tokenizer of {folder.name} cannot be read.") from exc
        added = self._tokenizer.get_added_tokens_decoder()
        names = {token.content: token_id for token_id, token in added.items()}
        self._special = {token_id: token.content for token_id, token in added.items() if token.special}
        self._special |= {names[name]: name for name in (CHANNEL_OPENER, CHANNEL_CLOSER) if name in names}
        ends = [token_id for token_id in stop_ids if "turn" in self._special.get(token_id, "")]
        self.end_id = min(ends or stop_ids, default=None)
        """What ends an answer."""
        thinks = {CHANNEL_OPENER, CHANNEL_CLOSER} <= names.keys()
        self.empty_thought = self._encode(f"{CHANNEL_OPENER}thought\n{CHANNEL_CLOSER}") if thinks else []
        """What a model with a thought channel writes before an answer without a thought; nothing for others."""

    def ids(self, text: str) -> list[int]:
        """The ids that are this text, to the last character.

        Raises SettingsError for a text that the vocabulary cannot write, or that spells a special token.
        """
        try:
            ids = self._encode(text)
        except TypeError as exc:  # what the library says of half of a surrogate pair
            raise SettingsError(f"The text {text!a:.60} is not valid UTF-8.") from exc
        spelled = [self._special[token_id] for token_id in ids if token_id in self._special]
        if self._tokenizer.decode(ids, skip_special_tokens=False) != text:
            raise SettingsError(f"This checkpoint's vocabulary cannot write the text {text!a:.60}.")
        if spelled:
            raise SettingsError(f"The text spells {spelled[0]}, which marks structure and is no text.")
        return ids

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)


def fill_in(template: str, tokens: TextTokens) -> Draft:
    """The text of a template stays, and its blanks are noise.

    A blank is three or more underscores, and after them its length in tokens: `____{12}`; without it, it has
    BLANK_TOKENS. `____{up to 12}` may be shorter. `____{*}` at the end is as long as the model likes; any other
    template is the whole answer. The space between a word and a blank is the blank's, since tokens carry the space
    before their word.
    Raises SettingsError for a template that cannot be.
    """
    pinned, place = _pinned(tokens.empty_thought, 0), len(tokens.empty_thought)
    start, blanks = 0, list(_BLANK.finditer(template))
    loose: list[tuple[int, int]] = []
    if not blanks:
        raise SettingsError("The template has no blank: write ____ where the model is to write.")
    for blank in blanks:
        text = tokens.ids(_SPACE_AFTER_WORD.sub("", template[start : blank.start()]))
        pinned |= _pinned(text, place)
        length = int(blank["length"] or BLANK_TOKENS)
        start, place = blank.end(), place + len(text)
        if blank["open"]:
            if start < len(template):
                raise SettingsError("A blank of any length, ____{*}, can only be the last of a template.")
            return Draft(pinned, origin="a template, open at its end", loose=_tried(loose))
        if length == 0:
            raise SettingsError(f"A blank has at least one token, and {blank[0]} has none.")
        if blank["loose"]:
            loose.append((place, length))
        place += length
    rest = tokens.ids(template[start:])
    end = [] if tokens.end_id is None else [tokens.end_id]
    return Draft(pinned | _pinned([*rest, *end], place), origin="a template", loose=_tried(loose))


def _tried(loose: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    trials = sum(length for _, length in loose)
    if trials > MOST_TRIALS:
        raise SettingsError(
            f"Blanks of up to so many tokens have {trials:,} lengths together, which are all tried; at most "
            f"{MOST_TRIALS} are: make some shorter, or say how long they are."
        )
    return tuple(loose)


def revise(text: str, strength: float, seed: int, tokens: TextTokens) -> Draft:
    """A text to begin with, of which a share (strength, 0 to 1) is noise, at places drawn from the seed.

    Raises SettingsError for a text or a strength that cannot be.
    """
    if type(strength) not in (int, float) or not 0 <= strength <= 1:
        raise SettingsError(f"The strength of a revision is a share from 0 to 1, not {strength!a:.40}.")
    if not text.strip():
        raise SettingsError("There is no text to revise.")
    ids = tokens.ids(text)
    back = set(random.Random(seed).sample(range(len(ids)), round(strength * len(ids))))
    thought = tokens.empty_thought
    seeded = {len(thought) + place: token_id for place, token_id in enumerate(ids) if place not in back}
    return Draft(_pinned(thought, 0), seeded, origin=f"a text of which {strength:.0%} was thrown back")


def _pinned(ids: list[int], place: int) -> dict[int, int]:
    return dict(enumerate(ids, start=place))
