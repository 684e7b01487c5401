"""A frozen encoder runs once: its features are computed before the training, and the head trains from them."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert._core.errors import KerasbertWarning
from kerasbert.batches.memory import Batches, TokenBatches, ahead, make_batches
from kerasbert.batches.source import BatchSource
from kerasbert.batches.stream import StreamBatches
from kerasbert.classifiers.classifier import Classifier

ROWS_AT_ONCE = 64
STREAM_ROWS = 16_384
# Of the features and labels of a stream.
MOST_BYTES = 1_000_000_000


class FeatureBatches(BatchSource):
    """The batches of another source, row for row, with the features of the texts in place of their tokens.

    Args:
        source: says which rows come when.
        features: float (n, width), one row for each text.
        labels: those of the source, or for a stream those of all its rows: an array (n, ...) or a dict of arrays by head.
    """

    def __init__(self, source: Batches | StreamBatches, features: np.ndarray, labels: Any) -> None:
        self.source = source
        self.labels = source.labels
        self.steps = source.steps
        self.num_examples = source.num_examples
        self.pipeline = self._pipeline(features, labels)
        self.dataset = source.with_length(self.pipeline)

    def begin(self, epoch: int, step: int = 0) -> None:
        self.source.begin(epoch, step)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        return self.source.rows_of(epoch, step)

    def _pipeline(self, features: np.ndarray, labels: Any) -> Any:
        import tensorflow as tf

        parts = (features, labels, getattr(self.source, "sample_weight", None))
        with tf.device("CPU:0"):
            tensors = tuple(tf.nest.map_structure(tf.convert_to_tensor, part) for part in parts if part is not None)

        def batch(rows: Any, *_: Any) -> Any:
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), tensors)

        return ahead(self.source.plan_dataset(), batch)


class HeadTraining(NamedTuple):
    """What trains when the encoder does not: the part from features to outputs, and batches of features."""

    model: keras.Model
    train: FeatureBatches
    validation: FeatureBatches | None


def frozen_features(model: Classifier, train: BatchSource, validation: BatchSource | None) -> HeadTraining | None:
    """Compute the features of all texts once; None if anything below the heads trains or a stream's exceed 1 GB."""
    if not _has_rows(train) or not (validation is None or _has_rows(validation)):
        return None
    below = keras.Model(model.inputs, model.features.output)
    if below.trainable_weights or not model.trainable_weights:
        return None
    try:
        above = keras.Model(model.features.output, model.output)
    except ValueError:
        return None  # a head reads more than the features
    width = int(model.features.output.shape[-1])
    if any(not _fits(source, width) for source in (train, validation)):
        return None
    held_out = None if validation is None else _with_features(below, validation)
    return HeadTraining(above, _with_features(below, train), held_out)


def _has_rows(source: BatchSource | None) -> bool:
    """Return whether a text has the same tokens in every epoch, so that its features are computed once."""
    return isinstance(source, TokenBatches) and source.augmentation is None


def _fits(source: Any, width: int) -> bool:
    if not isinstance(source, StreamBatches):
        return True
    labels = sum(len(head.names) for head in getattr(source.store, "heads", {}).values())
    size = 4 * source.store.num_rows * (width + labels)
    if size > MOST_BYTES:
        warnings.warn(
            f"nothing below the head trains, but the features of {source.store.num_rows:,} texts take {size / 1e9:.1f} GB "
            f"of memory, more than {MOST_BYTES / 1e9:.0f} GB; the encoder runs in every epoch.",
            KerasbertWarning,
            stacklevel=2,
        )
    return size <= MOST_BYTES


def _with_features(below: keras.Model, source: Any) -> FeatureBatches:
    if isinstance(source, StreamBatches):
        return FeatureBatches(source, *_of_stream(below, source))
    return FeatureBatches(source, _compute(below, source.token_arrays, source.lengths, source.pad_id), source.labels)


def _of_stream(below: keras.Model, source: StreamBatches) -> tuple[np.ndarray, Any]:
    """Compute the features, and read the labels, of all rows piece by piece."""
    features: list[np.ndarray] = []
    labels: list[dict[str, np.ndarray]] = []
    for start in range(0, source.store.num_rows, STREAM_ROWS):
        tokens, own = source.store.read(np.arange(start, min(start + STREAM_ROWS, source.store.num_rows)))
        features.append(_compute(below, tokens, source.plan.buckets, source.pad_id))
        labels.append(own)
    joined = {name: np.concatenate([own[name] for own in labels]) for name in labels[0]}
    return np.concatenate(features), joined if len(joined) > 1 else next(iter(joined.values()))


def _compute(below: keras.Model, tokens: Any, lengths: Sequence[int], pad_id: int) -> np.ndarray:
    whole = make_batches(tokens, batch_size=ROWS_AT_ONCE, lengths=lengths, pad_id=pad_id, by_length=True)
    values = np.asarray(below.predict(whole.dataset, verbose=0), dtype=np.float32)
    features = np.empty_like(values)
    features[whole.order] = values
    return features
