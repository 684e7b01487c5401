"""A classifier in another precision than the one that it was trained in."""

from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.rebuild import rebuild


def in_precision(model: Classifier, policy: str) -> Classifier:
    """The same classifier under another dtype policy.

    Args:
        model: the classifier; it stays as it is.
        policy: a Keras dtype policy, such as `"mixed_bfloat16"`; heads always compute in float32.

    Returns:
        A copy with the same weights, not compiled; the classifier itself where it has that policy already.
    """
    if model.encoder.dtype_policy.name == policy:
        return model
    copy = rebuild({**architecture_of(model), "precision": policy})
    values = {weight.path: weight for weight in model.weights}
    for weight in copy.weights:
        if "seed_generator" not in weight.path:
            weight.assign(values[weight.path])
    return copy
