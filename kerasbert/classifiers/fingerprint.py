"""A number that two models share if they hold the same weights."""

import hashlib
from typing import Any

import keras
import numpy as np


def weights_fingerprint(model: Any) -> str:
    """Return the SHA-256 of a model's weights, by their paths; states of random generators take no part.

    It says whether what was fitted on a model's hidden states is of this model.
    """
    digest = hashlib.sha256()
    for weight in sorted(model.weights, key=lambda one: str(one.path)):
        if "seed_generator" not in weight.path:
            array = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
            # A type that NumPy has no buffer of, such as bfloat16, is taken as its bytes.
            digest.update(f"{weight.path} {array.shape} {weight.dtype}".encode())
            digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
