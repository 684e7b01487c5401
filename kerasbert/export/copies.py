"""A trained model once more, computing in another precision."""

from kerasbert.bundle import rebuild
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.recipe import recipe_of


def in_precision(model: Classifier, precision: str) -> Classifier:
    """The same classifier under another Keras dtype policy; the model itself if it has this one.

    Args:
        model: from a builder.
        precision: such as `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model with the same weights.

    Raises:
        ConfigError: when Keras knows no such policy.

    Example:
        >>> model = build_multiclass(3, encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> in_precision(model, "mixed_bfloat16").encoder.compute_dtype
        'bfloat16'
    """
    if model.encoder.dtype_policy.name == precision:
        return model
    copy = rebuild({**recipe_of(model), "precision": precision}, "the model")
    values = {weight.path: weight for weight in model.weights}
    for weight in copy.weights:
        if "seed_generator" not in weight.path:
            weight.assign(values[weight.path])
    return copy
