"""Losses on probabilities that are exact where Keras clips: the gradient at a logit of 40 is that of the logit form."""

from collections.abc import Sequence
from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_number, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert.objectives.activations import TINY, slope, with_gradient
from kerasbert.objectives.batch_labels import label_rows, or_nan, true_class_ids
from kerasbert.objectives.label_forms import LabelForm


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class BinaryCrossentropy(keras.losses.Loss):
    """Mean binary cross-entropy of independent probabilities, -y log p - (1 - y) log(1 - p).

    Its gradient has the denominator p (1 - p) floored as in this package's sigmoid, so that the two together give exactly
    p - y for every logit. Keras clips probabilities at 1e-7, where the gradient is zero.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1): labels are moved towards 0.5 by this share.
        pos_weight: one weight >= 0 for each label, or one for all, by which its positives count; None: 1.
        gamma: >= 0; a focal loss multiplies the loss of an example by (1 - probability of its true value) ** gamma, so
            that examples which are right already count less. 0 is the plain loss.
        soft_labels: whether labels may be any number from 0 to 1; without it all but 0 and 1 is refused.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: (batch, C) of 0 or 1; of one column also (batch,).
        y_pred: (batch, C), probabilities or logits.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when labels do not fit; inside a compiled step, where their values are not seen, the loss is NaN.
        TypeError: when `pos_weight` is neither a number nor a list of numbers.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
        0.6931
        >>> round(float(BinaryCrossentropy(pos_weight=[3.0])([[1.0]], [[0.5]])), 4)
        2.0794

    Reference:
        Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 4.
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,
        label_smoothing: float = 0.0,
        pos_weight: float | Sequence[float] | None = None,
        gamma: float = 0.0,
        soft_labels: bool = False,
        name: str = "binary_crossentropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.from_logits = check_bool("from_logits", from_logits)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)
        self.pos_weight = None if pos_weight is None else check_weights("pos_weight", pos_weight)
        self.gamma = check_number("gamma", gamma, 0)
        self.soft_labels = check_bool("soft_labels", soft_labels)

    def label_form(self, units: int) -> LabelForm:
        """The labels for so many predictions."""
        return LabelForm(False, units, soft=self.soft_labels)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred, right = label_rows(y_true, y_pred, soft=self.soft_labels)
        y_true = y_true * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        weight = 1.0 if self.pos_weight is None else ops.convert_to_tensor(self.pos_weight, y_pred.dtype)
        losses = _binary_losses(
            y_true * weight, 1.0 - y_true, y_pred, gammas=(self.gamma, self.gamma), from_logits=self.from_logits
        )
        return or_nan(ops.mean(losses, axis=-1), right)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "pos_weight": self.pos_weight,
            "gamma": self.gamma,
            "soft_labels": self.soft_labels,
        }


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class AsymmetricLoss(keras.losses.Loss):
    """Binary cross-entropy for many labels of which few apply: easy negatives count little, the easiest not at all.

    The loss is -y (1 - p)^g+ log p - (1 - y) q^g- log(1 - q) with q = max(p - margin, 0), the mean over labels. As for
    `BinaryCrossentropy`, its gradient through this package's sigmoid does not vanish where p rounds to 0 or 1.

    Args:
        from_logits: whether predictions are logits.
        gamma_negative: focusing of the negatives, >= 0.
        gamma_positive: focusing of the positives, >= 0; larger values lose rare positives.
        margin: in [0, 1): a negative whose probability is below it counts as 0.
        label_smoothing: in [0, 1): labels are moved towards 0.5 by this share.
        soft_labels: whether labels may be any number from 0 to 1; without it all but 0 and 1 is refused.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: (batch, C) of 0 or 1; of one column also (batch,).
        y_pred: (batch, C), probabilities or logits.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when labels do not fit; inside a compiled step, where their values are not seen, the loss is NaN.

    Example:
        >>> abs(float(AsymmetricLoss()([[0.0]], [[0.04]])))
        0.0

    Reference:
        Ridnik et al., "Asymmetric Loss for Multi-Label Classification", 2021, equation 7.
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,
        gamma_negative: float = 4.0,
        gamma_positive: float = 0.0,
        margin: float = 0.05,
        label_smoothing: float = 0.0,
        soft_labels: bool = False,
        name: str = "asymmetric_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.from_logits = check_bool("from_logits", from_logits)
        self.gamma_negative = check_number("gamma_negative", gamma_negative, 0)
        self.gamma_positive = check_number("gamma_positive", gamma_positive, 0)
        self.margin = check_number("margin", margin, 0, 1, open_maximum=True)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)
        self.soft_labels = check_bool("soft_labels", soft_labels)

    def label_form(self, units: int) -> LabelForm:
        """The labels for so many predictions."""
        return LabelForm(False, units, soft=self.soft_labels)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred, right = label_rows(y_true, y_pred, soft=self.soft_labels)
        y_true = y_true * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        gammas = (self.gamma_positive, self.gamma_negative)
        losses = _binary_losses(
            y_true, 1.0 - y_true, y_pred, gammas=gammas, margin=self.margin, from_logits=self.from_logits
        )
        return or_nan(ops.mean(losses, axis=-1), right)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "gamma_negative": self.gamma_negative,
            "gamma_positive": self.gamma_positive,
            "margin": self.margin,
            "label_smoothing": self.label_smoothing,
            "soft_labels": self.soft_labels,
        }


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class SparseCategoricalCrossentropy(keras.losses.Loss):
    """Cross-entropy of one probability distribution per example against a class id, -log p[y].

    Keras clips probabilities at 1e-7; here they are floored at 1e-30, so that a confidently wrong example keeps its full
    gradient.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: in [0, 1): the share of the label that is spread evenly over all classes.
        class_weight: one weight >= 0 for each class, by which its part of the loss counts; None: 1.
        gamma: >= 0; a focal loss multiplies by (1 - p) ** gamma. 0 is the plain loss.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: int (batch,) or (batch, 1), each in [0, C), or one-hot rows (batch, C).
        y_pred: (batch, C), probabilities or logits.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when labels do not fit; inside a compiled step, where their values are not seen, the loss is NaN.
        TypeError: when `class_weight` is no list of numbers.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931

    Reference:
        Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 5.
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        gamma: float = 0.0,
        name: str = "sparse_categorical_crossentropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.from_logits = check_bool("from_logits", from_logits)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)
        self.class_weight = None if class_weight is None else check_weights("class_weight", class_weight)
        self.gamma = check_number("gamma", gamma, 0)

    def label_form(self, units: int) -> LabelForm:
        """The labels for so many predictions."""
        return LabelForm(True, units)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.convert_to_tensor(y_pred)
        num_classes = y_pred.shape[-1]
        ids, right = true_class_ids(y_true, y_pred, self.label_form(num_classes))
        one_hot = ops.one_hot(ids, num_classes, dtype=y_pred.dtype)
        target = one_hot * (1.0 - self.label_smoothing) + self.label_smoothing / num_classes
        log = ops.log_softmax(y_pred, axis=-1) if self.from_logits else ops.log(ops.maximum(y_pred, TINY))
        if self.class_weight is not None:
            target = target * ops.convert_to_tensor(self.class_weight, y_pred.dtype)
        if self.gamma:
            target = target * ops.maximum(1.0 - ops.exp(log), TINY) ** self.gamma
        return or_nan(-ops.sum(target * log, axis=-1), right)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "class_weight": self.class_weight,
            "gamma": self.gamma,
        }


def check_weights(name: str, value: Any) -> list[float]:
    """Return weights as a list of finite numbers >= 0; one number becomes a list of one."""
    values = value.tolist() if hasattr(value, "tolist") else value
    values = [values] if isinstance(values, (int, float)) else values
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"`{name}` must be a list of numbers; got {shorten(value)} of type {type(value).__name__}.")
    if not values:
        raise ConfigError(f"`{name}` must be a list of at least one number; got {shorten(value)}.")
    return [check_number(f"{name}[{index}]", number, 0) for index, number in enumerate(values)]


def _binary_losses(
    positive: Any, negative: Any, y_pred: Any, *, gammas: tuple[float, float], margin: float = 0.0, from_logits: bool
) -> Any:
    """Compute the loss of every label, which counts by `positive` and `negative`, (batch, C), as either."""
    losses = _of_logits if from_logits else _of_probabilities
    return losses(positive, negative, y_pred, gammas, margin)


def _of_logits(positive: Any, negative: Any, logits: Any, gammas: tuple[float, float], margin: float) -> Any:
    log_yes, log_no = -ops.softplus(-logits), -ops.softplus(logits)
    gains = positive * log_yes * ops.exp(gammas[0] * log_no)
    if not margin:
        return -(gains + negative * log_no * ops.exp(gammas[1] * log_yes))
    shifted = ops.relu(ops.sigmoid(logits) - margin)
    return -(gains + negative * ops.log(1.0 - shifted) * ops.maximum(shifted, TINY) ** gammas[1])


def _of_probabilities(positive: Any, negative: Any, y_pred: Any, gammas: tuple[float, float], margin: float) -> Any:
    @with_gradient
    def forward(p: Any) -> Any:
        shifted = ops.relu(p - margin)
        log_yes, log_no = ops.log(ops.maximum(p, TINY)), ops.log(ops.maximum(1.0 - shifted, TINY))
        focus_yes, focus_no = _power(1.0 - p, gammas[0]), _power(shifted, gammas[1])

        def gradient(upstream: Any) -> Any:
            # With respect to the logit; what would divide by a probability of zero has been cancelled.
            yes = focus_yes * (gammas[0] * p * log_yes - (1.0 - p))
            ratio = ops.maximum(1.0 - p, TINY) / ops.maximum(1.0 - shifted, TINY)
            no = focus_no * p * ratio
            if gammas[1]:
                no = no - gammas[1] * _power(shifted, gammas[1] - 1.0) * p * (1.0 - p) * log_no
            no = no * ops.cast(p >= margin, p.dtype)
            return ops.multiply(upstream, (positive * yes + negative * no) / slope(p))

        return -(positive * focus_yes * log_yes + negative * focus_no * log_no), gradient

    return forward(y_pred)


def _power(base: Any, exponent: float) -> Any:
    return ops.ones_like(base) if not exponent else ops.maximum(base, TINY) ** exponent
