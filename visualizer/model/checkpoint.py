"""Checkpoints on disk: read and check their description, load them, turn a chat prompt into ids and ids into text.

A `CheckpointCard` is what the page needs and costs no MLX; a `Checkpoint` is the loaded model.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualizer.errors import CheckpointError, SettingsError, VisualizerError
from visualizer.model.blas import prefer_openblas
from visualizer.model.chat_template import knows_system, knows_thinking
from visualizer.model.metal_errors import gpu_error
from visualizer.model.quantization import check_quantization
from visualizer.model.token_text import TokenTexts
from visualizer.settings import MAX_TOKENS, Settings
from visualizer.trace import CHANNEL_CLOSER, CHANNEL_OPENER, Part, Writing, canvas_parts

if TYPE_CHECKING:
    import mlx.nn as nn
    from transformers import PreTrainedTokenizerBase

MODEL_TYPES = {"diffusion_gemma": Writing.DENOISED, "gemma3_text": Writing.TYPED, "gemma4": Writing.TYPED}
"""How the models of a type write."""
TYPED_KNOBS = frozenset({"max_tokens", "temperature", "seed", "think", "system"})
"""The knobs of a run that a model that types has."""
_PAGE_LENGTH = 256
"""Positions that a model that types has on one canvas."""
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_PIECES, _PIECE_BYTES = 64, 2**18
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


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint."""

    card: CheckpointCard
    model: nn.Module
    tokenizer: PreTrainedTokenizerBase

    @property
    def number_format(self) -> str:
        """What its activations are computed in: "bfloat16", "float16" or "float32"."""
        return str(_trunk(self.model).norm.weight.dtype).removeprefix("mlx.core.")

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


_READ_BYTES = 256 * 2**20
"""Of weights, between two tellings how far loading is."""
_NO_SAFETENSORS = (ValueError, KeyError, TypeError, AttributeError)
"""What reading the header of another kind of file raises."""
_LONGEST_HEADER = 100 * 2**20
"""Of a safetensors file, as its own library bounds it."""


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
    _check_files(folder)
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


def load_checkpoint(
    card: CheckpointCard, tell: Callable[[int, int], None] = lambda done, total: None, bfloat16: bool = False
) -> Checkpoint:
    """Load the model and its tokenizer, without the vision tower, which a text prompt does not use: with mlx-vlm what
    denoises, with mlx-lm what types.

    Activations are float32 without a GPU, float16 where the chip emulates bfloat16, else what the checkpoint has;
    bfloat16: without that exception. tell: called with the bytes of weights read so far, and of all.
    Raises CheckpointError when the weights or the tokenizer do not load, or the chat template is missing; EngineError
    when the GPU or its memory fails.
    """
    read_json(card.folder / "tokenizer.json")
    for shard in weight_files(card.folder):
        _check_shard(card.folder / shard, card.name)
    prefer_openblas()
    library, load = ("mlx-lm", _load_typed) if card.writing is Writing.TYPED else ("mlx-vlm", _load_denoised)
    try:
        model, tokenizer = load(card.folder)
        _choose_number_format(model, bfloat16)
        _read_weights(model, tell)
    except CheckpointError:
        raise
    except Exception as exc:
        if (known := gpu_error(exc, loading=card.name)) is not None:
            raise known from exc
        fits = "its weights do not fit its config.json" if _tells_of_weights(exc) else f"{library} refuses it"
        raise CheckpointError(f"The checkpoint {card.name} does not load: {fits} ({_one_line(exc)}).") from exc
    if not tokenizer.chat_template:
        raise CheckpointError(f"The checkpoint {card.name} is incomplete: it has no chat template.")
    return Checkpoint(card, model, tokenizer)


def _load_denoised(folder: Path) -> tuple[nn.Module, Any]:
    """The model and its tokenizer; the weights are read later."""
    from mlx_vlm.utils import load

    with _without_tower(folder) as links:
        model, processor = load(str(links), lazy=True)
    return model, getattr(processor, "tokenizer", processor)


def _load_typed(folder: Path) -> tuple[nn.Module, Any]:
    """The model and its tokenizer; the weights are read later."""
    from mlx_lm.utils import load

    model, tokenizer = load(str(folder), lazy=True)[:2]
    return model, tokenizer


def _trunk(model: nn.Module) -> nn.Module:
    """What holds a model's embeddings and its last norm."""
    inner = model.model if hasattr(model, "model") else model.language_model.model
    trunk: nn.Module = getattr(inner, "decoder", inner)
    return trunk


@contextmanager
def _without_tower(folder: Path) -> Iterator[Path]:
    """A folder of links to a checkpoint's files whose config.json has no vision tower: mlx-vlm then builds none, reads
    none, and misses none where it lies in a file of its own."""
    config = read_json(folder / "config.json") | {"vision_config": None}
    loaded = weight_files(folder)
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as name:
        for path in folder.iterdir():
            if path.name != "config.json" and (path.suffix != ".safetensors" or path.name in loaded):
                (Path(name) / path.name).symlink_to(path.resolve())
        (Path(name) / "config.json").write_text(json.dumps(config), encoding="utf-8")
        yield Path(name)


def _choose_number_format(model: nn.Module, bfloat16: bool) -> None:
    import mlx.core as mx

    from visualizer.model.device import device_name, number_format, on_gpu

    chosen = number_format(device_name(), on_gpu())
    # MLX reads an embedding of another mode in bfloat16, and bfloat16 with float16 makes float32 of every activation.
    affine = getattr(_trunk(model).embed_tokens, "mode", "affine") == "affine"
    if chosen == mx.float32 or (chosen == mx.float16 and affine and not bfloat16):
        model.set_dtype(chosen)


def _read_weights(model: nn.Module, tell: Callable[[int, int], None]) -> None:
    """Bring the weights into memory, piece by piece so that it can be told how far it is."""
    import mlx.core as mx
    from mlx.utils import tree_flatten

    arrays: list[mx.array] = list(dict(tree_flatten(model.parameters())).values())  # type: ignore[no-untyped-call]
    done, total, piece = 0, sum(array.nbytes for array in arrays), 0
    for number, array in enumerate(arrays):
        done += array.nbytes
        if done - piece >= _READ_BYTES:
            mx.eval(arrays[: number + 1])
            piece = done
            tell(done, total)
    mx.eval(arrays)
    tell(total, total)


def fingerprint(folder: Path) -> str:
    """16 hexadecimal digits of a SHA-256 over a checkpoint's files, by name and size and content.

    Of a large file its beginning, where safetensors keep the names and shapes, its end, and pieces between are read, so
    that 16 GB of weights take a fraction of a second. Raises CheckpointError when a file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for path in sorted(path for pattern in ("*.json", "*.safetensors", "*.jinja") for path in folder.glob(pattern)):
            size = path.stat().st_size
            digest.update(f"{path.name}\0{size}\0".encode())
            with path.open("rb") as file:
                for start in _pieces(size):
                    file.seek(start)
                    digest.update(file.read(_PIECE_BYTES))
    except OSError as exc:
        raise CheckpointError(f"The checkpoint {folder.name} cannot be read: {exc.strerror}.") from exc
    return digest.hexdigest()[:16]


def _pieces(size: int) -> list[int]:
    """Where the pieces begin that stand for a file of this size: all of it, or evenly spread."""
    if size <= _PIECES * _PIECE_BYTES:
        return list(range(0, size, _PIECE_BYTES))
    return [(size - _PIECE_BYTES) * number // (_PIECES - 1) for number in range(_PIECES)]


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


def _check_files(folder: Path) -> None:
    for name in ("tokenizer.json", *weight_files(folder)):
        if not (folder / name).is_file():
            raise CheckpointError(f"The checkpoint {folder.name} is incomplete: {name} is missing.")


def weight_files(folder: Path) -> list[str]:
    """Names of the files of weights that are loaded: those that the index lists, or the one without an index.

    Raises CheckpointError when the index cannot be read or lists none.
    """
    index = folder / INDEX
    return sorted(set(read_weight_map(read_json(index), folder.name).values())) if index.is_file() else [WEIGHTS]


def read_weight_map(index: Mapping[str, Any], name: str) -> dict[str, str]:
    """The file of each tensor, by the content of an index.

    Raises CheckpointError when it lists none.
    """
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{INDEX} of the checkpoint {name} lists no weights.")
    return {tensor: str(file) for tensor, file in weight_map.items()}


def _check_shard(path: Path, name: str) -> None:
    """Refuse a file of weights that is cut short or no safetensors file, by its header alone."""
    try:
        needed, _ = _read_header(path)
        size = path.stat().st_size
    except FileNotFoundError as exc:
        raise CheckpointError(f"The checkpoint {name} is incomplete: {path.name} is missing.") from exc
    except OSError as exc:
        raise CheckpointError(f"{path.name} of the checkpoint {name} cannot be read: {exc.strerror}.") from exc
    except _NO_SAFETENSORS as exc:
        raise CheckpointError(f"The checkpoint {name} does not load: {path.name} is no safetensors file.") from exc
    if size < needed:
        raise CheckpointError(
            f"The checkpoint {name} is incomplete: {path.name} is cut short at {size:,} bytes, "
            f"at least {needed:,} are needed."
        )


def tensor_sizes(path: Path) -> dict[str, int]:
    """Bytes of every tensor in a safetensors file, by name; none where the file cannot be read as one."""
    try:
        return _read_header(path)[1]
    except (OSError, *_NO_SAFETENSORS):
        return {}


def _read_header(path: Path) -> tuple[int, dict[str, int]]:
    """How many bytes a safetensors file must have, and those of every tensor, by name.

    The header: its length in 8 bytes, then JSON that gives every tensor's place after it. Of one that is cut short only
    its own length is known. Raises OSError, or one of _NO_SAFETENSORS.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= _LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        header = file.read(length)
    if len(header) < length:
        return 8 + length, {}
    places = {key: entry["data_offsets"] for key, entry in json.loads(header).items() if key != "__metadata__"}
    end = max((int(stop) for _, stop in places.values()), default=0)
    return 8 + length + end, {key: int(stop) - int(start) for key, (start, stop) in places.items()}


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a checkpoint's file.

    Raises CheckpointError when it is missing, cannot be read, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise CheckpointError(f"The checkpoint {path.parent.name} is incomplete: {path.name} is missing.") from exc
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise CheckpointError(f"{path.name} of the checkpoint {path.parent.name} cannot be read: {why}.") from exc
    if not isinstance(content, dict):
        raise CheckpointError(f"{path.name} of the checkpoint {path.parent.name} is not a JSON object.")
    return content


def _tells_of_weights(exc: Exception) -> bool:
    """Whether mlx says by it that a tensor is missing, left over or of another shape."""
    return isinstance(exc, ValueError) and str(exc).startswith(("Missing ", "Received ", "Expected shape"))


def _one_line(exc: Exception) -> str:
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text}"[:200].rstrip(".: ")
