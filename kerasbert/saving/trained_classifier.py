"""`TrainedClassifier`: texts in, label names out."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import prediction_batches
from kerasbert.caching.cache import PredictionCache
from kerasbert.caching.model_state import ModelState
from kerasbert.saving.answers import Answers
from kerasbert.saving.model_states import classifier_state
from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.writing import save_trained
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

PREDICTION_BATCH = 64
# Beside the names of heads, none of which has a space.
VECTORS = "the vectors"


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainedClassifier(ClassifierParts, Answers):
    """A trained classifier, which answers texts.

    `TextClassifier.fit` and `kerasbert.load` make one, their `trained_`. It is read only; `dataclasses.replace` gives a
    copy with other parts, such as other thresholds. Its arguments are those of `ClassifierParts` and:

    Args:
        cache: where results are kept, so that no text is computed twice; it is not saved. None: nowhere.

    Example:
        >>> classifier = TextClassifier(encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> trained = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4).trained_
        >>> trained.predict_proba(["good"]).shape, trained.max_length
        ((1, 2), 128)
    """

    cache: PredictionCache | None = None

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
        widths = {head: task.units for head, task in self.outputs.tasks.items()}
        return self._known_or_computed("probabilities", tokens, widths, self._compute_probabilities)

    def probabilities_and_vectors(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once; return what `probabilities` does, and the vectors that the heads read, float32 (n, hidden).

        Of a layerwise classifier they are those of its last layer.
        """
        tokens, both = self.tokenizer.encode(texts, text_pairs), self.model_with_vectors()
        widths = {head: task.units for head, task in self.outputs.tasks.items()}
        widths[VECTORS] = int(both.output[1].shape[-1])

        def compute(part: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
            (output, vectors), order = self._forward(part, both)
            given = {
                **(output if isinstance(output, dict) else dict.fromkeys(self.outputs.tasks, output)),
                VECTORS: vectors,
            }
            results = {name: np.zeros((len(part), width), "float32") for name, width in widths.items()}
            for name, result in results.items():
                result[order] = given[name]
            return results

        columns = self._known_or_computed("probabilities and vectors", tokens, widths, compute)
        vectors = columns.pop(VECTORS)
        return columns, vectors

    def model_with_vectors(self) -> keras.Model:
        """Return a model with two outputs: those of the model, and the vectors that its heads read."""
        votes = self.model.votes
        read = (
            self.model.vectors if votes is None else self.model.get_layer(f"features_{votes.layer_indices[-1]}").output
        )
        return keras.Model(self.model.input, [self.model.output, read])

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write the classifier as a folder of plain data, see `TextClassifier.save`."""
        trained = self if metrics is None else dataclasses.replace(self, metrics=dict(metrics))
        save_trained(trained, folder, overwrite=overwrite)

    @functools.cached_property
    def _state(self) -> ModelState:
        """What the entries of the cache follow from."""
        return classifier_state(self.model)

    def _known_or_computed(
        self,
        kind: str,
        tokens: TokenArrays | WindowArrays,
        widths: Mapping[str, int],
        compute: Callable[[Any], dict[str, np.ndarray]],
    ) -> dict[str, np.ndarray]:
        """Return float32 (n, width) by name: of texts that the cache knows from there, of others what `compute` gives."""
        if not len(tokens):
            return {name: np.zeros((0, width), "float32") for name, width in widths.items()}
        if self.cache is None:
            return compute(tokens)

        def compute_rows(part: Any) -> np.ndarray:
            columns = compute(part)
            return np.concatenate([columns[name] for name in widths], axis=1)

        rows = self.cache.rows(self._state, kind, tokens, compute_rows, width=sum(widths.values()))
        parts = np.split(rows, np.cumsum(list(widths.values()))[:-1], axis=1)
        return {name: np.ascontiguousarray(part) for name, part in zip(widths, parts, strict=True)}

    def _compute_probabilities(self, tokens: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
        results = {head: np.zeros((len(tokens), task.units), "float32") for head, task in self.outputs.tasks.items()}
        output, order = self._forward(tokens, self.model)
        for head, result in results.items():
            result[order] = output[head] if isinstance(output, dict) else output
        return results

    def _forward(self, tokens: TokenArrays | WindowArrays, model: keras.Model) -> tuple[Any, Any]:
        """Return a model's output for token arrays, and the rows that it belongs to."""
        check_process(keras.backend.backend())
        if tokens.fits_one_batch(PREDICTION_BATCH):
            # One batch is done before `predict` has traced its graph.
            output = model(tokens.padded(self.tokenizer.pad_id), training=False)
            return keras.tree.map_structure(keras.ops.convert_to_numpy, output), slice(None)
        # XLA compiles anew for each length, so that a model that it runs keeps to a few.
        batches = prediction_batches(tokens, pad_id=self.tokenizer.pad_id, fixed_lengths=self.model.jit_compile)
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
