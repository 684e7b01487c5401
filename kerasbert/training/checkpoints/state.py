"""The whole state of a training as arrays and plain data, and back: what is forgotten here is lost at a restart."""

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.errors import ArtifactError
from kerasbert.training.checkpoints.checkpoint import Checkpoint

# What Keras's callbacks remember from epoch to epoch.
REMEMBERED: dict[type, tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: ("best", "epochs_since_last_save"),
    keras.callbacks.History: ("history", "epoch"),
}
MODEL, OPTIMIZER, METRICS, CALLBACKS = "model", "optimizer", "metrics", "callbacks"


def capture(whole: keras.Model, trained: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> Checkpoint:
    """Take everything that the next step depends on.

    Args:
        whole: its weights and the states of its random generators (dropout) are taken.
        trained: the same, or the part of it that trains: its optimiser is taken, with moments, averages, accumulated
            gradients and loss scale, and the sums behind the metrics of this epoch.
        callbacks: those of Keras that remember something, and those with a method `training_state`, which returns a dict
            of plain data and arrays; the method `restore_training_state` takes it back.
    """
    arrays: dict[str, np.ndarray] = {}
    for part, variables in _variables(whole, trained).items():
        arrays.update(arrays_of(variables, part))
    remembered = [
        pack(_remembered(callback), f"{CALLBACKS}/{index}", arrays) for index, callback in enumerate(callbacks)
    ]
    state = {
        CALLBACKS: remembered,
        "kinds": [type(callback).__name__ for callback in callbacks],
        "random": _random_state(),
    }
    return Checkpoint(arrays, state)


def restore(
    whole: keras.Model, trained: keras.Model, callbacks: Sequence[keras.callbacks.Callback], checkpoint: Checkpoint
) -> None:
    """Put everything back; see `capture`.

    Args:
        whole: of the same architecture as the one that was captured.
        trained: as `whole`; compiled and built.
        callbacks: each takes the state of the one of its kind; a new one starts afresh.
        checkpoint: from `capture`.

    Raises:
        ArtifactError: when the checkpoint is of another model.
    """
    for part, variables in _variables(whole, trained).items():
        assign(variables, checkpoint, part)
    kept = dict(zip(_keys(checkpoint.state["kinds"]), checkpoint.state[CALLBACKS], strict=True))
    kinds = [type(callback).__name__ for callback in callbacks]
    for callback, key in zip(callbacks, _keys(kinds), strict=True):
        if key in kept:
            _put_back(callback, unpack(kept[key], checkpoint.arrays))
    _restore_random(checkpoint.state["random"])


def _keys(kinds: Sequence[str]) -> list[tuple[str, int]]:
    """Number callbacks of one kind: the first, the second..."""
    return [(kind, list(kinds[:index]).count(kind)) for index, kind in enumerate(kinds)]


def remembers(callback: keras.callbacks.Callback) -> bool:
    """Return whether a callback has a state that must be kept."""
    return hasattr(callback, "training_state") or isinstance(callback, tuple(REMEMBERED))


def arrays_of(variables: Sequence[Any], part: str) -> dict[str, np.ndarray]:
    """Return the values of variables, named by their part of the training and their number in it."""
    return {f"{part}/{index:05d}": _array(variable) for index, variable in enumerate(variables)}


def assign(variables: Sequence[Any], checkpoint: Checkpoint, part: str) -> None:
    """Assign the values of one part of a checkpoint to variables; refuse another number or other shapes."""
    stored = {name: array for name, array in checkpoint.arrays.items() if name.startswith(part + "/")}
    names = [f"{part}/{index:05d}" for index in range(len(variables))]
    fits = set(names) == set(stored) and all(
        tuple(stored[name].shape) == tuple(variable.shape) for name, variable in zip(names, variables, strict=True)
    )
    if not fits:
        raise ArtifactError(
            f"The checkpoint does not fit: it holds {len(stored)} arrays for the {part}, which has {len(variables)} of "
            f"other shapes. Train the same model, or start afresh with resume=False (--no-resume)."
        )
    for name, variable in zip(names, variables, strict=True):
        variable.assign(stored[name])


def pack(value: Any, where: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return plain data in which every array is replaced by its name among `arrays`."""
    if isinstance(value, dict):
        return {str(key): pack(one, f"{where}/{key}", arrays) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [pack(one, f"{where}/{index}", arrays) for index, one in enumerate(value)]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) or np.ndim(value) == 0:
        # Written out exactly, NaN and infinity too, which strict JSON has not.
        return {"float": float(value).hex()}
    arrays[where] = np.asarray(value)
    return {"array": where}


def unpack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return what `pack` was given; tuples come back as lists."""
    if isinstance(value, list):
        return [unpack(one, arrays) for one in value]
    if isinstance(value, dict):
        if list(value) == ["float"]:
            return float.fromhex(value["float"])
        if list(value) == ["array"]:
            return arrays[value["array"]]
        return {key: unpack(one, arrays) for key, one in value.items()}
    return value


def _variables(whole: keras.Model, trained: keras.Model) -> dict[str, list[Any]]:
    return {
        MODEL: list(whole.variables),
        OPTIMIZER: list(trained.optimizer.variables),
        METRICS: list(trained.metrics_variables),
    }


def _array(variable: Any) -> np.ndarray:
    array = np.asarray(variable.numpy())
    # The file format has no bfloat16 in NumPy; float32 holds every one of its values.
    return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype.name == "bfloat16" else array


def _remembered(callback: keras.callbacks.Callback) -> dict[str, Any]:
    if hasattr(callback, "training_state"):
        return dict(callback.training_state())
    return {
        name: getattr(callback, name)
        for kind, names in REMEMBERED.items()
        if isinstance(callback, kind)
        for name in names
    }


def _put_back(callback: keras.callbacks.Callback, values: dict[str, Any]) -> None:
    if hasattr(callback, "restore_training_state"):
        callback.restore_training_state(values)
        return
    for name, value in values.items():
        setattr(callback, name, value)


def _random_state() -> dict[str, Any]:
    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [str(kind), [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
    }


def _restore_random(state: dict[str, Any]) -> None:
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
