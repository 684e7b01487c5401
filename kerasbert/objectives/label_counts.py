"""What the streaming metrics share: labels and predictions of a batch as ids or as rows of 0 and 1."""

from typing import Any

from keras import ops


def class_ids(y_true: Any, y_pred: Any, threshold: float) -> tuple[Any, Any]:
    """Class ids of labels and predictions.

    Args:
        y_true: class ids, (batch,) or (batch, 1).
        y_pred: a distribution (batch, C), of which the largest is taken, or P(positive) (batch, 1), which is compared with
            the threshold.
        threshold: a single column is positive at this or above.

    Returns:
        Two int32 tensors (batch,).
    """
    y_pred = ops.convert_to_tensor(y_pred)
    true_ids = ops.reshape(ops.cast(y_true, "int32"), (-1,))
    if y_pred.shape[-1] == 1:
        return true_ids, ops.cast(ops.reshape(y_pred, (-1,)) >= threshold, "int32")
    return true_ids, ops.cast(ops.argmax(y_pred, axis=-1), "int32")


def row_weights(sample_weight: Any, rows: Any, dtype: Any) -> Any:
    """The weight of each row of a batch, (batch,); ones without `sample_weight`."""
    if sample_weight is None:
        return ops.ones((ops.shape(rows)[0],), dtype=dtype)
    return ops.reshape(ops.cast(sample_weight, dtype), (-1,))
