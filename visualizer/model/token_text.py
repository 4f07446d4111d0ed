"""The exact text of every position of a canvas.

A token can hold part of a multi-byte character only. Such tokens are decoded together with their neighbours: the first
cell of the group carries the character, the others are empty, and the cells joined are the text of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

_REPLACEMENT = "\ufffd"


class TokenTexts:
    """Texts of token ids, decoded once each."""

    def __init__(self, decode: Callable[[list[int]], str], byte_ids: frozenset[int] = frozenset()) -> None:
        """decode: ids to text, special tokens shown, nothing cleaned up, and concatenative but for split characters.

        byte_ids: tokens that are one byte each and are decoded run by run, a run being all text or all U+FFFD (the byte
        fallback of Gemma's tokenizers): what such a byte means, even an ASCII one, only its neighbours tell.
        """
        self._decode = decode
        self.byte_ids = byte_ids
        self._alone: dict[int, str] = {}

    def alone(self, token_id: int) -> str:
        """The token's text without neighbours; a part of a character shows as U+FFFD."""
        if token_id not in self._alone:
            self._alone[token_id] = self._decode([token_id])
        return self._alone[token_id]

    def cells(self, ids: Sequence[int]) -> list[str]:
        """One text per position; joined they equal the decoded whole."""
        texts = [self.alone(int(token_id)) for token_id in ids]
        start = 0
        for partial, run in groupby(ids, self._is_partial):
            run_ids = [int(token_id) for token_id in run]
            if partial:
                texts[start : start + len(run_ids)] = self._split_run(run_ids)
            start += len(run_ids)
        return texts

    def _is_partial(self, token_id: int) -> bool:
        return int(token_id) in self.byte_ids or _REPLACEMENT in self.alone(int(token_id))

    def _split_run(self, ids: list[int]) -> list[str]:
        """Cells of a run of partial tokens: the smallest groups that decode cleanly, the rest in one group."""
        texts = [""] * len(ids)
        start = 0
        for end in range(1, len(ids) + 1):
            text = self._decode(ids[start:end])
            if _REPLACEMENT not in text or end == len(ids):
                texts[start] = text
                start = end
        whole = self._decode(ids)
        if "".join(texts) == whole:
            return texts
        # Bytes that are no text as a run: a U+FFFD each.
        return list(whole) if len(whole) == len(ids) else [whole, *[""] * (len(ids) - 1)]
