"""Training batches: examples drawn from the corpus, tokenized, noised.

Two shapes, so that the compiler sees fixed sizes: the whole answer on one full canvas after the prompt, and a half
canvas that continues an answer whose first blocks are already committed (what a shorter canvas or a long run needs).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from training.architecture import CANVAS_LENGTH
from training.corpus import FAMILIES
from training.corpus.example import MAX_PROMPT_PIECES, Example
from training.tokenizer import EOS, PAD, TURN_END, chat_text

FAMILY_WEIGHTS = {"acrostic": 3.0, "why": 2.0, "function": 2.0, "planets": 2.0, "story": 1.2, "haiku": 1.0}
"""What is hard, more often."""
PROMPT_LENGTH = MAX_PROMPT_PIECES + 10
"""Encoder positions of a prompt with its chat template around it."""

CONTINUATION_CANVAS = 64
CONTINUATION_PREFIXES = (32, 64, 96)
_PAD_WEIGHT = 0.1
_ALL_NOISE_SHARE = 0.15


@dataclass(frozen=True)
class Batch:
    """prompt_ids, prompt_mask: B×E (left-padded); target_ids, noised_ids, weights: B×L; noise_share: B."""

    prompt_ids: torch.Tensor
    prompt_mask: torch.Tensor
    target_ids: torch.Tensor
    noised_ids: torch.Tensor
    weights: torch.Tensor
    noise_share: torch.Tensor


def step_rng(step: int) -> random.Random:
    """What a training step draws its examples by: the same step draws the same."""
    return random.Random(f"batch {step}")


def draw_examples(rng: random.Random, size: int) -> list[Example]:
    """Examples of the corpus."""
    names = rng.choices(list(FAMILY_WEIGHTS), weights=list(FAMILY_WEIGHTS.values()), k=size)
    return [FAMILIES[name].sample(rng) for name in names]


def draw_batch(step: int, size: int, tokenizer: Tokenizer, continuation: bool) -> Batch:
    """The examples of one training step on noised canvases; the same step draws the same batch."""
    rng = step_rng(step)
    examples = draw_examples(rng, size)
    generator = torch.Generator().manual_seed(step)
    canvas_length = CONTINUATION_CANVAS if continuation else CANVAS_LENGTH
    encoder_length = PROMPT_LENGTH + (max(CONTINUATION_PREFIXES) if continuation else 0)
    prompts = tokenizer.encode_batch([chat_text(e.prompt) for e in examples], add_special_tokens=False)
    answers = tokenizer.encode_batch([e.answer + TURN_END + EOS for e in examples], add_special_tokens=False)
    pad = tokenizer.token_to_id(PAD)

    prompt_ids = torch.full((size, encoder_length), pad)
    prompt_mask = torch.zeros((size, encoder_length), dtype=torch.bool)
    target_ids = torch.full((size, canvas_length), pad)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        fitting = [p for p in CONTINUATION_PREFIXES if p < len(answer.ids)]
        start = rng.choice(fitting) if continuation and fitting else 0
        prefix = prompt.ids + answer.ids[:start]
        rest = answer.ids[start : start + canvas_length]
        prompt_ids[row, encoder_length - len(prefix) :] = torch.tensor(prefix)
        prompt_mask[row, encoder_length - len(prefix) :] = True
        target_ids[row, : len(rest)] = torch.tensor(rest)

    noise_share = torch.rand(size, generator=generator)
    noise_share[torch.rand(size, generator=generator) < _ALL_NOISE_SHARE] = 1.0
    is_noise = torch.rand((size, canvas_length), generator=generator) < noise_share[:, None]
    noise = torch.randint(tokenizer.get_vocab_size(), (size, canvas_length), generator=generator)
    return Batch(
        prompt_ids=prompt_ids,
        prompt_mask=prompt_mask,
        target_ids=target_ids,
        noised_ids=torch.where(is_noise, noise, target_ids),
        weights=torch.where(target_ids == pad, _PAD_WEIGHT, 1.0),
        noise_share=noise_share,
    )
