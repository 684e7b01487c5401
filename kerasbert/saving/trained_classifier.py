"""`TrainedClassifier`: texts in, label names out."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import fixed_batches, planned_inputs
from kerasbert.classifiers.traced import runner_of
from kerasbert.saving.answers import Answers
from kerasbert.saving.engine import Engine
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
        results = self._no_probabilities(len(tokens))
        if not len(tokens):
            return results
        if self.engine is not None:
            return self._ask_engine(self.engine, tokens)[0]
        output, order = self._forward(tokens, self.model)
        for head in results:
            results[head][order] = output[head] if isinstance(output, dict) else output
        return results

    def probabilities_and_vectors(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once; return what `probabilities` does, and the vectors that the heads read, float32 (n, hidden).

        Of a layerwise classifier they are those of its last layer.
        """
        tokens = self.tokenizer.encode(texts, text_pairs)
        if self.engine is not None and len(tokens):
            return self._ask_engine(self.engine, tokens)
        probabilities, both = self._no_probabilities(len(tokens)), self.model.with_vectors
        vectors = np.zeros((len(tokens), both.output[1].shape[-1]), "float32")
        if len(tokens):
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

    def _no_probabilities(self, num_texts: int) -> dict[str, np.ndarray]:
        return {head: np.zeros((num_texts, task.units), "float32") for head, task in self.outputs.tasks.items()}

    def _ask_engine(
        self, engine: Engine, tokens: TokenArrays | WindowArrays
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        if not isinstance(tokens, TokenArrays):
            raise ConfigError("An engine reads each text as one row of tokens; got texts in windows.")
        engine.check_fresh()
        return engine.run(tokens)

    def _forward(self, tokens: TokenArrays | WindowArrays, model: keras.Model) -> tuple[Any, Any]:
        """Return a model's output for token arrays, and the rows that it belongs to."""
        check_process(keras.backend.backend())
        runner, pad_id = runner_of(model), self.tokenizer.pad_id
        if tokens.fits_one_batch(PREDICTION_BATCH):
            return runner(tokens.padded(pad_id)), slice(None)
        if runner.takes_any_shape and isinstance(tokens, TokenArrays):
            return runner.run(planned_inputs(tokens, pad_id), len(tokens)), slice(None)
        batches = fixed_batches(tokens, pad_id=pad_id)
        return model.predict(batches.dataset, verbose=0), batches.order


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
