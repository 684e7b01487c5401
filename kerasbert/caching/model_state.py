"""`ModelState`: a digest of everything in a model that its results follow from, which notices every change of it."""

import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, final

import keras

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._version import __version__
from kerasbert.caching.pinned import Pinned, hash_weights, pin

# How often weights are hashed that change meanwhile.
MOST_TRIES = 3
# Layers of these packages are what their version says.
KNOWN_PACKAGES = (PACKAGE, "keras")


@final
class ModelState:
    """What a model computes from token ids, as a `State` of `PredictionCache.rows`.

    Names do not enter: of a model that is saved, loaded or built again in another process the digest is the same.

    Args:
        model: whose layers compute.
        weights: gives the weights that count, in an order that the architecture decides; see `weights_by_path`.
        facts: how the model was built, plain data for JSON.

    Raises:
        ConfigError: when the source of a layer's class that is of neither Keras nor this package cannot be read.

    Example:
        >>> dense = keras.layers.Dense(2)
        >>> dense.build((None, 3))
        >>> state = ModelState(dense, lambda: dense.weights, {"units": 2})
        >>> before = state.digest
        >>> dense.bias.assign([0.0, 1.0]) is None, state.unchanged(), state.digest == before
        (False, False, False)
    """

    def __init__(
        self, model: keras.layers.Layer, weights: Callable[[], Sequence[keras.Variable]], facts: Mapping[str, Any]
    ) -> None:
        self._model, self._weights = model, weights
        versions = [PACKAGE, __version__, "keras", keras.__version__, keras.backend.backend()]
        self._facts = json.dumps([versions, facts, list(_own_sources(model))], sort_keys=True).encode()
        self._digest: bytes | None = None
        self._pinned: Pinned | None = None
        self._policies: list[str] = []

    @property
    def digest(self) -> bytes:
        """SHA-256 of facts, precision and weights, as they were when `unchanged` was asked last."""
        if self._digest is None:
            for _ in range(MOST_TRIES):
                self._policies, pinned = self._current_policies(), pin(list(self._weights()))
                contents = hash_weights(list(self._weights()))
                if pinned.unchanged(list(self._weights())):
                    self._pinned = pinned
                    self._digest = hashlib.sha256(self._facts + "".join(self._policies).encode() + contents).digest()
                    return self._digest
            # Another thread trains: what is computed now belongs to no weights that could come again.
            self._digest = os.urandom(32)
        return self._digest

    @property
    def notices_undone(self) -> bool:
        """Whether `unchanged` notices a change that was undone before it was asked."""
        return self._pinned is not None and self._pinned.notices_undone

    def unchanged(self) -> bool:
        """Whether all is as it was when `digest` was computed; if it is not, the next `digest` is computed anew."""
        pinned = self._pinned
        if pinned and self._policies == self._current_policies() and pinned.unchanged(list(self._weights())):
            return True
        self._digest = self._pinned = None
        return False

    def _current_policies(self) -> list[str]:
        return [layer.dtype_policy.name for layer in self._model._flatten_layers()]


def _own_sources(model: keras.layers.Layer) -> Iterator[str]:
    """The source of every class of layers that somebody wrote beside Keras and this package."""
    kinds = {kind for layer in model._flatten_layers() for kind in type(layer).__mro__ if kind is not object}
    for kind in sorted(kinds, key=lambda one: (one.__module__, one.__qualname__)):
        package = kind.__module__.split(".")[0]
        if package in KNOWN_PACKAGES or not issubclass(kind, keras.layers.Layer):
            continue
        try:
            yield inspect.getsource(kind)
        except (OSError, TypeError) as error:
            raise ConfigError(
                f"`cache` must be None for a model with a {kind.__name__}, whose source cannot be read: a cache could not tell "
                f"when it changes. Define the class in a file."
            ) from error
