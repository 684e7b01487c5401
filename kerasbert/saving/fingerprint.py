"""`fingerprint_of`: a hash that is equal for classifiers that give the same answers to the same texts."""

import hashlib
import json
from typing import Any

import numpy as np

from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.writing import weights_of


def fingerprint_of(trained: ClassifierParts) -> str:
    """Return the SHA-256 of all that a classifier's answers follow from: weights, tokenizer, labels and thresholds.

    A classifier that is saved and loaded keeps it. What was measured, names of files and the settings of its training do not
    matter.

    Args:
        trained: the classifier.

    Returns:
        64 hexadecimal digits.
    """
    tokenizer, outputs = trained.tokenizer, trained.outputs
    facts: dict[str, Any] = {
        "tokenizer": tokenizer.fingerprint,
        "max_length": tokenizer.max_length,
        "long_texts": [tokenizer.long_texts.way, tokenizer.long_texts.overlap, tokenizer.long_texts.budget],
        "prompt": tokenizer.prompt,
        "labels": {head: list(names) for head, names in outputs.label_names.items()},
        "outputs": [outputs.name, outputs.arguments()],
        "thresholds": {head: [float(value) for value in values] for head, values in trained.thresholds.items()},
        "precision": trained.model.encoder.dtype_policy.name,
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for path, weight in sorted(weights_of(trained.model).items()):
        digest.update(f"{path} {weight.dtype} {weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
