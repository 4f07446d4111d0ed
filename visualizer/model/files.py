"""The files of a checkpoint folder: its JSON, its weights by their index and their headers, a fingerprint of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visualizer.errors import CheckpointError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_PIECES, _PIECE_BYTES = 64, 2**18
_NO_SAFETENSORS = (ValueError, KeyError, TypeError, AttributeError)
"""What reading the header of another kind of file raises."""
_LONGEST_HEADER = 100 * 2**20
"""Of a safetensors file, as its own library bounds it."""


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


def check_files(folder: Path) -> None:
    """Refuse a folder that lacks the tokenizer, or a file of weights.

    Raises CheckpointError.
    """
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


def check_shard(path: Path, name: str) -> None:
    """Refuse a file of weights that is cut short or no safetensors file, by its header alone.

    Raises CheckpointError.
    """
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
