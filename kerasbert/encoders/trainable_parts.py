"""Record in a layer's config which of its parts train, so that frozen parts stay frozen wherever it is rebuilt."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras

KEY = "trainable_parts"


def trainable_parts(layer: Any) -> dict[str, bool]:
    """Return the flags of the parts whose `trainable` differs from their holder's, by path such as `layer_1/output`."""
    return dict(_differing(layer, ""))


def set_trainable_parts(layer: Any, parts: Mapping[str, bool]) -> None:
    """Set the flags that `trainable_parts` returns, from the outside in; unknown paths are skipped."""
    for path, flag in sorted(parts.items(), key=lambda item: item[0].count("/")):
        part = _part(layer, path)
        if part is not None:
            set_trainable(part, flag)


def set_trainable(layer: Any, flag: bool) -> None:
    """Set the flag of a layer and of everything in it, whatever it was."""
    # TensorFlow's tracking leaves out the assignment of a value that is there already, and what is inside with it.
    layer.trainable = not flag
    layer.trainable = flag


def copy_trainable(source: Any, target: Any) -> None:
    """Copy the flags of a layer to one of the same make, or to a shorter one."""
    set_trainable(target, source.trainable)
    set_trainable_parts(target, trainable_parts(source))


def _differing(layer: Any, above: str) -> Iterator[tuple[str, bool]]:
    for part in layer._layers:
        path = f"{above}{part.name}"
        if part.trainable != layer.trainable:
            yield path, part.trainable
        yield from _differing(part, f"{path}/")


def _part(layer: Any, path: str) -> keras.layers.Layer | None:
    for name in path.split("/"):
        layer = next((part for part in layer._layers if part.name == name), None)
        if layer is None:
            return None
    return layer
