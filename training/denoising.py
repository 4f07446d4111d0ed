"""The pocket's objective, DiffusionGemma's: the clean canvas from a noised one.

A share t ~ U(0, 1) of the canvas replaced by uniform random ids, cross-entropy on every position, self-conditioning by
a first pass without gradient on half of the batches. The model is transformers' own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import DiffusionGemmaForBlockDiffusion
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from training.architecture import pocket_config
from training.batches import Batch, draw_batch

CONTINUATION_EVERY = 10
"""One batch in so many continues an answer instead of starting it."""


class Denoising:
    """A fresh pocket model and the gradient of its batches."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.model = make_model(tokenizer.get_vocab_size())
        self._guess, self._loss = torch.compile(first_guess), torch.compile(denoising_loss)

    def muon(self, matrices: list[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
        """torch's, in bfloat16 as the passes are."""
        return torch.optim.Muon(matrices, lr=rate, adjust_lr_fn="match_rms_adamw", weight_decay=0.01)

    def backward(self, step: int, size: int) -> float:
        """Add the gradient of one step's batch; its loss in nats a weighted position."""
        continuation = step % CONTINUATION_EVERY == CONTINUATION_EVERY - 1
        batch = draw_batch(step, size, self.tokenizer, continuation)
        torch.manual_seed(step)
        keep = (torch.rand(size) < 0.9) & (step % 2 == 0)
        if step % 2 == 0:
            guess = self._guess(self.model, batch)
        else:
            guess = torch.zeros(*batch.target_ids.shape, self.tokenizer.get_vocab_size(), dtype=torch.bfloat16)
        loss = self._loss(self.model, batch, guess, keep)
        loss.backward()
        return float(loss.item())


def dense_experts(
    experts: torch.nn.Module, hidden: torch.Tensor, top_k_index: torch.Tensor, top_k_weights: torch.Tensor
) -> torch.Tensor:
    """Every expert on every token, weighted by the router: with four small experts faster than gathering.

    hidden: N×H; top_k_index, top_k_weights: N×k; returns N×H, the same as transformers' eager loop over experts.
    """
    weights = hidden.new_zeros(hidden.shape[0], experts.num_experts)
    weights = weights.scatter(1, top_k_index, top_k_weights.to(weights.dtype))
    gate, up = torch.einsum("nh,eih->nei", hidden, experts.gate_up_proj).chunk(2, dim=-1)
    activated = experts.act_fn(gate) * up * weights[..., None]
    return torch.einsum("nei,ehi->nh", activated, experts.down_proj)


def make_model(vocab_size: int) -> DiffusionGemmaForBlockDiffusion:
    """A freshly initialised pocket model without the vision parts, which a text run would only carry along."""
    torch.manual_seed(0)
    ALL_EXPERTS_FUNCTIONS.register("dense", dense_experts)
    model = DiffusionGemmaForBlockDiffusion._from_config(pocket_config(vocab_size), attn_implementation="sdpa")
    model.model.encoder.vision_tower = None
    model.model.encoder.embed_vision = None
    model.set_experts_implementation("dense")
    return model


def denoising_loss(model: torch.nn.Module, batch: Batch, first_guess: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy of the clean canvas given the noised one (nats per weighted position).

    first_guess: B×L×V logits that condition the rows where keep (B) is true; the other rows see none.
    """
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(**_inputs(batch), self_conditioning_logits=first_guess, self_conditioning_mask=keep).logits
    losses = F.cross_entropy(logits.flatten(0, 1).float(), batch.target_ids.flatten(), reduction="none")
    weights = batch.weights.flatten()
    return (losses * weights).sum() / weights.sum()


def first_guess(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """The tempered logits (B×L×V) of a first pass that condition the second, as one sampling step does the next."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = model(**_inputs(batch)).logits
        return (logits / (0.4 + 0.4 * batch.noise_share[:, None, None])).to(torch.bfloat16)


def _inputs(batch: Batch) -> dict[str, torch.Tensor]:
    canvas_mask = torch.ones_like(batch.target_ids, dtype=torch.bool)
    return {
        "input_ids": batch.prompt_ids,
        "attention_mask": batch.prompt_mask,
        "decoder_input_ids": batch.noised_ids,
        "decoder_attention_mask": torch.cat([batch.prompt_mask, canvas_mask], dim=1),
    }
