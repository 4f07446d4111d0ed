"""A loaded checkpoint: its model, and what turns a chat prompt into ids and ids into text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from visualizer.errors import SettingsError
from visualizer.model.card import CheckpointCard
from visualizer.model.token_text import TokenTexts
from visualizer.settings import Settings
from visualizer.trace import CHANNEL_CLOSER, CHANNEL_OPENER, Part, canvas_parts

if TYPE_CHECKING:
    import mlx.nn as nn
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint."""

    card: CheckpointCard
    model: nn.Module
    tokenizer: PreTrainedTokenizerBase

    @property
    def number_format(self) -> str:
        """What its activations are computed in: "bfloat16", "float16" or "float32"."""
        return str(trunk(self.model).norm.weight.dtype).removeprefix("mlx.core.")

    def prompt_ids(self, prompt: str, settings: Settings) -> list[int]:
        """The prompt in the checkpoint's chat template, as ids.

        Raises SettingsError when prompt, answer and canvas together exceed the context, or when the prompt spells a
        special token that the model has no embedding of (mlx-vlm adds such to a tokenizer).
        """
        ids = self._encode(self._in_template(prompt, settings))
        self._check_length(len(ids), settings)
        unknown = [token_id for token_id in ids if token_id >= self.card.vocab_size]
        if unknown:
            token = self.tokenizer.decode(unknown[:1])
            raise SettingsError(f"The prompt holds {token}, a special token that this checkpoint cannot read.")
        return ids

    def _check_length(self, length: int, settings: Settings) -> None:
        """Refuse a prompt of more tokens than the context or the memory takes, before anything is computed of it."""
        budget = f"a budget of {settings.total_tokens} tokens{', the thought included,' if settings.think else ''}"
        room = self.card.context_length - settings.total_tokens - settings.canvas_length
        if length > room:
            raise SettingsError(
                f"The prompt is too long: {length} tokens, and {max(room, 0)} fit beside {budget} in this checkpoint's "
                f"context of {self.card.context_length}."
            )
        if self.card.memory_context is None:
            return
        room = self.card.memory_context - settings.total_tokens
        if length > room:
            raise SettingsError(
                f"The prompt is too long for this machine's memory: {length} tokens, and {max(room, 0)} fit beside "
                f"{budget.rstrip(',')}."
            )

    def token_texts(self) -> TokenTexts:
        """A fresh cache of exact token texts, special tokens shown."""
        names = [f"<0x{byte:02X}>" for byte in range(256)]
        vocabulary = self.tokenizer.get_vocab()
        byte_ids = frozenset(vocabulary[name] for name in names if name in vocabulary)
        return TokenTexts(lambda ids: self._decode(ids, skip_special_tokens=False), byte_ids)

    def partial_ids(self) -> frozenset[int]:
        """Tokens that are a part of a character only."""
        texts = self.token_texts()
        # A vocabulary with tokens that are bytes has no other parts; to look through one of 262,144 takes seconds.
        return texts.byte_ids or frozenset(i for i in range(self.card.vocab_size) if "\ufffd" in texts.alone(i))

    def answer_text(self, ids: Sequence[int]) -> str:
        """The ids as plain text, without special tokens."""
        return self._decode(list(ids), skip_special_tokens=True)

    def answer_and_thought(self, ids: Sequence[int]) -> tuple[str, str | None]:
        """The answer as plain text, and apart from it what stands in thoughts (None: nothing)."""
        special = np.isin(ids, list(self.special_ids()))
        parts = canvas_parts(self.token_texts().cells(ids), special, np.ones(len(ids), dtype=bool), len(ids))
        answer = [token_id for token_id, part in zip(ids, parts, strict=True) if part == Part.ANSWER]
        runs = groupby(zip(ids, parts, strict=True), key=lambda token: token[1])
        thoughts = [self.answer_text([token_id for token_id, _ in run]) for part, run in runs if part == Part.THOUGHT]
        return self.answer_text(answer), "\n\n".join(thought.strip() for thought in thoughts) or None

    def open_channel(self, settings: Settings) -> list[int]:
        """The channel that the template opens after a prompt and leaves open for the model; mostly nothing."""
        # Not in the visitor's own words: they may spell a marker too.
        ids = self._encode(self._in_template("Hello", replace(settings, system="")))
        opener, closer = self._channel_ids()
        markers = [place for place, token_id in enumerate(ids) if token_id in (opener, closer)]
        return ids[markers[-1] :] if markers and ids[markers[-1]] == opener else []

    def special_ids(self) -> frozenset[int]:
        """Ids that mark structure rather than text: turn ends, padding, channels and the like."""
        # Not `all_special_ids`: mlx-vlm takes the turn and channel tokens out of it.
        marked = {i for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        return frozenset(marked.union(i for i in self._channel_ids() if i is not None))

    def _in_template(self, prompt: str, settings: Settings) -> str:
        messages = [{"role": "system", "content": settings.system}] if settings.system else []
        messages.append({"role": "user", "content": prompt})
        return str(
            self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=settings.think
            )
        )

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return str(
            self.tokenizer.decode(ids, skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False)
        )

    def _channel_ids(self) -> tuple[int | None, int | None]:
        ids = {token.content: token_id for token_id, token in self.tokenizer.added_tokens_decoder.items()}
        return ids.get(CHANNEL_OPENER), ids.get(CHANNEL_CLOSER)


def trunk(model: nn.Module) -> nn.Module:
    """What holds a model's embeddings and its last norm."""
    inner = model.model if hasattr(model, "model") else model.language_model.model
    trunk: nn.Module = getattr(inner, "decoder", inner)
    return trunk
