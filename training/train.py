"""Trains a pocket checkpoint from scratch on the generated corpus: the diffusion model's, or the typewriter's.

`python -m training.train RUN_FOLDER --steps N` is resumable: it goes on from RUN_FOLDER/state.pt. What is learned from
a batch is the objective's: see `training.denoising` and `training.next_token`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from tokenizers import Tokenizer

from training.denoising import Denoising
from training.next_token import NextToken
from training.tokenizer import build_tokenizer, corpus_pieces


class Objective(Protocol):
    """A model and what it learns from the examples of a step."""

    model: torch.nn.Module

    def muon(self, matrices: list[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
        """The Muon that works in the objective's number format."""

    def backward(self, step: int, size: int) -> float:
        """Add the gradient of the batch of `size` examples that belongs to a step; its loss in nats."""


DENOISING, NEXT_TOKEN = "denoising", "next-token"
OBJECTIVES: dict[str, Callable[[Tokenizer], Objective]] = {DENOISING: Denoising, NEXT_TOKEN: NextToken}


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


def objective_of(state: dict) -> str:
    """The name of the objective that a run's saved state belongs to; older states know of one alone."""
    return state.get("objective", DENOISING)


def make_optimizers(objective: Objective, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for embeddings, experts, norms and scalars."""
    matrices, others = [], []
    for name, parameter in objective.model.named_parameters():
        (matrices if parameter.ndim == 2 and "embed_tokens" not in name else others).append(parameter)
    return [
        objective.muon(matrices, rate),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train(folder: Path, recipe: Recipe, objective_name: str = DENOISING) -> None:
    """Train to `recipe.steps`, saving state and averaged weights in `folder` on the way.

    Raises ValueError where the folder holds a run of another objective.
    """
    tokenizer = _prepare_tokenizer(folder)
    objective = OBJECTIVES[objective_name](tokenizer)
    model = objective.model
    average = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizers = make_optimizers(objective, recipe.learning_rate)
    state_path = folder / "state.pt"
    first_step = 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        if objective_of(state) != objective_name:
            raise ValueError(f"{folder} holds a run of the objective {objective_of(state)!r}, not {objective_name!r}.")
        first_step, average = state["step"], state["average"]
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters / 1e6:.2f} M parameters, {tokenizer.get_vocab_size()} ids, from step {first_step}", flush=True)
    started, seen, smoothed = time.perf_counter(), 0, None
    for step in range(first_step, recipe.steps):
        loss = objective.backward(step, recipe.batch_size)
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
        smoothed = loss if smoothed is None else 0.98 * smoothed + 0.02 * loss
        if step % 20 == 0:
            rate = seen / (time.perf_counter() - started)
            print(f"step {step} loss {smoothed:.4f} {rate:.1f} samples/s {time.strftime('%H:%M:%S')}", flush=True)
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            _save(state_path, objective_name, step + 1, model, average, optimizers)


def _prepare_tokenizer(folder: Path) -> Tokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    if not path.exists():
        build_tokenizer(corpus_pieces()).save(str(path))
    return Tokenizer.from_file(str(path))


def _save(
    path: Path,
    objective_name: str,
    step: int,
    model: torch.nn.Module,
    average: dict[str, torch.Tensor],
    optimizers: list[torch.optim.Optimizer],
) -> None:
    state = {
        "objective": objective_name,
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
    parser.add_argument("--objective", choices=OBJECTIVES, default=DENOISING, help="what is learned")
    arguments = parser.parse_args()
    train(arguments.folder, Recipe(steps=arguments.steps), arguments.objective)


if __name__ == "__main__":
    main()
