"""Check labels before training and evaluation: arrays at once, batches as they come."""

import contextlib
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.objectives.label_forms import LabelForm, form_of_loss

Y = "`y`"


class CheckedLabels(keras.Model):
    """Abstract: a model that refuses labels which do not fit the losses it was compiled with.

    Labels of a loss that is neither of this package nor a cross-entropy of Keras are not checked.
    """

    @property
    def trained_heads(self) -> dict[str, Any]:
        """Everything that has a loss, by name."""
        raise NotImplementedError

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Check the labels, then train as `keras.Model.fit` does."""
        with checked_labels(self) as labels:
            x, y = labels.data(x, y)
            if kwargs.get("validation_data") is not None:
                kwargs["validation_data"] = labels.validation(kwargs["validation_data"])
            return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Check the labels, then evaluate as `keras.Model.evaluate` does."""
        if kwargs.get("_use_cached_eval_dataset"):  # Within `fit`, which has checked them.
            return super().evaluate(x, y, *args, **kwargs)
        with checked_labels(self) as labels:
            return super().evaluate(*labels.data(x, y), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Check the labels, then train on the batch as `keras.Model.train_on_batch` does."""
        return super().train_on_batch(x, Labels(self).arrays(y), *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Check the labels, then evaluate the batch as `keras.Model.test_on_batch` does."""
        return super().test_on_batch(x, Labels(self).arrays(y), *args, **kwargs)


class Part(NamedTuple):
    """The labels of one head: its key (None: no dict), their name in messages, their form, and they themselves."""

    key: str | None
    where: str
    form: LabelForm
    labels: Any


def rebuild(labels: Any, parts: Sequence[tuple[str | None, Any]]) -> Any:
    """Replace the labels of some heads, by key of the `Part`."""
    if isinstance(labels, dict):
        return {**labels, **dict(parts)}
    return parts[0][1] if parts else labels


class Labels:
    """The label checks of a compiled model."""

    def __init__(self, model: Any) -> None:
        self.forms = forms_of(model)
        # A layerwise model reads the labels of its one head for each of its layers.
        self.shared = next(iter(self.forms)) if self.forms and getattr(model, "votes", None) is not None else None
        #: Name in messages and form of the labels of each `tf.data` pipeline.
        self.named: list[tuple[str, LabelForm]] = []
        #: What a generator or a data set of Python objects was refused for.
        self.refused: DataError | None = None

    def parts(self, labels: Any, where: str = Y) -> list[Part]:
        """Return the labels of each head that is checked."""
        if labels is None or not self.forms:
            return []
        if isinstance(labels, dict):
            named = [(name, form) for name, form in self.forms.items() if labels.get(name) is not None]
            return [Part(name, f"{where} of the head {name!r}", form, labels[name]) for name, form in named]
        if isinstance(labels, (list, tuple)) or (len(self.forms) > 1 and self.shared is None):
            return []  # by output, which Keras reads
        return [Part(None, where, self.forms[self.shared or next(iter(self.forms))], labels)]

    def data(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Check `x` and `y` of `fit`: arrays at once, batches as they come."""
        return (self.source(x), None) if y is None else (x, self.arrays(y))

    def validation(self, data: Any) -> Any:
        """Check `validation_data` of `fit` in the same way."""
        if not isinstance(data, (tuple, list)) or len(data) < 2:
            return self.source(data)
        return (data[0], self.arrays(data[1], "The labels of `validation_data`"), *data[2:])

    def arrays(self, labels: Any, where: str = Y) -> Any:
        """Check arrays of labels, and return them in the shape that the loss takes; lists of numbers become arrays."""
        labels = _as_arrays(labels)
        parts = self.parts(labels, where)
        for part in parts:
            part.form.check(part.where, part.labels)
        return rebuild(labels, [(part.key, _in_shape(part.form, part.labels)) for part in parts])

    def source(self, source: Any) -> Any:
        """Wrap a source of batches with checks; anything else is returned as it is."""
        if not self.forms or source is None:
            return source
        if hasattr(source, "element_spec") and hasattr(source, "enumerate"):
            from kerasbert.classifiers._tensorflow_labels import assert_labels

            return assert_labels(source, self.parts, rebuild, self.named)
        if isinstance(source, types.GeneratorType):
            return self._generator(source)
        return _CheckedDataset(source, self) if isinstance(source, keras.utils.PyDataset) else source

    def batch(self, batch: Any, where: str) -> Any:
        """Check a batch of Python objects."""
        try:
            if isinstance(batch, (tuple, list)) and len(batch) > 1:
                return (batch[0], self.arrays(batch[1], f"{Y} {where}"), *batch[2:])
        except DataError as error:
            self.refused = error
            raise
        return batch

    def _generator(self, source: Any) -> Iterator[Any]:
        for number, batch in enumerate(source, start=1):
            yield self.batch(batch, f"of batch {number}")


@contextlib.contextmanager
def checked_labels(model: Any) -> Iterator[Labels]:
    """Context: check a model's labels; an error that a pipeline raises for them becomes a `DataError`."""
    labels = Labels(model)
    try:
        yield labels
    except DataError:
        raise
    except Exception as error:
        refused = labels.refused or _refused(error, labels)
        if refused is None:
            raise
        raise refused from None


def forms_of(model: Any) -> dict[str, LabelForm]:
    """Return head name -> label form of its loss, for every loss whose form is known."""
    heads = model.trained_heads
    losses = getattr(model, "loss", None)
    if isinstance(losses, (list, tuple)):
        losses = dict(zip(heads, losses, strict=False))
    found = {
        name: form_of_loss(losses.get(name) if isinstance(losses, dict) else losses, head.task.units)
        for name, head in heads.items()
    }
    return {name: form for name, form in found.items() if form is not None}


def _as_arrays(labels: Any) -> Any:
    """Convert lists of numbers to arrays, and unwrap a list of one array."""
    if isinstance(labels, dict):
        return {name: _as_arrays(part) for name, part in labels.items()}
    if not isinstance(labels, (list, tuple)):
        return labels
    if not any(getattr(part, "shape", ()) for part in labels):
        return np.asarray(labels)
    return labels[0] if len(labels) == 1 else labels


def _in_shape(form: LabelForm, labels: Any) -> Any:
    shape = form.shape_of(tuple(labels.shape))
    if shape is None:
        return labels
    return keras.ops.reshape(labels, shape) if keras.ops.is_tensor(labels) else np.asarray(labels).reshape(shape)


class _CheckedDataset(keras.utils.PyDataset):
    """A `PyDataset` wrapped with label checks."""

    def __init__(self, source: keras.utils.PyDataset, labels: Labels) -> None:
        super().__init__(source.workers, source.use_multiprocessing, source.max_queue_size)
        self.source = source
        self.labels = labels

    def __getitem__(self, index: int) -> Any:
        return self.labels.batch(self.source[index], f"of batch {index + 1}")

    @property
    def num_batches(self) -> Any:
        return self.source.num_batches

    def on_epoch_begin(self) -> None:
        self.source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.source.on_epoch_end()


def _refused(error: Exception, labels: Labels) -> DataError | None:
    if "kerasbert-label" not in str(error):
        return None
    from kerasbert.classifiers._tensorflow_labels import message_of

    message = message_of(error, labels.named)
    return None if message is None else DataError(message)
