"""Notice that a weight was changed, without reading it.

TensorFlow never writes into a buffer that somebody else holds: a change takes another one. So a weight whose buffer is held and is
still the same has not been changed, by whatever wrote to it. Other backends write in place, or give a model other buffers
with each prediction: there the numbers are compared.
"""

import abc
import ctypes
import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, final

import keras
import numpy as np

Weights = Sequence[keras.Variable]


class Pinned(abc.ABC):
    """Abstract: weights as they were."""

    #: Whether a change is noticed that was undone before anybody looked.
    notices_undone: ClassVar[bool]

    @abc.abstractmethod
    def unchanged(self, weights: Weights) -> bool:
        """Whether the weights of a model are these, none exchanged and none changed."""


@final
class PinnedBuffers(Pinned):
    """Of TensorFlow, which copies a buffer that is held before it writes.

    Raises:
        ValueError: when a buffer cannot be held, as that of a variable on several devices.
    """

    notices_undone = True

    def __init__(self, weights: Weights) -> None:
        import tensorflow as tf

        self._weights = list(weights)
        variables = [weight.value for weight in weights]
        for variable in variables:
            # A table that was trained row by row is copied for each reader, until it is told not to be.
            tf.raw_ops.DisableCopyOnRead(resource=variable.handle)

        def read() -> list[Any]:
            return [tf.raw_ops.ReadVariableOp(resource=one.handle, dtype=one.dtype) for one in variables]

        self._read = tf.function(read, autograph=False).get_concrete_function()
        self._held = self._read()
        self._places = [_address(tensor) for tensor in self._held]
        if self._places != [_address(tensor) for tensor in self._read()]:
            raise ValueError("these variables are copied when they are read")

    def unchanged(self, weights: Weights) -> bool:
        """See `Pinned`."""
        if len(weights) != len(self._weights) or any(
            now is not before for now, before in zip(weights, self._weights, strict=True)
        ):
            return False
        return self._places == [_address(tensor) for tensor in self._read()]


@final
class PinnedContents(Pinned):
    """Of anything else: a hash of the numbers, which takes as long as to read them all."""

    notices_undone = False

    def __init__(self, weights: Weights) -> None:
        self._contents = hash_weights(weights)

    def unchanged(self, weights: Weights) -> bool:
        """See `Pinned`."""
        return hash_weights(weights) == self._contents


def pin(weights: Weights) -> Pinned:
    """Hold the weights of a model, as its backend allows."""
    if keras.backend.backend() == "tensorflow":
        try:
            return PinnedBuffers(weights)
        except (AttributeError, NotImplementedError, TypeError, ValueError):
            # Variables of a strategy that has several devices.
            return PinnedContents(weights)
    return PinnedContents(weights)


def hash_weights(weights: Weights) -> bytes:
    """Return the SHA-256 of types, shapes and numbers of weights, in their order."""
    digest = hashlib.sha256()
    for weight in weights:
        array = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.digest()


def _address(tensor: Any) -> int:
    """Return where the numbers of a TensorFlow tensor lie."""
    import tensorflow as tf

    capsule = tf.experimental.dlpack.to_dlpack(tensor)
    # The first field of DLPack's structure is the address.
    return int(ctypes.c_void_p.from_address(_pointer(capsule, b"dltensor")).value or 0)


_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
