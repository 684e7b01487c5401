"""Weights from a model in memory: of this package, of PyTorch, or of transformers 4 for TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert.encoders.checkpoints.filling import load_weights, variables_by_path, wants_pooler
from kerasbert.encoders.checkpoints.source import TensorSource, unique_names
from kerasbert.encoders.checkpoints.tensorflow_names import from_tensorflow
from kerasbert.encoders.checkpoints.torch_source import TorchSource
from kerasbert.encoders.config import as_config
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.weight_table import weight_table

Family = TypeVar("Family", bound=Encoder)


class VariablesSource(TensorSource):
    """Tensors of a transformers 4 `TFBertModel`, whose variables have a `name` and `numpy()`."""

    def __init__(self, variables: Sequence[Any], origin: str) -> None:
        super().__init__(origin)
        tensors = ((variable, *from_tensorflow(variable.name)) for variable in variables)
        self.by_name = unique_names(((name, (variable, turned)) for variable, name, turned in tensors), origin)

    def shape(self, name: str) -> tuple[int, ...]:
        variable, transposed = self.by_name[name]
        return tuple(variable.shape)[::-1] if transposed else tuple(variable.shape)

    def read(self, name: str) -> np.ndarray:
        variable, transposed = self.by_name[name]
        value = np.asarray(variable.numpy(), dtype=np.float32)
        return value.T if transposed else value


class LiveEncoderSource(TensorSource):
    """Tensors of an encoder of this package, under their Hugging Face names."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(f"the encoder {encoder.name!r}")
        self.by_name: dict[str, np.ndarray] = {}
        values = variables_by_path(encoder)
        for weight in weight_table(encoder.config, encoder.pooler is not None):
            value = np.asarray(keras.ops.convert_to_numpy(values[weight.path]), dtype=np.float32)
            self.by_name |= weight.split(value)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.by_name[name].shape

    def read(self, name: str) -> np.ndarray:
        return self.by_name[name]


def live_source(other: Any) -> TensorSource:
    """Return the tensors of a model in memory."""
    if isinstance(other, Encoder):
        return LiveEncoderSource(other)
    if hasattr(other, "state_dict"):
        return TorchSource(other.state_dict(), f"the PyTorch {type(other).__name__}")
    if hasattr(other, "weights"):
        return VariablesSource(other.weights, f"the {type(other).__name__}")
    raise TypeError(f"`encoder` must be a TFBertModel or a PyTorch BertModel; got {shorten(other)}.")


def from_model(
    encoder_class: type[Family],
    other: Any,
    *,
    num_hidden_layers: int | None = None,
    add_pooling_layer: bool | None = None,
    config: Any = None,
    changes: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Family:
    """Return a new encoder with the config and the weights of a model in memory; see `encoder_from`."""
    source = live_source(other)
    encoder = encoder_class(
        as_config(getattr(other, "config", None) if config is None else config).replace(**(changes or {})),
        num_hidden_layers=num_hidden_layers,
        add_pooling_layer=wants_pooler(source, add_pooling_layer),
        **kwargs,
    )
    load_weights(encoder, source)
    return encoder
