"""Trains the pocket checkpoint from scratch with transformers' own DiffusionGemma on the generated corpus.

`python -m training.train RUN_FOLDER --steps N` is resumable: it goes on from RUN_FOLDER/state.pt.
The objective is DiffusionGemma's: a share t ~ U(0, 1) of the canvas replaced by uniform random ids, cross-entropy on
every position, self-conditioning by a first pass without gradient on half of the batches.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import DiffusionGemmaForBlockDiffusion
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from training.architecture import GENERATION_CONFIG, pocket_config
from training.batches import Batch, draw_batch
from training.tokenizer import build_tokenizer, corpus_pieces

FAMILY_WEIGHTS = {"acrostic": 3.0, "why": 2.0, "function": 2.0, "planets": 2.0, "story": 1.2, "haiku": 1.0}
"""What is hard, more often."""
CONTINUATION_EVERY = 10
"""One batch in so many continues an answer instead of starting it."""


@dataclass(frozen=True)
class Recipe:
    """The knobs of one training run."""

    steps: int
    batch_size: int = 48
    learning_rate: float = 3e-3
    warmup_steps: int = 60
    flat_share: float = 0.3
    clip_norm: float = 1.0
    average_decay: float = 0.998
    save_every: int = 100

    def rate_at(self, step: int) -> float:
        """Learning rate as a share of its peak: warm-up, flat, then linear to zero."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        flat_end = self.flat_share * self.steps
        return warm * min(1.0, max(0.0, (self.steps - step) / (self.steps - flat_end)))


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


def make_optimizers(model: torch.nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for embeddings, experts, norms and scalars."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and "embed_tokens" not in name else others).append(parameter)
    return [
        torch.optim.Muon(matrices, lr=rate, adjust_lr_fn="match_rms_adamw", weight_decay=0.01),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


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


def train(folder: Path, recipe: Recipe) -> None:
    """Train to `recipe.steps`, saving state and averaged weights in `folder` on the way."""
    tokenizer = _prepare_tokenizer(folder)
    model = make_model(tokenizer.get_vocab_size())
    average = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizers = make_optimizers(model, recipe.learning_rate)
    state_path = folder / "state.pt"
    first_step = 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        first_step, average = state["step"], state["average"]
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters / 1e6:.2f} M parameters, {tokenizer.get_vocab_size()} ids, from step {first_step}", flush=True)
    compiled_guess, compiled_loss = torch.compile(first_guess), torch.compile(denoising_loss)
    started, seen, smoothed = time.perf_counter(), 0, None
    for step in range(first_step, recipe.steps):
        continuation = step % CONTINUATION_EVERY == CONTINUATION_EVERY - 1
        batch = draw_batch(step, recipe.batch_size, tokenizer, FAMILY_WEIGHTS, continuation)
        torch.manual_seed(step)
        keep = (torch.rand(recipe.batch_size) < 0.9) & (step % 2 == 0)
        if step % 2 == 0:
            guess = compiled_guess(model, batch)
        else:
            guess = torch.zeros(*batch.target_ids.shape, tokenizer.get_vocab_size(), dtype=torch.bfloat16)
        loss = compiled_loss(model, batch, guess, keep)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * recipe.rate_at(step)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        decay = min(recipe.average_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, p in model.named_parameters():
                average[name].lerp_(p, 1 - decay)
        seen += recipe.batch_size
        smoothed = loss.item() if smoothed is None else 0.98 * smoothed + 0.02 * loss.item()
        if step % 20 == 0:
            rate = seen / (time.perf_counter() - started)
            print(f"step {step} loss {smoothed:.4f} {rate:.1f} samples/s {time.strftime('%H:%M:%S')}", flush=True)
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            _save(state_path, step + 1, model, average, optimizers)


def _prepare_tokenizer(folder: Path) -> Tokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    if not path.exists():
        build_tokenizer(corpus_pieces()).save(str(path))
    (folder / "generation_config.json").write_text(json.dumps(GENERATION_CONFIG, indent=2) + "\n")
    return Tokenizer.from_file(str(path))


def _save(
    path: Path,
    step: int,
    model: torch.nn.Module,
    average: dict[str, torch.Tensor],
    optimizers: list[torch.optim.Optimizer],
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "average": average,
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
    }
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where state, tokenizer and logs go; resumed when it exists")
    parser.add_argument("--steps", type=int, default=7420, help="training steps in all (default 7420)")
    arguments = parser.parse_args()
    train(arguments.folder, Recipe(steps=arguments.steps))


if __name__ == "__main__":
    main()
