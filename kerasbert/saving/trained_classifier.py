"""`TrainedClassifier`: texts in, label names out."""

import dataclasses
import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import keras
import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_number, check_texts, shorten
from kerasbert._core.errors import ConfigError, NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import prediction_batches, prediction_rows
from kerasbert.classifiers.features import resolve_layers
from kerasbert.classifiers.fingerprint import weights_fingerprint
from kerasbert.classifiers.pooled_states import with_pooled_states
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import sketch_texts
from kerasbert.saving.answers import Answers, check_rows
from kerasbert.saving.believable import calibrate_in_place, check_not_trained_on, probabilities_for_sets
from kerasbert.saving.doubts import NO_SCORES, texts_and_pairs
from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.rebuild import copy_model
from kerasbert.saving.writing import save_trained
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.uncertainty.abstention import Abstention
from kerasbert.uncertainty.fitted import with_part
from kerasbert.uncertainty.folding import check_foldable
from kerasbert.uncertainty.out_of_scope import KEEP, OutOfScope, ScopeStates, check_enough, usual_layers
from kerasbert.uncertainty.set_scores import METHODS
from kerasbert.uncertainty.sets import PredictionSets

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
        if not len(tokens):
            return self._by_head(None, slice(None), 0)
        output, order = self._forward(tokens, self.model)
        return self._by_head(output, order, len(tokens))

    def probabilities_and_vectors(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once; return what `probabilities` does, and the vectors that the heads read, float32 (n, hidden).

        Of a layerwise classifier they are those of its last layer.
        """
        tokens = self.tokenizer.encode(texts, text_pairs)
        votes = self.model.votes
        read = (
            self.model.vectors if votes is None else self.model.get_layer(f"features_{votes.layer_indices[-1]}").output
        )
        if not len(tokens):
            return self._by_head(None, slice(None), 0), np.zeros((0, read.shape[-1]), "float32")
        both = keras.Model(self.model.input, [self.model.output, read])
        (output, vectors), order = self._forward(tokens, both)
        return self._by_head(output, order, len(tokens)), _in_order(vectors, order)

    def probabilities_and_scores(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once: what `probabilities` gives, and the out-of-scope scores, (n,); see `out_of_scope_score`.

        Raises:
            ConfigError: when nothing was fitted that gives scores, or it was fitted on other weights.
            DataError, TypeError: as `probabilities`.
        """
        part, tokens = self._checked_scope, self.tokenizer.encode(texts, text_pairs)
        probabilities, states = self._pooled(tokens, self._scope_model, part.layers)
        return probabilities, part.scores(self.outputs, states)

    @functools.cached_property
    def _checked_scope(self) -> OutOfScope:
        """What was fitted on the hidden states, if it was on those of this model."""
        if self.out_of_scope is None:
            raise ConfigError(NO_SCORES)
        if self.out_of_scope.fingerprint != weights_fingerprint(self.model):
            raise ConfigError(
                "The out-of-scope score must have been fitted on this model's hidden states; it was fitted on other weights. "
                "Call `fit_out_of_scope(texts, labels, validation=...)` again."
            )
        return self.out_of_scope

    @functools.cached_property
    def _scope_model(self) -> keras.Model:
        return with_pooled_states(self.model, self._checked_scope.layers)

    def _pooled(
        self, tokens: TokenArrays | WindowArrays, model: keras.Model, layers: Sequence[int]
    ) -> tuple[dict[str, np.ndarray], ScopeStates]:
        """Run a model of `with_pooled_states`: probabilities by head, and what an out-of-scope score reads."""
        if not len(tokens):
            empty = self._by_head(None, slice(None), 0)
            width = self.model.encoder.config.hidden_size
            return empty, ScopeStates(empty, {layer: np.zeros((0, width), "float32") for layer in layers})
        found, order = self._forward(tokens, model)
        logits = {head: _in_order(values, order) for head, values in found["logits"].items()}
        pooled = {layer: _in_order(found["pooled"][str(layer)], order) for layer in layers}
        return self._by_head(found["output"], order, len(tokens)), ScopeStates(logits, pooled)

    def with_out_of_scope(
        self,
        texts: Sequence[str],
        labels: Any,
        text_pairs: Sequence[str] | None = None,
        *,
        validation: Any,
        out_of_scope_texts: Any = None,
        keep: float = KEEP,
        layers: Sequence[int] | None = None,
        max_neighbours: int = 15_000,
    ) -> "TrainedClassifier":
        """Return a copy that tells texts out of scope, see `TextClassifier.fit_out_of_scope`; it shares the model."""
        tokens, y_true = self.tokenizer.encode(texts, text_pairs), self.encode_labels(labels)
        check_rows(y_true, len(tokens))
        inside, inside_pairs = texts_and_pairs("validation", validation)
        check_not_trained_on(self, inside, inside_pairs)
        examples = None
        if out_of_scope_texts is not None:
            examples = self.tokenizer.encode(*texts_and_pairs("out_of_scope_texts", out_of_scope_texts))
        return self.with_scope_of(
            (tokens, y_true),
            self.tokenizer.encode(inside, inside_pairs),
            examples,
            keep=keep,
            layers=layers,
            max_neighbours=max_neighbours,
        )

    def with_scope_of(
        self,
        reference: tuple[TokenArrays | WindowArrays, dict[str, np.ndarray]],
        validation: TokenArrays | WindowArrays,
        examples: TokenArrays | WindowArrays | None = None,
        *,
        keep: float = KEEP,
        layers: Sequence[int] | None = None,
        max_neighbours: int = 15_000,
    ) -> "TrainedClassifier":
        """Return what `with_out_of_scope` does, from texts that are tokenized already, and encoded labels by head."""
        check_enough(len(validation), check_number("keep", keep, 0, 1, open_minimum=True, open_maximum=True))
        blocks = self.model.encoder.config.num_hidden_layers
        read = usual_layers(blocks) if layers is None else resolve_layers(layers, blocks)
        model = with_pooled_states(self.model, read)
        part = OutOfScope.fit(
            self.outputs,
            self._pooled(reference[0], model, read)[1],
            reference[1],
            self._pooled(validation, model, read)[1],
            None if examples is None else self._pooled(examples, model, read)[1],
            fingerprint=weights_fingerprint(self.model),
            keep=keep,
            max_neighbours=max_neighbours,
        )
        return dataclasses.replace(self, uncertainty=with_part(self.uncertainty, part))

    def with_abstention(
        self,
        texts: Sequence[str],
        labels: Any,
        text_pairs: Sequence[str] | None = None,
        *,
        precision: float = 0.95,
        sure: float = 0.95,
    ) -> "TrainedClassifier":
        """Return a copy that knows when a person should look, see `TextClassifier.fit_abstention`; it shares the model."""
        y_true, probabilities = self._held_out(texts, labels, text_pairs)
        part = Abstention.fit(
            self.outputs, y_true, probabilities, self.y_pred(probabilities), precision=precision, sure=sure
        )
        return dataclasses.replace(self, uncertainty=with_part(self.uncertainty, part))

    def calibrated(
        self, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None = None, *, always: bool = True
    ) -> "TrainedClassifier":
        """Return a calibrated copy, see `TextClassifier.fit_calibration`; this one stays as it is."""
        check_foldable(self.model)
        y_true, probabilities = self._held_out(texts, labels, text_pairs)
        copy, sketch = (
            dataclasses.replace(self, model=copy_model(self.model)),
            sketch_texts(text_keys(texts, text_pairs)),
        )
        return calibrate_in_place(copy, y_true, probabilities, always=always, text_sketch=sketch)

    def with_sets(
        self,
        texts: Sequence[str],
        labels: Any,
        text_pairs: Sequence[str] | None = None,
        *,
        method: str = "lac",
        each_label: bool = False,
    ) -> "TrainedClassifier":
        """Return a copy with prediction sets, see `TextClassifier.fit_sets`; it shares the model."""
        check_choice("method", method, METHODS)
        check_bool("each_label", each_label)
        y_true, probabilities = self._held_out(texts, labels, text_pairs)
        shares = probabilities_for_sets(self, text_keys(texts, text_pairs), y_true, probabilities)
        sets = PredictionSets.fit(self.outputs, y_true, shares, method=method, each_label=each_label)
        return dataclasses.replace(self, uncertainty=with_part(self.uncertainty, sets))

    def _held_out(
        self, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Encode labels and run the model on texts that were not trained on."""
        texts = check_texts("texts", texts)
        y_true = self.encode_labels(labels)
        check_rows(y_true, len(texts))
        check_not_trained_on(self, texts, text_pairs)
        return y_true, self.probabilities(texts, text_pairs)

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write the classifier as a folder of plain data, see `TextClassifier.save`."""
        trained = self if metrics is None else dataclasses.replace(self, metrics=dict(metrics))
        save_trained(trained, folder, overwrite=overwrite)

    def _by_head(self, output: Any, order: Any, number: int) -> dict[str, np.ndarray]:
        """Return what the model gave for rows, as probabilities by head in the order of the texts."""
        found = {head: np.zeros((number, task.units), "float32") for head, task in self.outputs.tasks.items()}
        if number:
            for head, values in found.items():
                values[order] = output[head] if isinstance(output, dict) else output
        return found

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


def _in_order(values: np.ndarray, order: Any) -> np.ndarray:
    """Return what a model gave for rows in the order of the texts."""
    placed = np.empty_like(np.asarray(values))
    placed[order] = values
    return placed


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
