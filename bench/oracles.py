"""The two reference implementations, run step by step on our weights and our noise.

`run_ours` runs the viewer's loop and notes the noise that it drew. `Transformers` and `run_mlx_vlm` then run the
libraries' own loops, whole and unchanged, with that noise in the place of theirs. One thing is exchanged on purpose:
transformers samples the denoiser's canvas from the tempered distribution, where the viewer (as mlx-vlm) takes the most
probable tokens at temperature 0. Sampling would let unlikely tokens onto the canvas and make what is accepted another
token than the one shown as the best guess. So the reference is handed the tokens, argmax or sampled, that we chose.

A reference may follow (`Follow`): its decisions are noted and ours taken in their place, so that one that falls
differently, on a bound, does not make every later step incomparable; and it may be handed our logits of the step
before, of which it makes its own self-conditioning. Left to its own, the rounding errors of one step are the input of
the next: in float32 a gap of 2e-5 nats at the first step has been seen to grow beyond 1e-3 in twenty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import torch
from mlx_vlm.generate import diffusion as mlx_vlm_diffusion
from safetensors.torch import load_file
from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSampler,
    EntropyBoundSamplerConfig,
    StableAndConfidentStoppingCriteria,
)

from visualizer.draft import NO_DRAFT, Draft
from visualizer.model import denoise as denoise_module
from visualizer.model.denoise import denoise, worth_keeping
from visualizer.model.readout import Reader, Readout
from visualizer.model.sampler import draw_noise
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Phase

_LEAST = 1e-30
"""transformers refuses a stop entropy of 0, which we allow; below this no mean entropy falls either."""
_CERTAIN = -1e4
"""Of a logit beside that of a certain token."""
_TINY_VISION = {"model_type": "gemma4_vision", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
                "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8}  # fmt: skip


class Follow(IntEnum):
    """What a reference takes over from our run beside the noise."""

    NOTHING = 0
    DECISIONS = 1
    LOGITS = 2
    """Decisions, and the logits that its self-conditioning is made of; `ours` must have kept them."""


@dataclass(frozen=True, eq=False)
class OracleStep:
    """One step of a reference: what it decided, given the canvas.

    accepted: bool L. candidate_ids: int32 L, its most probable tokens. entropy_nats: float32 L. stops: whether its stop
    rule ended the block here. logits: float32 L×V after the temperature, where they were asked for.
    """

    accepted: np.ndarray
    candidate_ids: np.ndarray
    entropy_nats: np.ndarray
    stops: bool
    logits: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class OurRun:
    """Our states, the noise that was drawn (one array a block's start and one a step), and the logits if kept."""

    states: list[CanvasState]
    noise: list[np.ndarray]
    logits: list[np.ndarray]

    @property
    def steps(self) -> list[CanvasState]:
        """The states of the denoising steps."""
        return [state for state in self.states if state.phase is Phase.STEP]

    @property
    def committed(self) -> np.ndarray:
        """The canvases of all blocks, one after the other (int32)."""
        return np.concatenate([state.canvas_ids for state in self.states if state.phase is Phase.COMMIT])

    def stops(self) -> list[bool]:
        """Of each step, whether the stop rule ended its block there; the last possible step may hide it."""
        pairs = zip(self.states, self.states[1:], strict=False)
        return [after.phase is Phase.COMMIT for state, after in pairs if state.phase is Phase.STEP]


@dataclass(frozen=True, eq=False)
class OracleRun:
    """A reference's steps and the canvases that it committed (int32, of all blocks)."""

    steps: list[OracleStep]
    committed: np.ndarray


def run_ours(
    model: nn.Module, prompt_ids: Sequence[int], settings: Settings, stop_ids: frozenset[int],
    keep_logits: bool = False, draft: Draft = NO_DRAFT,
) -> OurRun:  # fmt: skip
    """Run the viewer's own loop and note its noise, and its logits if asked for.

    With a draft, what is noted is what a reference is to be handed, who knows of none: the canvas that a block begins
    with for its noise, and logits that are certain of what is pinned.
    """
    noise: list[np.ndarray] = []
    logits: list[np.ndarray] = []

    def noted_noise(length: int, vocab_size: int, key: mx.array) -> mx.array:
        drawn = draw_noise(length, vocab_size, key)
        noise.append(np.array(drawn))
        return drawn

    read = Reader.read

    def noted_read(reader: Reader, hidden: mx.array, temperature: float, *others: object) -> Readout:
        raw = reader.embedding.as_linear(hidden[0]).astype(mx.float32)
        logits.append(np.array(mx.tanh(raw / reader.softcap) * reader.softcap / temperature))
        return read(reader, hidden, temperature, *others)

    with (
        patch.object(denoise_module, draw_noise.__name__, noted_noise),
        patch.object(Reader, read.__name__, noted_read if keep_logits else read),
        patch.object(denoise_module, worth_keeping.__name__, _whole),
    ):
        states = list(denoise(model, prompt_ids, settings, stop_ids, draft=draft))
    # One is drawn as a block begins and one a step, as many as there are states before a commit.
    begun = [state for state in states if state.phase is not Phase.COMMIT]
    for index, state in enumerate(begun):
        if state.phase is Phase.NOISE:
            noise[index] = state.canvas_ids
    for step, row in zip((state for state in begun if state.phase is Phase.STEP), logits, strict=bool(logits)):
        row[step.pinned] = _CERTAIN
        row[step.pinned, step.canvas_ids[step.pinned]] = 0.0
    return OurRun(states, noise, logits)


def _whole(ids: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All candidates, unrounded: whether two are equally likely is a matter of all digits."""
    return ids, probabilities


@dataclass
class _Script:
    """What a reference is handed, in the order in which it asks, and what it answers."""

    ours: OurRun
    follow: Follow
    keep_logits: bool
    noises: Iterator[np.ndarray] = field(init=False)
    steps: list[OracleStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.noises = iter(self.ours.noise)
        self._our_stops = self.ours.stops()

    @property
    def state(self) -> CanvasState:
        """Our state of the step that the reference is in."""
        return self.ours.steps[min(len(self.steps), len(self.ours.steps) - 1)]

    @property
    def our_stop(self) -> bool:
        """Whether our run ended its block at that step."""
        return self._our_stops[min(len(self.steps), len(self._our_stops) - 1)]


class Transformers:
    """transformers' DiffusionGemma in PyTorch, float32, with the weights of a checkpoint folder."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config = DiffusionGemmaConfig(**config | {"vision_config": _TINY_VISION, "dtype": "float32"})
        self._model = _Handed._from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
        self._model.model.encoder.vision_tower = None
        self._model.model.encoder.embed_vision = None
        _load_weights(self._model, folder)

    def run(
        self, prompt_ids: Sequence[int], settings: Settings, stop_ids: frozenset[int], ours: OurRun,
        follow: Follow = Follow.NOTHING, keep_logits: bool = False,
    ) -> OracleRun:  # fmt: skip
        """Run transformers' own `generate` on the noise of `ours`."""
        script = _Script(ours, follow, keep_logits)
        self._model.script = script
        self._model.config.canvas_length = settings.canvas_length
        generation_config = DiffusionGemmaGenerationConfig(
            max_new_tokens=settings.max_tokens,
            max_denoising_steps=settings.max_steps,
            sampler_config=EntropyBoundSamplerConfig(entropy_bound=settings.entropy_bound),
            t_min=settings.t_min,
            t_max=settings.t_max,
            stability_threshold=settings.stability_steps,
            confidence_threshold=max(settings.stop_entropy, _LEAST),
            eos_token_id=sorted(stop_ids) or None,
        )
        prompt = torch.tensor([list(prompt_ids)])
        output = self._model.generate(prompt, generation_config=generation_config)
        return OracleRun(script.steps, output.sequences[0, prompt.shape[1] :].int().numpy())


class _Handed(DiffusionGemmaForBlockDiffusion):
    """transformers' model with its sampler, its stop rule and its draw of tokens made to keep to a script."""

    script: _Script

    def _prepare_sampler(self, generation_config: DiffusionGemmaGenerationConfig) -> EntropyBoundSampler:
        return _ScriptedSampler(
            self.script,
            config=generation_config.sampler_config,
            canvas_length=self.config.canvas_length,
            vocab_size=self.config.text_config.vocab_size,
            max_denoising_steps=generation_config.max_denoising_steps,
        )

    def _prepare_diffusion_stopping_criteria(
        self, generation_config: DiffusionGemmaGenerationConfig
    ) -> StableAndConfidentStoppingCriteria:
        return _ScriptedStopping(
            self.script, generation_config.stability_threshold, generation_config.confidence_threshold
        )

    def _denoising_step(self, *arguments: object, **named: object) -> tuple:
        def chosen(probabilities: torch.Tensor, num_samples: int) -> torch.Tensor:
            state = self.script.state
            best = probabilities.argmax(dim=-1)
            sampled = torch.from_numpy(state.canvas_ids.astype(np.int64))
            # Of the tokens that we sampled only the accepted ones are known, and only those matter.
            differs = ((state.canvas_ids != state.candidate_ids) & state.accepted) | state.pinned
            return torch.where(torch.from_numpy(differs), sampled, best)[:, None]

        with patch.object(torch, "multinomial", chosen):
            canvas, best, logits, finished = super()._denoising_step(*arguments, **named)
        if self.script.follow == Follow.LOGITS:
            logits = torch.from_numpy(self.script.ours.logits[len(self.script.steps) - 1])[None]
        return canvas, best, logits, finished


class _ScriptedSampler(EntropyBoundSampler):
    """The library's sampler, its noise handed to it; notes what it accepts."""

    def __init__(self, script: _Script, **named: object) -> None:
        super().__init__(**named)
        self._script = script
        self._accepted: np.ndarray | None = None

    def initialize_canvas(self, batch_size: int, device: torch.device) -> torch.LongTensor:
        return torch.from_numpy(next(self._script.noises).astype(np.int64))[None]

    def accept_canvas(
        self, current_canvas: torch.Tensor, denoiser_canvas: torch.Tensor, logits: torch.Tensor, cur_step: int
    ) -> torch.Tensor:
        canvas = super().accept_canvas(current_canvas, denoiser_canvas, logits, cur_step)
        self._script.noted_mask = self.accepted_token_mask[0].numpy().copy()
        if self._script.follow:
            self.accepted_token_mask = torch.from_numpy(self._script.state.accepted)[None]
            canvas = torch.where(self.accepted_token_mask, denoiser_canvas, current_canvas)
        return canvas


class _ScriptedStopping(StableAndConfidentStoppingCriteria):
    """The library's stop rule, the last thing that it decides in a step; notes the step."""

    def __init__(self, script: _Script, *thresholds: float) -> None:
        super().__init__(*thresholds)
        self._script = script

    def __call__(self, argmax_canvas: torch.Tensor, logits: torch.Tensor, **named: object) -> torch.Tensor:
        script, state, our_stop = self._script, self._script.state, self._script.our_stop
        candidates = argmax_canvas[0].int().numpy().copy()
        if script.follow:
            argmax_canvas.copy_(torch.from_numpy(state.candidate_ids.astype(np.int64)))
        stops = super().__call__(argmax_canvas, logits, **named)
        script.steps.append(
            OracleStep(
                accepted=script.noted_mask,
                candidate_ids=candidates,
                entropy_nats=torch.distributions.Categorical(logits=logits[0]).entropy().numpy(),
                stops=bool(stops[0]),
                logits=logits[0].numpy().copy() if script.keep_logits else None,
            )
        )
        return torch.tensor([our_stop]) if script.follow else stops


def _load_weights(model: torch.nn.Module, folder: Path) -> None:
    """Copy a folder's weights in; the published layout names tied weights once, by the decoder."""
    weights = {}
    for shard in sorted(folder.glob("*.safetensors")):
        for name, value in load_file(shard).items():
            for matrix in ("gate_up_proj", "down_proj"):  # mlx-vlm's name of an expert's matrix
                name = name.removesuffix(".weight") if name.endswith(f".experts.{matrix}.weight") else name
            weights[name] = value.float()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    state = model.state_dict()
    filled = {state[name].data_ptr() for name in weights if name in state}
    left = [name for name in missing if state[name].data_ptr() not in filled and "rotary" not in name]
    if unexpected or left:
        raise ValueError(f"{folder} does not fill the model: {left[:3]} are missing, {unexpected[:3]} are not known")


class _Silent:
    """A detokenizer for mlx-vlm, which asks for one; the text is of no interest here."""

    last_segment = ""

    def reset(self) -> None:
        """Nothing to forget."""

    def add_token(self, token: int, skip_special_token_ids: Sequence[int] = ()) -> None:
        """Nothing to decode."""

    def finalize(self) -> None:
        """Nothing to hand over."""


def run_mlx_vlm(
    model: nn.Module, prompt_ids: Sequence[int], settings: Settings, stop_ids: frozenset[int], ours: OurRun,
    follow: Follow = Follow.NOTHING,
) -> OracleRun:  # fmt: skip
    """Run mlx-vlm's own `stream_diffusion_generate` on the noise of `ours`.

    Its display of the unmasking is on, without which it leaves out the acceptance of a block's last possible step.
    """
    script = _Script(ours, follow, keep_logits=False)
    committed: list[int] = []
    with _scripted_mlx_vlm(script, type(model)), mlx_vlm_settings(model, settings):
        for result in start_mlx_vlm(model, prompt_ids, settings, stop_ids, diffusion_show_unmasking=True):
            if not (result.is_draft or result.diffusion_block_complete or result.finish_reason):
                committed.append(result.token)
    return OracleRun(script.steps, np.array(committed, dtype=np.int32))


def start_mlx_vlm(
    model: nn.Module, prompt_ids: Sequence[int], settings: Settings, stop_ids: frozenset[int], **options: object
) -> Iterator:
    """mlx-vlm's own loop with our knobs; the schedule and the stop rule come from `mlx_vlm_settings`."""
    return mlx_vlm_diffusion.stream_diffusion_generate(
        model,
        SimpleNamespace(detokenizer=_Silent()),
        SimpleNamespace(stopping_criteria=stop_ids.__contains__, decode=lambda ids, skip_special_tokens: ""),
        mx.array([list(prompt_ids)], dtype=mx.int32),
        None,
        None,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        skip_special_token_ids=(),
        max_denoising_steps=settings.max_steps,
        diffusion_max_canvas_length=settings.canvas_length,
        diffusion_min_canvas_length=settings.canvas_length,
        diffusion_sampler="entropy-bound",
        **options,
    )


@contextmanager
def mlx_vlm_settings(model: nn.Module, settings: Settings) -> Iterator[None]:
    """While it lasts the model's generation config, which mlx-vlm reads, says what our settings say."""
    generation_config = {
        "t_min": settings.t_min,
        "t_max": settings.t_max,
        "sampler_config": {"entropy_bound": settings.entropy_bound},
        "confidence_threshold": settings.stop_entropy,
        "stability_threshold": settings.stability_steps,
    }
    with patch.object(model.config, "generation_config", generation_config):
        yield


@contextmanager
def _scripted_mlx_vlm(script: _Script, kind: type[nn.Module]) -> Iterator[None]:
    condition = kind.diffusion_self_conditioning
    accept = mlx_vlm_diffusion._diffusion_entropy_transfer_mask
    settled = mlx_vlm_diffusion._diffusion_stable_and_confident
    noted: dict[str, np.ndarray] = {}

    def initialize(batch_size: int, canvas_length: int, vocab_size: int, dtype: mx.Dtype) -> mx.array:
        return mx.array(next(script.noises))[None].astype(dtype)

    def sample(logits: mx.array, dtype: mx.Dtype, temperature: float) -> mx.array:
        return mx.array(script.state.canvas_ids)[None].astype(dtype)

    def noted_accept(entropy: mx.array, bound: float) -> mx.array:
        mask = accept(entropy, bound)
        noted["entropy"], noted["mask"] = np.array(entropy[0]), np.array(mask[0])
        return mx.array(script.state.accepted)[None] if script.follow else mask

    def noted_settled(canvas: mx.array, logits: mx.array, history: list, config: dict | None) -> bool:
        our_stop, candidates = script.our_stop, np.array(canvas[0])
        if script.follow:
            canvas[:] = mx.array(script.state.candidate_ids)[None]
        stops = settled(canvas, logits, history, config)
        script.steps.append(OracleStep(noted["mask"], candidates, noted["entropy"], stops))
        return our_stop if script.follow else stops

    def conditioned(model: nn.Module, logits: mx.array, context: mx.array | None) -> mx.array:
        if script.follow == Follow.LOGITS:
            logits = mx.array(script.ours.logits[len(script.steps)])[None]
        return condition(model, logits, context)

    with (
        patch.object(kind, "diffusion_self_conditioning", conditioned),
        patch.multiple(
            mlx_vlm_diffusion,
            _diffusion_initialize_canvas=initialize,
            _diffusion_sample_canvas=sample,
            _diffusion_entropy_transfer_mask=noted_accept,
            _diffusion_stable_and_confident=noted_settled,
        ),
    ):
        yield
