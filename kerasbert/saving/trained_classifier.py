"""`TrainedClassifier`: texts in, label names out."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import prediction_batches, prediction_rows
from kerasbert.saving.answers import Answers
from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.writing import save_trained
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

PREDICTION_BATCH = 64


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainedClassifier(ClassifierParts, Answers):
    """A trained classifier, which answers texts.

    `TextClassifier.fit` and `kerasbert.load` make one, their `trained_`. It is read only; `dataclasses.replace` gives a
    copy with other parts, such as other thresholds. Its arguments are those of `ClassifierParts`.

    Example:
        >>> classifier = TextClassifier(encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> trained = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4).trained_
        >>> trained.predict_proba(["good"]).shape, trained.max_length
        ((1, 2), 128)
    """

    def probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run the model: head or level name -> float32 (n, units), one unit for a binary head.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self.probabilities_of(self.tokenizer.encode(texts, text_pairs))

    def probabilities_of(self, tokens: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
        """Run the model as `probabilities` does, on texts that are tokenized already."""
        tasks = self.outputs.tasks
        results = {head: np.zeros((len(tokens), task.units), "float32") for head, task in tasks.items()}
        if not len(tokens):
            return results
        output, order = self._forward(tokens, self.model)
        for head in tasks:
            results[head][order] = output[head] if isinstance(output, dict) else output
        return results

    def probabilities_and_vectors(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once; return what `probabilities` does, and the vectors that the heads read, float32 (n, hidden).

        Of a layerwise classifier they are those of its last layer.
        """
        tokens = self.tokenizer.encode(texts, text_pairs)
        probabilities = {
            head: np.zeros((len(tokens), task.units), "float32") for head, task in self.outputs.tasks.items()
        }
        votes = self.model.votes
        read = (
            self.model.vectors if votes is None else self.model.get_layer(f"features_{votes.layer_indices[-1]}").output
        )
        vectors = np.zeros((len(tokens), read.shape[-1]), "float32")
        if len(tokens):
            both = keras.Model(self.model.input, [self.model.output, read])
            (output, vectors_in_order), order = self._forward(tokens, both)
            vectors[order] = vectors_in_order
            for head in probabilities:
                probabilities[head][order] = output[head] if isinstance(output, dict) else output
        return probabilities, vectors

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write the classifier as a folder of plain data, see `TextClassifier.save`."""
        trained = self if metrics is None else dataclasses.replace(self, metrics=dict(metrics))
        save_trained(trained, folder, overwrite=overwrite)

    def _forward(self, tokens: TokenArrays | WindowArrays, model: keras.Model) -> tuple[Any, Any]:
        """Return a model's output for token arrays, and the rows that it belongs to."""
        check_process(keras.backend.backend())
        if tokens.fits_one_batch(PREDICTION_BATCH):
            # One batch is done before `predict` has traced its graph.
            output = model(tokens.padded(self.tokenizer.pad_id), training=False)
            return keras.tree.map_structure(keras.ops.convert_to_numpy, output), slice(None)
        if self.model.jit_compile or not isinstance(tokens, TokenArrays):
            # XLA compiles anew for each length, so that a model that it runs keeps to a few.
            batches = prediction_batches(tokens, pad_id=self.tokenizer.pad_id, fixed_lengths=self.model.jit_compile)
            return model.predict(batches.dataset, verbose=0), batches.order
        # Each pipeline of `tf.data` leaves about 0.6 MB behind, which a process that predicts all day would not get back.
        rows = prediction_rows(tokens)
        outputs = [model.predict_on_batch(tokens.take(one).padded(self.tokenizer.pad_id)) for one in rows]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs), np.concatenate(rows)


class HoldsTrained(Protocol):
    """An estimator that holds a trained classifier once it is fitted: `TextClassifier`."""

    trained_: TrainedClassifier

    def __sklearn_is_fitted__(self) -> bool: ...


ClassifierLike = TrainedClassifier | HoldsTrained


def trained_of(classifier: ClassifierLike) -> TrainedClassifier:
    """Return the trained classifier inside a `TextClassifier`, or a `TrainedClassifier` itself.

    Raises:
        NotFittedError: when it is not trained yet.
        TypeError: when it is something else.
    """
    trained = classifier if isinstance(classifier, TrainedClassifier) else getattr(classifier, "trained_", None)
    if isinstance(trained, TrainedClassifier):
        return trained
    if hasattr(classifier, "__sklearn_is_fitted__"):
        raise NotFittedError(
            f"This {type(classifier).__name__} is not trained yet; call `fit` first, or `kerasbert.load(folder)`."
        )
    raise TypeError(
        f"`classifier` must be a trained TextClassifier or a TrainedClassifier; got {shorten(classifier)} of type "
        f"{type(classifier).__name__}."
    )


def reading_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return, of the metrics of a classifier, how its data was read, which the commands go by."""
    return {name: value for name, value in metrics.items() if name == "reading"}
