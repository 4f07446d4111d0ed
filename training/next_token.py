"""The typewriter's objective: the next token of an answer, from the prompt and all that stands before it.

A Gemma 3 of transformers, on examples of the same corpus. Only answer tokens are learned; the sequences of a batch are
cut into groups of like length, so that little is padding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import Gemma3ForCausalLM

from training.architecture import typewriter_config
from training.batches import draw_examples, step_rng
from training.muon import Muon
from training.tokenizer import EOS, PAD, TURN_END, chat_text

_GROUP = 12
_UNLEARNED = -100


class NextToken:
    """A fresh typewriter and the gradient of its batches."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        torch.manual_seed(0)
        self.tokenizer = tokenizer
        config = typewriter_config(tokenizer.get_vocab_size())
        self.model = Gemma3ForCausalLM._from_config(config, attn_implementation="sdpa")

    def muon(self, matrices: list[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
        """Ours: all of this is computed in float32."""
        return Muon(matrices, lr=rate)

    def backward(self, step: int, size: int) -> float:
        """Add the gradient of one step's batch; its loss in nats an answer token."""
        sequences = draw_sequences(step, size, self.tokenizer)
        learned = sum(int((targets != _UNLEARNED).sum()) for _, targets in sequences)
        total = 0.0
        for ids, targets in sequences:
            loss = self._loss(ids, targets) / learned
            loss.backward()
            total += loss.item()
        return total

    def _loss(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Summed cross-entropy (nats) of the learned targets (B×L); the head reads their positions alone."""
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        wanted = targets != _UNLEARNED
        return F.cross_entropy(self.model.lm_head(hidden[wanted]), targets[wanted], reduction="sum")


def draw_sequences(step: int, size: int, tokenizer: Tokenizer) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The batch of one training step as groups of (ids, targets), each B×L; the same step draws the same batch.

    Padded at the end, where a causal model's tokens never look; targets of prompt and padding are not learned.
    """
    examples = draw_examples(step_rng(step), size)
    prompts = tokenizer.encode_batch([chat_text(e.prompt) for e in examples], add_special_tokens=False)
    answers = tokenizer.encode_batch([e.answer + TURN_END + EOS for e in examples], add_special_tokens=False)
    rows = sorted(((p.ids, a.ids) for p, a in zip(prompts, answers, strict=True)), key=lambda row: sum(map(len, row)))
    return [_group(rows[start : start + _GROUP], tokenizer.token_to_id(PAD)) for start in range(0, size, _GROUP)]


def _group(rows: list[tuple[list[int], list[int]]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(len(prompt) + len(answer) for prompt, answer in rows) - 1
    ids = torch.full((len(rows), length), pad)
    targets = torch.full((len(rows), length), _UNLEARNED)
    for row, (prompt, answer) in enumerate(rows):
        sequence = torch.tensor(prompt + answer)
        ids[row, : len(sequence) - 1] = sequence[:-1]
        targets[row, len(prompt) - 1 : len(sequence) - 1] = sequence[len(prompt) :]
    return ids, targets
