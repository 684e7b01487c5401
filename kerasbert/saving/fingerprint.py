"""`fingerprint_of`: a hash that is equal for classifiers that give the same answers to the same texts."""

import hashlib
import json
from typing import Any

from kerasbert.classifiers.fingerprint import weights_fingerprint
from kerasbert.saving.parts import ClassifierParts


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
    facts["weights"] = weights_fingerprint(trained.model)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
