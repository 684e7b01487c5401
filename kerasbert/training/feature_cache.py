"""A frozen encoder runs once: its features are computed before the training, and the head trains from them."""

from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert.classifiers.classifier import Classifier
from kerasbert.data.batch_source import BatchSource
from kerasbert.data.batches import Batches, ahead, make_batches

ROWS_AT_ONCE = 64


class FeatureBatches(BatchSource):
    """The batches of a `Batches`, row for row, with the features of the texts in place of their tokens.

    Args:
        source: says which rows come when, and holds the labels.
        features: float (n, width), one row for each text.
    """

    def __init__(self, source: Batches, features: np.ndarray) -> None:
        self.source = source
        self.labels = source.labels
        self.steps = source.steps
        self.num_examples = source.num_examples
        self.pipeline = self._pipeline(features)
        self.dataset = source.with_length(self.pipeline)

    def begin(self, epoch: int, step: int = 0) -> None:
        """See `BatchSource.begin`."""
        self.source.begin(epoch, step)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """See `BatchSource.rows_of`."""
        return self.source.rows_of(epoch, step)

    def _pipeline(self, features: np.ndarray) -> Any:
        import tensorflow as tf

        parts = (features, self.source.labels, self.source.sample_weight)
        with tf.device("CPU:0"):
            tensors = tuple(tf.nest.map_structure(tf.convert_to_tensor, part) for part in parts if part is not None)

        def batch(rows: Any, length: Any) -> Any:
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), tensors)

        return ahead(self.source.plan_dataset(), batch)


class HeadTraining(NamedTuple):
    """What trains when the encoder does not.

    Args:
        model: from features to the outputs of the classifier, sharing its layers.
        train: batches of features.
        validation: batches of features, or None.
    """

    model: keras.Model
    train: FeatureBatches
    validation: FeatureBatches | None


def frozen_features(model: Classifier, train: BatchSource, validation: BatchSource | None) -> HeadTraining | None:
    """Compute the features of all texts once, where nothing below the heads trains.

    Args:
        model: from a builder.
        train: training batches.
        validation: validation batches, or None.

    Returns:
        What to train in place of the model, with the same result; None when something below the heads trains.
    """
    if not isinstance(train, Batches) or train.augment is not None or not isinstance(validation, Batches | None):
        return None  # features of a stream may not fit the memory, and augmented texts have other ones in each epoch
    below = keras.Model(model.inputs, model.features.output)
    if below.trainable_weights or not model.trainable_weights:
        return None
    try:
        above = keras.Model(model.features.output, model.output)
    except ValueError:
        return None  # a head reads more than the features
    held_out = None if validation is None else FeatureBatches(validation, _compute(below, validation))
    return HeadTraining(above, FeatureBatches(train, _compute(below, train)), held_out)


def _compute(below: keras.Model, batches: Batches) -> np.ndarray:
    whole = make_batches(batches.tokens, batch_size=ROWS_AT_ONCE, lengths=batches.lengths, pad_id=batches.pad_id)
    values = np.asarray(below.predict(whole.dataset, verbose=0), dtype=np.float32)
    features = np.empty_like(values)
    features[whole.order] = values
    return features
