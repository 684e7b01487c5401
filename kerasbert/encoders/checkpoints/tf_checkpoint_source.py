"""Reader of original TensorFlow checkpoints, `bert_model.ckpt`."""

import glob
import math
from pathlib import Path

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError
from kerasbert.encoders.checkpoints.source import TensorSource, unique_names
from kerasbert.encoders.checkpoints.tensorflow_names import from_tensorflow, is_weight

# What TensorFlow's reader raises for a damaged file besides its own errors.
OTHER_ERRORS = (IndexError, KeyError, RuntimeError, TypeError, ValueError)


class TFCheckpointSource(TensorSource):
    """Tensors of a TensorFlow checkpoint, given by its path without `.index`; TensorFlow checks a checksum of each."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(repr(str(prefix)))
        import tensorflow as tf

        try:
            self.reader = tf.train.load_checkpoint(str(prefix))
            shapes = self.reader.get_variable_to_shape_map()
        except (tf.errors.OpError, *OTHER_ERRORS) as error:
            raise CheckpointError(f"{self.origin} is not a readable checkpoint: {shorten(str(error))}") from error
        self.shapes = {name: tuple(shape) for name, shape in shapes.items() if is_weight(name)}
        self._check_stored(prefix)
        tensors = ((name, *from_tensorflow(name)) for name in self.shapes)
        self.by_name = unique_names(((ours, (name, turned)) for name, ours, turned in tensors), self.origin)

    def shape(self, name: str) -> tuple[int, ...]:
        variable, transposed = self.by_name[name]
        return self.shapes[variable][::-1] if transposed else self.shapes[variable]

    def read(self, name: str) -> np.ndarray:
        import tensorflow as tf

        variable, transposed = self.by_name[name]
        try:
            value = np.asarray(self.reader.get_tensor(variable))
        except (tf.errors.OpError, *OTHER_ERRORS) as error:
            raise CheckpointError(f"{self.origin}: {name} cannot be read: {shorten(str(error))}") from error
        if value.dtype.kind != "f":
            raise CheckpointError(f"{self.origin}: {name} must be of floating-point numbers; got {value.dtype}.")
        value = value.astype(np.float32)
        return value.T if transposed else value

    def _check_stored(self, prefix: Path) -> None:
        data = prefix.parent.glob(f"{glob.escape(prefix.name)}.data-*")
        stored = sum(file.stat().st_size for file in data)
        # Two bytes a number, for half precision.
        claimed = 2 * sum(math.prod(shape) for shape in self.shapes.values())
        if claimed > stored:
            raise CheckpointError(
                f"{self.origin}: its index claims at least {claimed} bytes of weights, its data files have {stored}."
            )
