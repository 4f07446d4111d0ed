"""The exact text of every position of a canvas.

A token can hold part of a multi-byte character only. Such tokens are decoded together with their neighbours: the first
cell of the group carries the character, the others are empty, and the cells joined are the text of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_REPLACEMENT = "\ufffd"


def split_channels(ids: Sequence[int], opener: int | None, closer: int | None) -> list[tuple[bool, list[int]]]:
    """The ids in runs, each with whether it stands in a channel (opener … closer); the markers belong to neither.

    A channel that nothing closes goes on to the end; a closer without an opener marks nothing.
    """
    runs: list[tuple[bool, list[int]]] = [(False, [])]
    for token_id in ids:
        if token_id in (opener, closer):
            runs.append((token_id == opener, []))
        else:
            runs[-1][1].append(token_id)
    return [run for run in runs if run[1]]


class TokenTexts:
    """Texts of token ids, decoded once each."""

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        """decode: ids to text, special tokens shown, nothing cleaned up, and concatenative but for split characters."""
        self._decode = decode
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
        while start < len(texts):
            end = start
            while end < len(texts) and _REPLACEMENT in texts[end]:
                end += 1
            if end > start:
                texts[start:end] = self._split_run([int(token_id) for token_id in ids[start:end]])
            start = end + 1
        return texts

    def _split_run(self, ids: list[int]) -> list[str]:
        """Cells of a run of partial tokens: the smallest groups that decode cleanly, the rest in one group."""
        texts = [""] * len(ids)
        start = 0
        for end in range(1, len(ids) + 1):
            text = self._decode(ids[start:end])
            if _REPLACEMENT not in text or end == len(ids):
                texts[start] = text
                start = end
        return texts
