"""A mixin for composite layers whose config records which parts are frozen or quantised."""

from collections.abc import Callable
from typing import Any, Self

from kerasbert.encoders import quantized_parts, trainable_parts


class KeepsParts:
    """Mixin for a composite layer: its config records which parts train and which are quantised.

    Keras keeps one flag for a layer and passes it to the layers that exist when it is set. A layer that uses this mixin
    passes its flag to layers that are made later, too, and keeps what was set on single ones through `get_config`:
    saving, loading and cloning a model give the same list of trainable weights.

    A subclass calls `settle_parts` at the end of `build`.
    """

    #: Gives what a config says of parts that are not made yet; a function, because Keras would track and save a dict.
    _awaited_parts: Callable[[], dict[str, Any]]

    def get_config(self) -> dict[str, Any]:
        """Return the layer's config, with what was set on its parts."""
        config = super().get_config()  # type: ignore[misc]
        return {**config, **self.parts_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild the layer from `get_config()`."""
        values = dict(config)
        parts = {key: values.pop(key, {}) for key in (trainable_parts.KEY, quantized_parts.KEY)}
        layer = cls.from_own_config(values)
        layer.take_parts(parts)
        return layer

    @classmethod
    def from_own_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild the layer without what was set on its parts."""
        return super().from_config(config)  # type: ignore[misc, no-any-return]

    def parts_config(self) -> dict[str, Any]:
        """Return the config entries for the state of the parts; empty where none was set."""
        found = {
            trainable_parts.KEY: trainable_parts.trainable_parts(self),
            quantized_parts.KEY: quantized_parts.quantized_parts(self),
        }
        return {key: parts for key, parts in found.items() if parts}

    def take_parts(self, parts: dict[str, Any]) -> None:
        """Apply the state of the parts from a config, at once or when the layer is built."""
        self._awaited_parts = lambda: parts
        if self.built:  # type: ignore[attr-defined]
            self.settle_parts()
        trainable_parts.set_trainable_parts(self, parts[trainable_parts.KEY])

    def settle_parts(self) -> None:
        """Apply the layer's flag and the state from its config to the parts that exist now."""
        parts = self._awaited_parts() if hasattr(self, "_awaited_parts") else {}
        self._awaited_parts = dict
        if not self.trainable:  # type: ignore[attr-defined]
            trainable_parts.set_trainable(self, False)
        quantized_parts.quantize_parts(self, parts.get(quantized_parts.KEY, {}))
        trainable_parts.set_trainable_parts(self, parts.get(trainable_parts.KEY, {}))
