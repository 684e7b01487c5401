"""`TrainedClassifier`: texts in, label names out."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self, final

import keras
import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_number, check_texts, shorten
from kerasbert._core.errors import ConfigError, NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import fixed_batches, planned_inputs
from kerasbert.caching.cache import PredictionCache, State
from kerasbert.caching.columns import known_or_computed
from kerasbert.caching.model_state import ModelState
from kerasbert.classifiers.features import resolve_layers
from kerasbert.classifiers.fingerprint import weights_fingerprint
from kerasbert.classifiers.pooled_states import with_pooled_states
from kerasbert.classifiers.traced import runner_of
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import sketch_texts
from kerasbert.saving.answers import Answers, check_rows
from kerasbert.saving.believable import calibrate_in_place, check_not_trained_on, probabilities_for_sets
from kerasbert.saving.doubts import NO_SCORES, texts_and_pairs
from kerasbert.saving.engine import Engine
from kerasbert.saving.model_states import classifier_state
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
# Names of columns beside those of heads, none of which has a space.
VECTORS, LOGITS, LAYER = "the vectors", "the logits of {}", "the layer {}"


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

    def without_cache(self) -> Self:
        """See `Answers.without_cache`."""
        return dataclasses.replace(self, cache=None)

    def probabilities_of(self, tokens: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
        """Run the model as `probabilities` does, on texts that are tokenized already."""

        def compute(part: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
            if self.engine is not None:
                return self._ask_engine(self.engine, part)[0]
            output, order = self._forward(part, self.model)
            return self._by_head(output, order, len(part))

        return self._known_or_computed("probabilities", tokens, self._units, compute, engine=self.engine)

    def probabilities_and_vectors(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once; return what `probabilities` does, and the vectors that the heads read, float32 (n, hidden).

        Of a layerwise classifier they are those of its last layer.
        """
        tokens = self.tokenizer.encode(texts, text_pairs)
        both = self.model.with_vectors

        def compute(part: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
            if self.engine is not None:
                probabilities, vectors = self._ask_engine(self.engine, part)
                return {**probabilities, VECTORS: vectors}
            (output, vectors), order = self._forward(part, both)
            return {**self._by_head(output, order, len(part)), VECTORS: _in_order(vectors, order)}

        widths = {**self._units, VECTORS: int(both.output[1].shape[-1])}
        columns = self._known_or_computed("probabilities and vectors", tokens, widths, compute, engine=self.engine)
        vectors = columns.pop(VECTORS)
        return columns, vectors

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
    def model_with_states(self) -> keras.Model:
        """The model with three outputs: its own, the vectors that its heads read, and what `scores_of` takes.

        Raises:
            ConfigError: when nothing was fitted that gives out-of-scope scores, or it was fitted on other weights.
        """
        return keras.Model(self.model.input, [*self.model.with_vectors.output, self._scope_model.output])

    def scores_of(self, states: Mapping[str, Any]) -> np.ndarray:
        """Return the out-of-scope scores, float64 (n,), of what `model_with_states` gave last."""
        logits = {head: np.asarray(values) for head, values in states["logits"].items()}
        pooled = {int(layer): np.asarray(values) for layer, values in states["pooled"].items()}
        return np.asarray(self._checked_scope.scores(self.outputs, ScopeStates(logits, pooled)))

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
        logits = {LOGITS.format(head): head for head in model.output["logits"]}
        pooled = {LAYER.format(layer): layer for layer in layers}

        def compute(part: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
            found, order = self._forward(part, model)
            named = {name: found["logits"][head] for name, head in logits.items()}
            named |= {name: found["pooled"][str(layer)] for name, layer in pooled.items()}
            by_head = self._by_head(found["output"], order, len(part))
            return {**by_head, **{name: _in_order(values, order) for name, values in named.items()}}

        widths = {**self._units, **{name: int(model.output["logits"][head].shape[-1]) for name, head in logits.items()}}
        widths |= dict.fromkeys(pooled, self.model.encoder.config.hidden_size)
        columns = self._known_or_computed(f"pooled states of {list(layers)}", tokens, widths, compute)
        states = ScopeStates(
            {head: columns[name] for name, head in logits.items()},
            {layer: columns[name] for name, layer in pooled.items()},
        )
        return {head: columns[head] for head in self._units}, states

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

    @property
    def _units(self) -> dict[str, int]:
        return {head: task.units for head, task in self.outputs.tasks.items()}

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
        *,
        engine: Engine | None = None,
    ) -> dict[str, np.ndarray]:
        """Return float32 (n, width) by name, computed by the model or by an engine, or known to the cache."""
        if engine is not None:
            engine.check_fresh()

        def state() -> State:
            return self._state if engine is None else engine.state

        return known_or_computed(self.cache, state, kind, tokens, widths, compute)

    def _by_head(self, output: Any, order: Any, number: int) -> dict[str, np.ndarray]:
        """Return what the model gave for rows, as probabilities by head in the order of the texts."""
        found = {head: np.zeros((number, task.units), "float32") for head, task in self.outputs.tasks.items()}
        for head, values in found.items():
            values[order] = output[head] if isinstance(output, dict) else output
        return found

    def _ask_engine(
        self, engine: Engine, tokens: TokenArrays | WindowArrays
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        if not isinstance(tokens, TokenArrays):
            raise ConfigError("An engine reads each text as one row of tokens; got texts in windows.")
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
