"""A trained classifier as a `tf.Module` whose signatures take raw text; Keras is only needed to trace it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kerasbert._core.names import (
    ATTENTION_MASK,
    INPUT_IDS,
    INPUT_NAMES,
    OUT_OF_SCOPE_SCORE,
    SINGLE_HEAD,
    TOKEN_TYPE_IDS,
)
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pooled_states import with_pooled_states
from kerasbert.export.decisions import choose, choose_sets, columns, sort_chosen
from kerasbert.saving.rebuild import weights_by_path
from kerasbert.tasks.task import Task
from kerasbert.tokenization.graph_tokenizer import GraphTokenizer, check_exportable
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.uncertainty.out_of_scope import OutOfScope, ScopeStates
from kerasbert.uncertainty.sets import PredictionSets

# Rows that go through the encoder at once: a huge request takes longer, and no more memory.
ROWS_AT_ONCE = 256
FEATURES = "features"
SETS, COVERAGE = "sets", "coverage"
EXAMPLE_KEY = "text"


class ServingModule(tf.Module):
    """Tokenizer, encoder, heads and decisions in one object that `tf.saved_model.save` writes.

    All signatures share one traced function for each part, so that tables and weights are stored once.

    Raises:
        ConfigError: when the tokenizer cannot go into a graph.
    """

    def __init__(
        self,
        model: Classifier,
        tokens: Tokenizer,
        thresholds: Mapping[str, np.ndarray],
        sets: PredictionSets | None = None,
        out_of_scope: OutOfScope | None = None,
    ) -> None:
        super().__init__(name="kerasbert")
        self._scores = out_of_scope is not None
        self._tasks = {name: head.task for name, head in model.heads.items()}
        check_exportable(tokens)
        self.tokenizer = GraphTokenizer(tokens)
        # The variables alone: a Keras object in here would be looked for when the model is loaded.
        self.weights = [weight.value for weight in weights_by_path(model).values()]
        tokenize = _traced(self.tokenizer, tf.TensorSpec([None], tf.string, name="text"))
        ids = [tf.TensorSpec([None, None], tf.int32, name=name) for name in INPUT_NAMES]
        compute = _traced(_computation(model, out_of_scope), *ids)
        # Behind a function, because a traced function that the module holds would be written a second time.
        in_chunks = _traced(lambda *arrays: _in_chunks(compute, arrays), *ids)
        self._parts: Callable[[], tuple[Any, Any]] = lambda: (tokenize, in_chunks)
        self._decide: Callable[[Any], dict[str, Any]] = lambda outputs: choose(model, thresholds, outputs)
        self._choose_sets: Callable[[Any, Any], dict[str, Any]] | None = None
        if sets is not None:
            self._choose_sets = lambda outputs, coverage: choose_sets(model, sets, outputs, coverage)

    def signatures(self) -> dict[str, Any]:
        """Trace the signatures, by name; one `classify` for a single head, else `classify_HEAD` for each; `sets` where they are fitted."""
        text = tf.TensorSpec([None], tf.string, name="text")
        examples = tf.TensorSpec([None], tf.string, name="inputs")
        made = {
            "serving_default": _traced(self._predict, text),
            "tokens": _traced(lambda text: dict(self._parts()[0](text)), text),
            FEATURES: _traced(lambda text: {FEATURES: self._run(text).features}, text),
        }
        if self._choose_sets is not None:
            made[SETS] = _traced(self._predict_sets, text, tf.TensorSpec([], tf.float32, name=COVERAGE))
        for name, task in self._tasks.items():
            made[classify_name(name)] = _traced(self._classification(name, task), examples)
        return {name: function.get_concrete_function() for name, function in made.items()}

    def _run(self, text: Any) -> "_Computed":
        """Compute the features, the output of each head by name, and the out-of-scope scores where something gives them."""
        tokenize, compute = self._parts()
        ids = tokenize(text)
        features, *outputs = compute(ids[INPUT_IDS], ids[ATTENTION_MASK], ids[TOKEN_TYPE_IDS])
        scores = outputs.pop() if self._scores else None
        return _Computed(features, dict(zip(self._tasks, outputs, strict=True)), scores)

    def _predict(self, text: Any) -> dict[str, Any]:
        _, outputs, scores = self._run(text)
        named = self._named(outputs, self._decide(outputs))
        return named if scores is None else {**named, OUT_OF_SCOPE_SCORE: scores[:, 0]}

    def _predict_sets(self, text: Any, coverage: Any) -> dict[str, Any]:
        assert self._choose_sets is not None  # for the type checker
        outputs = self._run(text).outputs
        return self._named(outputs, self._choose_sets(outputs, coverage))

    def _named(self, outputs: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
        """Name the chosen labels of each head, the most probable first."""
        results = {}
        for name, task in self._tasks.items():
            probabilities = columns(task, outputs[name])
            fields = {"probabilities": probabilities, **sort_chosen(task.label_names, probabilities, chosen[name])}
            results.update({field_name(name, field): value for field, value in fields.items()})
        return results

    def _classification(self, name: str, task: Task) -> Any:
        def classify(inputs: Any) -> dict[str, Any]:
            spec = {EXAMPLE_KEY: tf.io.FixedLenFeature([], tf.string)}
            text = tf.io.parse_example(inputs, spec)[EXAMPLE_KEY]
            scores = columns(task, self._run(text).outputs[name])
            names = tf.constant([task.label_names])
            return {"classes": tf.repeat(names, tf.shape(scores)[0], axis=0), "scores": scores}

        return classify


class _Computed(NamedTuple):
    """What the graph computes of a batch: features, the output of each head, and out-of-scope scores (batch, 1) or None."""

    features: Any
    outputs: dict[str, Any]
    scores: Any


def field_name(head: str, field: str) -> str:
    """Name an output: the field's own name for a single head, `HEAD_FIELD` else."""
    return field if head == SINGLE_HEAD else f"{head}_{field}"


def classify_name(head: str) -> str:
    """Name the signature of TF Serving's Classify API that answers for a head."""
    return field_name(head, "classify") if head == SINGLE_HEAD else f"classify_{head}"


def _traced(function: Any, *specs: Any) -> Any:
    return tf.function(function, input_signature=specs, autograph=False)


def _computation(model: Classifier, out_of_scope: OutOfScope | None) -> Any:
    """Return a function from token ids to the features and every head's output, each float32 (batch, units).

    Behind them come the out-of-scope scores, (batch, 1), where something gives them.
    """
    inner = keras.Model(model.input, [model.features.output, *model.head_outputs], name="classifier")
    if out_of_scope is not None:
        pooled = with_pooled_states(model, out_of_scope.layers)
        inner = keras.Model(model.input, [*inner.outputs, pooled.output], name="classifier")

    def compute(*ids: Any) -> tuple[Any, ...]:
        values = inner(dict(zip(INPUT_NAMES, ids, strict=True)), training=False)
        if out_of_scope is None:
            return tuple(tf.cast(value, tf.float32) for value in values)
        *values, found = values
        pooled = {layer: tf.cast(found["pooled"][str(layer)], tf.float32) for layer in out_of_scope.layers}
        scores = out_of_scope.scores(model.task_outputs, ScopeStates(found["logits"], pooled), keras.ops)
        return (*(tf.cast(value, tf.float32) for value in values), tf.reshape(tf.cast(scores, tf.float32), [-1, 1]))

    return compute


def _in_chunks(compute: Any, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Compute some rows at a time, each chunk only as long as its longest text."""
    number = (tf.shape(arrays[0])[0] + ROWS_AT_ONCE - 1) // ROWS_AT_ONCE

    def chunk(index: Any) -> tuple[Any, ...]:
        rows = [array[index * ROWS_AT_ONCE : (index + 1) * ROWS_AT_ONCE] for array in arrays]
        lengths = tf.reduce_sum(rows[INPUT_NAMES.index(ATTENTION_MASK)], axis=1)
        # An empty request has no longest text; its tokens still have two columns.
        width = tf.maximum(tf.reduce_max(lengths), 1)
        return tuple(compute(*(row[:, :width] for row in rows)))

    def step(index: Any, *done: Any) -> list[Any]:
        return [index + 1, *(tf.concat([rows, more], 0) for rows, more in zip(done, chunk(index), strict=True))]

    first = chunk(0)
    shapes = [tf.TensorShape([]), *(tf.TensorShape([None, values.shape[1]]) for values in first)]
    return tuple(tf.while_loop(lambda index, *_: index < number, step, [1, *first], shape_invariants=shapes)[1:])
