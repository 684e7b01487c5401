"""Record in a layer's config which of its parts are quantised; Keras does so for single layers only."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import ConfigError

KEY = "quantized_parts"
MODES = ("int8",)


def quantized_parts(layer: Any) -> dict[str, Any]:
    """Return the quantised parts of a layer: path below it, names joined by `/`, -> Keras's configuration."""
    return dict(_quantized(layer, ""))


def quantize_parts(layer: Any, parts: Mapping[str, Any]) -> None:
    """Quantise parts of a built layer, so that it has the variables of a quantised one; unknown paths are skipped."""
    for path, description in parts.items():
        part = layer
        for name in path.split("/"):
            part = next((inner for inner in getattr(part, "_layers", ()) if inner.name == name), None)
        if part is not None and part.quantization_mode is None:
            config = keras.saving.deserialize_keras_object(dict(description))
            part.quantize(config.mode, type_check=False, config=config)


def check_not_quantized(layer: Any) -> None:
    """Refuse a quantised model where its weights are read as plain numbers."""
    if quantized_parts(layer):
        raise ConfigError(
            f"{layer.name!r} is quantised, and its weights are only written by `model.save` to a .keras file; use the model "
            f"as it was before `quantize`."
        )


class Quantizable:
    """Mixin for a Keras model: it is quantised only as it can be saved and loaded."""

    def quantize(self, mode: Any = "int8", **options: Any) -> None:
        """Quantise the weights of dense layers and embeddings as `keras.Model.quantize` does.

        The result is saved as a `.keras` file and loaded from it. Its kernels no longer train.

        Args:
            mode: `"int8"`.
            **options: other arguments of `keras.Model.quantize`.

        Raises:
            ConfigError: when the mode is another one.
        """
        check_choice("mode", mode, MODES)
        with warnings.catch_warnings():
            # Normalisation and dropout have nothing to quantise, which Keras tells of each.
            warnings.filterwarnings("ignore", message=".*does not have a `quantize` method implemented")
            super().quantize(mode=mode, **options)  # type: ignore[misc]


def _quantized(layer: Any, above: str) -> Iterator[tuple[str, Any]]:
    for part in layer._layers:
        path = f"{above}{part.name}"
        if not part._layers and getattr(part, "quantization_mode", None) is not None:
            yield path, keras.saving.serialize_keras_object(part.quantization_config)
        yield from _quantized(part, f"{path}/")
