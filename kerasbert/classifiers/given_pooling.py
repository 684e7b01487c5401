"""The `pooling` argument: a name, a pooling of this package, or a layer of the user's; and its description in a folder."""

import inspect
import json
from collections.abc import Mapping
from typing import Any, Self, final

import keras

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.classifiers.pooling import POOLINGS, Pooling
from kerasbert.encoders import quantized_parts, trainable_parts

NAME = "pooling"
ARGUMENTS = ("hidden_states", "attention_mask")
# Keys of the description of a class that is not of this package.
CLASS_KEY, MODULE_KEY, CONFIG_KEY = "class", "module", "config"
_PARTS = (quantized_parts.KEY, trainable_parts.KEY)
_BASE_KEYS = frozenset({*keras.layers.Layer().get_config(), *_PARTS})


class UnknownClassError(ConfigError):
    """A class of the user's that a folder names, and that no module which was imported has registered."""


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class LayerPooling(Pooling):
    """A layer of the user's, with `call(hidden_states, attention_mask)`, in the place of a pooling.

    Args:
        layer: the layer.
        **kwargs: `keras.layers.Layer`'s own.

    Output shape:
        (batch, width), whatever width the layer gives.
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> None:
        # Called, because Keras knows which arguments the layer's own `build` takes, if it has one.
        pooled = self.layer(*_symbolic(hidden_states_shape, attention_mask_shape, self.compute_dtype))
        if len(getattr(pooled, "shape", ())) != 2:
            raise ConfigError(
                f"`pooling` must give (batch, width); {type(self.layer).__name__} gives {shorten(pooled)} of "
                f"{tuple(hidden_states_shape)}."
            )
        self.settle_parts()

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        return self.layer(hidden_states, attention_mask)

    def compute_output_shape(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> Shape:
        """(batch, width) from (batch, length, hidden)."""
        spec = self.layer.compute_output_spec(*_symbolic(hidden_states_shape, attention_mask_shape, self.compute_dtype))
        return tuple(spec.shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_own_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


def as_pooling(pooling: Any) -> Pooling:
    """Resolve the `pooling` argument: the layer of a name, or the layer itself."""
    if isinstance(pooling, Pooling):
        _check_call(type(pooling))
        return pooling
    if isinstance(pooling, keras.layers.Layer):
        _check_call(type(pooling))
        return LayerPooling(pooling, name=NAME)
    if not isinstance(pooling, str):
        raise TypeError(
            f"`pooling` must be a name, a pooling layer, or a Keras layer with `call(hidden_states, attention_mask)`; got "
            f"{shorten(pooling)}."
        )
    return POOLINGS[check_choice("pooling", pooling, POOLINGS)](name=NAME)


def own_copy(pooling: Pooling) -> Pooling:
    """Copy a pooling layer without its weights, under the name that a classifier's folder knows.

    A layer that is handed to a builder stays the caller's, as an encoder does; see `copy_weights`.

    Raises:
        ConfigError: when its `get_config` does not give what its constructor takes.
    """
    inner = pooling.layer if isinstance(pooling, LayerPooling) else None
    copy: Pooling
    if inner is None:
        copy = _from_config(type(pooling), {**pooling.get_config(), "name": NAME})
    else:
        copy = LayerPooling(_from_config(type(inner), inner.get_config()), name=NAME)
        trainable_parts.copy_trainable(pooling, copy)
    return copy


def copy_weights(source: Pooling, target: Pooling) -> None:
    """Copy the weights of a layer, if it has any yet, to its `own_copy`, which is built inside of a model.

    Raises:
        ConfigError: when it was built for vectors of another width.
    """
    shapes = [[tuple(weight.shape) for weight in layer.weights] for layer in (source, target)]
    if not source.weights:
        return
    if shapes[0] != shapes[1]:
        raise ConfigError(
            f"`pooling` must have no weights yet, or those for this encoder, {shorten(shapes[1])}; got {shorten(shapes[0])}."
        )
    target.set_weights(source.get_weights())


def serialize_pooling(pooling: Pooling) -> dict[str, Any]:
    """Serialise a pooling without its build config: the layer that holds it builds it, and names its weights."""
    described: dict[str, Any] = keras.saving.serialize_keras_object(pooling)
    return {key: value for key, value in described.items() if key != "build_config"}


def own_name(pooling: Pooling) -> str | None:
    """Return the name of a pooling layer in `POOLINGS`; None for a layer of the user's."""
    return next((name for name, kind in POOLINGS.items() if type(pooling) is kind), None)


def pooling_name(pooling: Pooling) -> str:
    """Return the name of a pooling layer in `POOLINGS`; of a layer of the user's that of its class."""
    return own_name(pooling) or type(pooling.layer if isinstance(pooling, LayerPooling) else pooling).__name__


def describe_pooling(pooling: Pooling) -> str | dict[str, Any]:
    """Describe a pooling layer as plain data.

    Returns:
        Its name; a dict of `name` and the settings that are no defaults; or, for a class of the user's, a dict of the name
        that it is registered under, its module and its config.

    Raises:
        ConfigError: when the class of a layer of the user's is not registered, or its config is no plain data.
    """
    name = own_name(pooling)
    if name is None:
        return _describe_class(pooling.layer if isinstance(pooling, LayerPooling) else pooling)
    usual = POOLINGS[name]().get_config()
    own = {key: value for key, value in pooling.get_config().items() if key not in _BASE_KEYS and value != usual[key]}
    return {"name": name, **own} if own else name


def pooling_from(description: str | Mapping[str, Any]) -> Pooling:
    """Rebuild a pooling layer from `describe_pooling`; nothing is imported for it.

    Raises:
        UnknownClassError: when it is of a class that nothing has registered.
        ConfigError: when it describes no pooling.
    """
    if isinstance(description, str):
        return as_pooling(description)
    settings = dict(description)
    if CLASS_KEY in settings:
        return _of_registered_class(settings)
    return POOLINGS[check_choice("pooling", settings.pop("name", None), POOLINGS)](**settings, name=NAME)


def _describe_class(layer: keras.layers.Layer) -> dict[str, Any]:
    kind = type(layer)
    registered = keras.saving.get_registered_name(kind)
    if keras.saving.get_registered_object(registered) is not kind:
        raise ConfigError(
            f"`pooling`: the class {kind.__name__} must be registered, so that a folder can name it. Put "
            f'@keras.saving.register_keras_serializable(package="...") in front of it; a class that is there already can be '
            f'registered now: keras.saving.register_keras_serializable("...")({kind.__name__}).'
        )
    left_out = {"dtype", "trainable", *_PARTS, *({"name"} if isinstance(layer, Pooling) else ())}
    config = {key: value for key, value in layer.get_config().items() if key not in left_out}
    try:
        config = json.loads(json.dumps(config, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"`pooling`: get_config of {kind.__name__} must give plain data, as JSON holds it ({error})."
        ) from error
    return {CLASS_KEY: registered, MODULE_KEY: kind.__module__, CONFIG_KEY: config}


def _of_registered_class(description: Mapping[str, Any]) -> Pooling:
    name, config = description[CLASS_KEY], description.get(CONFIG_KEY)
    if not isinstance(name, str) or not isinstance(config, Mapping):
        raise ConfigError(f"`pooling` must name a class and hold its config; got {shorten(description)}.")
    kind = keras.saving.get_registered_object(name)
    if kind is None:
        raise UnknownClassError(
            f"`pooling` is of the class {name!r} of the module {shorten(description.get(MODULE_KEY))}, which is not "
            f"registered. Import the module that defines it first, then load again; nothing is imported from a folder."
        )
    if not isinstance(kind, type) or not issubclass(kind, keras.layers.Layer):
        raise ConfigError(f"`pooling` must be of a class of layers; got {shorten(name)}.")
    _check_call(kind)
    return as_pooling(_from_config(kind, {**config, **({"name": NAME} if issubclass(kind, Pooling) else {})}))


def _from_config(kind: type, config: Mapping[str, Any]) -> Any:
    try:
        return kind.from_config(dict(config))  # type: ignore[attr-defined]
    except (TypeError, ValueError, KeyError, AttributeError, NotImplementedError) as error:
        raise ConfigError(
            f"`pooling`: {kind.__name__} cannot be made again from its get_config ({type(error).__name__}: "
            f"{shorten(str(error))}); it must give every argument of the constructor, as plain data."
        ) from error


def _check_call(kind: type) -> None:
    """Refuse a layer that is not called as a pooling is."""
    names = [
        name
        for name, one in inspect.signature(kind.call).parameters.items()  # type: ignore[attr-defined]
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    if tuple(names[1:3]) != ARGUMENTS:
        raise ConfigError(
            f"`pooling` must be a name, or a layer with `call(hidden_states, attention_mask)`; the call of "
            f"{kind.__name__} takes ({', '.join(names[1:])})."
        )


def _symbolic(states: Shape, mask: Shape | None, dtype: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    return keras.KerasTensor(states, dtype), keras.KerasTensor(mask or tuple(states[:2]), "int32")
