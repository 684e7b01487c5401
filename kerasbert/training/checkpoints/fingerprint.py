"""What a training was started with, as plain data, so that a resumed one is known to be the same."""

import hashlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.batches.memory import Batches
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.classifier import Classifier


def facts_of_source(name: str, source: Any) -> dict[str, Any]:
    """Return a fingerprint of batches, their texts, labels and order: name -> number, text or hash."""
    if source is None:
        return {f"{name} data": None}
    if hasattr(source, "fingerprint"):
        return {f"{name} {key}": value for key, value in source.fingerprint().items()}
    if not isinstance(source, Batches):
        return {f"{name} batches": int(source.steps)}
    facts: dict[str, Any] = {
        f"{name} texts": _hash(source.token_arrays),
        f"{name} labels": _hash(source.labels),
        f"{name} sample_weight": _hash(source.sample_weight),
    }
    if source.others is not None:
        facts[f"{name} other_inputs"] = _hash([source.others.arrays, source.others.texts])
    if name == "training":
        facts |= {"batch_size": source.batch_size, "seed": source.seed, "shuffle": source.shuffle}
        facts |= {} if source.shuffle else {"by_length": source.by_length}
        facts |= {"lengths": [int(length) for length in source.lengths], "sampling": _hash(source.draws)}
    return facts


def facts_of_model(model: Classifier) -> dict[str, Any]:
    """Return what makes a model the same: its builder, the builder's arguments and its precision."""
    facts: dict[str, Any] = {"precision": model.encoder.dtype_policy.name}
    try:
        architecture = architecture_of(model)
    except ConfigError:
        # A pooling layer of the user's own: its weights tell.
        return {**facts, "model": [list(weight.shape) for weight in model.weights]}
    arguments = {key: value for key, value in architecture["arguments"].items() if key != "name"}
    return {**facts, "model": architecture["builder"], **_flat("model", arguments)}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say what differs between an interrupted training and this one: "`epochs` was 3 and is 4"; hashes are hidden."""
    found = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        hashed = any(str(value).startswith("sha256:") for value in (old, new))
        found.append(
            f"other {key}" if hashed or key.startswith("model.encoder") else f"`{key}` was {old!r} and is {new!r}"
        )
    return found


def _flat(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: list(value) if isinstance(value, tuple) else value}
    return {key: part for inner, each in value.items() for key, part in _flat(f"{name}.{inner}", each).items()}


def _hash(value: Any) -> str | None:
    if value is None:
        return None
    digest = hashlib.sha256()
    for array in _arrays(value):
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"sha256:{digest.hexdigest()}"


def _arrays(value: Any) -> list[np.ndarray]:
    """Return the arrays inside tokens, windows, or labels by head, in a settled order."""
    if hasattr(value, "windows"):
        return [*_arrays(value.windows), value.text_offsets]
    if hasattr(value, "input_ids"):
        return [value.input_ids, value.token_type_ids, value.offsets]
    if isinstance(value, Mapping):
        return [array for key in sorted(value) for array in _arrays(value[key])]
    if isinstance(value, list):
        return [array for part in value for array in _arrays(part)]
    return [np.asarray(part) for part in keras.tree.flatten(value)]
