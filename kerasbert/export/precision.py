"""A classifier in another precision than the one that it was trained in."""

from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.rebuild import copy_model


def in_precision(model: Classifier, policy: str) -> Classifier:
    """Copy a classifier, with its weights, into a Keras dtype policy such as `"mixed_bfloat16"`; not compiled.

    Heads always compute in float32. A classifier that has the policy already is returned itself.
    """
    if model.encoder.dtype_policy.name == policy:
        return model
    return copy_model(model, policy)
