"""What trains: batches of epoch after epoch, from any epoch and batch on."""

import abc
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import INPUT_NAMES
from kerasbert.tokenization.augmentation import Augmentation, augment_step

# Batches made ready while one is computed.
READ_AHEAD = 2


class BatchSource(abc.ABC):
    """Labelled batches that repeat exactly: epoch and batch number say which rows a batch holds.

    A training that goes on where another stopped calls `begin(epoch, step)` on a source of the same arguments.

    Attributes:
        dataset: the batches of one epoch, for Keras; each iteration is the next epoch.
        pipeline: as `dataset`, but of no promised number of batches; after `begin` with a step it gives the rest.
        labels: the labels, or `LabelCounts` of them; a dict of these by head for several heads; None: none.
        steps: batches in an epoch, the same in all.
        num_examples: texts in an epoch.
        epoch: number of the next epoch.
        draws: how often each row is drawn in an epoch, on average, where `labels` are those of all rows; None: once.
    """

    dataset: Any
    pipeline: Any
    labels: Any
    steps: int
    num_examples: int
    epoch: int = 0
    draws: Any = None
    _skip: int = 0

    def __len__(self) -> int:
        return self.steps

    def begin(self, epoch: int, step: int = 0) -> None:
        """Make the next iteration that of an epoch, from a batch on; iterate over `pipeline` when `step` is not 0."""
        self.epoch, self._skip = epoch, step

    @abc.abstractmethod
    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch."""

    def rows_in_order(self) -> np.ndarray:
        """The rows of the next epoch, in the order of its batches.

        Raises:
            ConfigError: when it does not take every row once, as where rows are drawn.
        """
        parts = [self.rows_of(self.epoch, step) for step in range(self.steps)]
        rows = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        if not np.array_equal(np.sort(rows), np.arange(len(rows))):
            raise ConfigError(
                "The batches must take every text once for rows in the order of the texts; these leave some out or take "
                "some twice. Predict on batches without `sampling` and `held_out`."
            )
        return rows

    def restore(self, values: Any, order: np.ndarray | None = None) -> Any:
        """Restore the order of the texts in what a model gave for the batches.

        Args:
            values: an array (n, ...), or a structure of these, row for row as the batches came.
            order: from `rows_in_order` before the batches were read; None: that of unshuffled batches.

        Returns:
            The same in the order of the texts.

        Raises:
            ConfigError: when the batches do not take every text once.
            DataError: when there are not as many rows as texts.

        Example:
            >>> from kerasbert.data import TokenArrays, make_batches
            >>> batches = make_batches(TokenArrays.from_lists([[2, 5, 3], [2, 3]]), by_length=True)
            >>> batches.restore(np.array([10, 20])).tolist()
            [20, 10]
        """
        import keras

        rows = self.rows_in_order() if order is None else order

        def put_back(part: Any) -> np.ndarray:
            found = np.asarray(part)
            if len(found) != len(rows):
                raise DataError(f"`values` must have one row for each of {len(rows)} texts; got {len(found)}.")
            restored = np.empty_like(found)
            restored[rows] = found
            return restored

        return keras.tree.map_structure(put_back, values)

    def with_length(self, dataset: Any) -> Any:
        """A dataset of one epoch that knows its number of batches."""
        import tensorflow as tf

        return dataset.apply(tf.data.experimental.assert_cardinality(self.steps))


class TokenBatches(BatchSource):
    """Batches of token ids and labels, as a `tf.data` pipeline.

    Attributes:
        seed: of the orders and the augmentation.
        pad_id: id that fills up a text.
        augmentation: what is done to the tokens of each batch; None: nothing.
    """

    seed: int
    pad_id: int
    augmentation: Augmentation | None

    @abc.abstractmethod
    def _plan(self, epoch: int) -> Iterable[tuple[np.ndarray, int]]:
        """The rows of each batch of an epoch, and the length they are padded to."""

    @abc.abstractmethod
    def _read(self) -> Iterator[tuple[Any, ...]]:
        """The next epoch's inputs, labels and weights of each batch, and last its number since the first epoch."""

    def plan_dataset(self) -> Any:
        """Rows (m,), padded length and number of each batch since the first epoch, a `tf.data.Dataset` of epoch after epoch."""
        import tensorflow as tf

        number = tf.TensorSpec((), tf.int64)
        return tf.data.Dataset.from_generator(
            self._numbered, output_signature=(tf.TensorSpec((None,), tf.int64), number, number)
        )

    def _numbered(self) -> Iterator[tuple[np.ndarray, int, int]]:
        """The batches of the next epoch with their numbers since the first one."""
        epoch, skip = self._next_epoch()
        planned = itertools.islice(self._plan(epoch), skip, None)
        for number, (rows, length) in enumerate(planned, start=epoch * self.steps + skip):
            yield rows, length, number

    def _next_epoch(self) -> tuple[int, int]:
        """Begin an epoch: its number, and how many of its batches are passed over."""
        epoch, skip = self.epoch, self._skip
        self.epoch, self._skip = epoch + 1, 0
        return epoch, skip

    def _pipeline(self, example: tuple[Any, ...], shape: tuple[int | None, int | None] = (None, None)) -> Any:
        """The pipeline of batches that are like an example, (rows, length) of which are known or not."""
        import tensorflow as tf

        inputs = {name: tf.TensorSpec(shape if name in INPUT_NAMES else (None, None), tf.int32) for name in example[0]}
        targets = tf.nest.map_structure(
            lambda part: tf.TensorSpec((shape[0], *part.shape[1:]), part.dtype), example[1:]
        )
        signature = (inputs, *targets, tf.TensorSpec((), tf.int64))
        dataset = tf.data.Dataset.from_generator(self._read, output_signature=signature)
        augment = augment_step(self.augmentation, self.seed, self.pad_id)

        def finish(inputs: Any, *rest: Any) -> Any:
            *targets, number = rest
            inputs = inputs if augment is None else augment(inputs, number)
            return (inputs, *targets) if targets else inputs

        return ahead(dataset, finish)


def ahead(dataset: Any, function: Callable[..., Any]) -> Any:
    """Map a function over a dataset, a few elements ahead of who reads them.

    The parallelism is fixed: a pipeline that tunes itself has a thread that sleeps 10 ms, then 20 ms, and so on, and the
    end of the iteration waits for it to wake, which can double the time of a prediction.

    Args:
        dataset: a `tf.data.Dataset`.
        function: of its elements.

    Returns:
        The mapped dataset.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.map(function, num_parallel_calls=READ_AHEAD).prefetch(READ_AHEAD).with_options(options)
