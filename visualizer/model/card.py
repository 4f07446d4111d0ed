"""What a checkpoint folder says of itself, read and checked without MLX."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from visualizer.errors import CheckpointError, VisualizerError
from visualizer.model.chat_template import knows_system, knows_thinking
from visualizer.model.files import check_files, fingerprint, read_json
from visualizer.model.quantization import check_quantization
from visualizer.settings import MAX_TOKENS, Settings
from visualizer.trace import Writing

MODEL_TYPES = {"diffusion_gemma": Writing.DENOISED, "gemma3_text": Writing.TYPED, "gemma4": Writing.TYPED}
"""How the models of a type write."""
TYPED_KNOBS = frozenset({"max_tokens", "temperature", "seed", "think", "system"})
"""The knobs of a run that a model that types has."""
_PAGE_LENGTH = 256
"""Positions that a model that types has on one canvas."""
_GENERATION_KEYS = {"max_denoising_steps": "max_steps", "t_min": "t_min", "t_max": "t_max",
                    "stability_threshold": "stability_steps", "confidence_threshold": "stop_entropy"}  # fmt: skip
_ANSWER_TOKENS, _LONG_CONTEXT = 1024, 32_768
"""The least default budget, and from how many positions of context on: the published checkpoint asks for one canvas,
which cuts ordinary answers off. One with a short context writes short answers, and has what it asks for."""


@dataclass(frozen=True)
class CheckpointCard:
    """What a checkpoint folder says of itself, read without loading it.

    defaults: the sampling knobs of its generation_config. context_length: positions, prompt and answer together;
    memory_context: those that fit this machine's memory, where that is known. writing: how it writes. thinks,
    takes_system: what its chat template knows.
    """

    folder: Path
    name: str
    canvas_length: int
    vocab_size: int
    context_length: int
    stop_ids: frozenset[int]
    defaults: Settings
    memory_context: int | None = None
    writing: Writing = Writing.DENOISED
    thinks: bool = False
    takes_system: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of its files: other weights, configuration or tokenizer give another one. See `fingerprint`."""
        return fingerprint(self.folder)


def read_card(folder: Path) -> CheckpointCard:
    """Read and check a checkpoint folder's description.

    Raises CheckpointError when it is missing, incomplete, unreadable or of another model type.
    """
    try:
        if not folder.is_dir():
            raise CheckpointError(f"There is no checkpoint folder at {folder}.")
    except OSError as exc:
        raise CheckpointError(f"The checkpoint folder {folder} cannot be opened: {exc.strerror}.") from exc
    config = read_json(folder / "config.json")
    check_model_type(config, folder.name)
    check_quantization(config, folder.name)
    generation = read_json(folder / "generation_config.json")
    check_files(folder)
    template = _chat_template(folder)
    try:
        writing = MODEL_TYPES[config["model_type"]]
        text_config = config if config["model_type"] == "gemma3_text" else config["text_config"]
        canvas_length = int(config.get("canvas_length", _PAGE_LENGTH))
        stop = generation.get("eos_token_id", config.get("eos_token_id"))
        stop_ids = frozenset(stop if isinstance(stop, list) else [] if stop is None else [stop])
        return CheckpointCard(
            folder=folder,
            name=str(config.get("_name_or_path") or folder.name),
            canvas_length=canvas_length,
            vocab_size=int(text_config["vocab_size"]),
            context_length=int(text_config["max_position_embeddings"]),
            stop_ids=stop_ids,
            defaults=_default_settings(generation, canvas_length, int(text_config["max_position_embeddings"])),
            writing=writing,
            thinks=knows_thinking(template),
            takes_system=knows_system(template),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise CheckpointError(f"The configuration of {folder.name} lacks or garbles {exc}.") from exc
    except VisualizerError as exc:
        raise CheckpointError(f"The generation_config.json of {folder.name} is off: {exc}") from exc


def check_model_type(config: object, name: str) -> None:
    """Refuse the content of a config.json that is of another model type.

    Raises CheckpointError.
    """
    model_type = config.get("model_type") if isinstance(config, dict) else None
    if model_type not in MODEL_TYPES:
        *most, last = map(repr, MODEL_TYPES)
        known = f"{', '.join(most)} and {last}"
        raise CheckpointError(f"{name} is a checkpoint of type {model_type!r:.60}, and only {known} can be shown.")


def check_denoises(card: CheckpointCard) -> None:
    """Refuse a checkpoint that types where the player would show it: it draws noise wherever nothing is accepted.

    Raises CheckpointError.
    """
    if card.writing is Writing.TYPED:
        raise CheckpointError(
            f"{card.name} types one token after the other, and the page shows what denoises; the command line makes "
            "films of it, alone or in a race."
        )


def _default_settings(generation: dict[str, Any], canvas_length: int, context_length: int) -> Settings:
    flat = generation | (generation.get("linear_temperature_schedule_config") or {})
    flat |= generation.get("diffusion_stopping_config") or {}
    knobs = {ours: flat[theirs] for theirs, ours in _GENERATION_KEYS.items() if theirs in flat}
    bound = (generation.get("sampler_config") or {}).get("entropy_bound")
    budget = generation.get("max_new_tokens")
    temperature = generation.get("temperature", 1.0) if generation.get("do_sample") else None
    settings = Settings().changed(
        **knobs, entropy_bound=bound, temperature=temperature, canvas_length=canvas_length,
        max_tokens=min(budget, MAX_TOKENS) if isinstance(budget, int) else budget,
    )  # fmt: skip
    least = _ANSWER_TOKENS if context_length >= _LONG_CONTEXT else 1
    return settings.changed(max_tokens=max(settings.max_tokens, least))


def _chat_template(folder: Path) -> str:
    """The chat template that transformers takes from a folder; "" where there is none."""
    beside, config = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if beside.is_file():
        try:
            return beside.read_text(encoding="utf-8", errors="replace")
        except OSError as exc:
            raise CheckpointError(
                f"{beside.name} of the checkpoint {folder.name} cannot be read: {exc.strerror}."
            ) from exc
    template = read_json(config).get("chat_template") if config.is_file() else None
    return template if isinstance(template, str) else ""
