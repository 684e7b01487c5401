"""Losses on probabilities that are exact where Keras clips: the gradient at a logit of 40 is that of the logit form."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_number
from kerasbert._core.names import PACKAGE
from kerasbert.objectives.activations import TINY, slope


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class BinaryCrossentropy(keras.losses.Loss):
    """Mean binary cross-entropy of independent probabilities, -y log p - (1 - y) log(1 - p).

    Its gradient is (p - y) / (p (1 - p)) with the denominator floored as in this package's sigmoid, so that the two
    together give exactly p - y for every logit. Keras clips probabilities at 1e-7, where the gradient is zero.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1): labels are moved towards 0.5 by this share.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: (batch, C), each in [0, 1].
        y_pred: (batch, C), probabilities or logits.

    Raises:
        ConfigError: when `label_smoothing` is out of its range.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,
        label_smoothing: float = 0.0,
        name: str = "binary_crossentropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.from_logits = check_bool("from_logits", from_logits)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        y_true = y_true * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        if self.from_logits:
            losses = ops.relu(y_pred) - y_pred * y_true + ops.softplus(-ops.abs(y_pred))
        else:
            losses = _crossentropy_of_probabilities(y_true, y_pred)
        return ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class SparseCategoricalCrossentropy(keras.losses.Loss):
    """Cross-entropy of one probability distribution per example against a class id, -log p[y].

    Keras clips probabilities at 1e-7; here they are floored at 1e-30, so that a confidently wrong example keeps its full
    gradient.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1): the share of the label that is spread evenly over all classes.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: int (batch,) or (batch, 1), each in [0, C).
        y_pred: (batch, C), probabilities or logits.

    Raises:
        ConfigError: when `label_smoothing` is out of its range.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,
        label_smoothing: float = 0.0,
        name: str = "sparse_categorical_crossentropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.from_logits = check_bool("from_logits", from_logits)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.convert_to_tensor(y_pred)
        num_classes = y_pred.shape[-1]
        one_hot = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), num_classes, dtype=y_pred.dtype)
        target = one_hot * (1.0 - self.label_smoothing) + self.label_smoothing / num_classes
        log = ops.log_softmax(y_pred, axis=-1) if self.from_logits else ops.log(ops.maximum(y_pred, TINY))
        return -ops.sum(target * log, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


def _crossentropy_of_probabilities(y_true: Any, y_pred: Any) -> Any:
    @ops.custom_gradient
    def forward(probabilities: Any) -> Any:
        positive = y_true * ops.log(ops.maximum(probabilities, TINY))
        negative = (1.0 - y_true) * ops.log(ops.maximum(1.0 - probabilities, TINY))

        def backward(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream
            return ops.multiply(upstream, (probabilities - y_true) / slope(probabilities))

        return -(positive + negative), backward

    return forward(y_pred)
