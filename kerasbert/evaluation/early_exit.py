"""Early exit: stop for each text at the first layer whose prediction is confident."""

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import keras
import numpy as np

from kerasbert._core.checks import check_int, check_number, suggest_keywords
from kerasbert._core.display import brief_repr
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, INPUT_NAMES, TOKEN_TYPE_IDS
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.layerwise import check_layerwise
from kerasbert.evaluation.gradients import float32_array
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of
from kerasbert.tokenization.token_arrays import TokenArrays

BATCH_SIZE = 64
HIDDEN = "hidden_states"
BIAS = "attention_bias"


class EarlyExit(NamedTuple):
    """Predictions with early exit.

    Args:
        probabilities: float32 (n, units), in the columns of the model.
        exit_layers: int (n,), the layer at which each text left.
        saving: share of the tokens times blocks that were not computed, in [0, 1).

    Example:
        >>> EarlyExit(np.array([[0.1, 0.9]]), np.array([2]), 0.5).exit_layers.tolist()
        [2]
    """

    probabilities: np.ndarray
    exit_layers: np.ndarray
    saving: float

    def __repr__(self) -> str:
        return brief_repr(self)


@suggest_keywords
def predict_early(
    classifier: ClassifierLike, texts: Sequence[str], *, confidence: float = 0.9, batch_size: int = BATCH_SIZE
) -> EarlyExit:
    """Predict with a layerwise classifier, stopping for each text at the first confident layer.

    The prediction at a layer is the weighted vote of the layers so far. Confidence is the largest probability of a
    multi-class task, and of independent labels the smallest max(p, 1 - p). A text that never reaches it gets the model's
    own vote.

    Args:
        classifier: a `TextClassifier` trained with `layerwise=True`, or its `TrainedClassifier`.
        texts: n texts.
        confidence: in (0, 1]; with 1 hardly any text leaves early.
        batch_size: texts in a batch, >= 1.

    Returns:
        The probabilities, exit layers and saving.

    Raises:
        ConfigError: when the classifier is not layerwise or a number is out of range.

    Example:
        >>> classifier = TextClassifier(layerwise=True, encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> _ = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> early = predict_early(classifier, ["good", "bad"], confidence=0.5)
        >>> early.exit_layers.tolist(), round(early.saving, 2)
        ([1, 1], 0.83)

    Reference:
        Xin et al., "DeeBERT: Dynamic Early Exiting for Accelerating BERT Inference", 2020.
    """
    check_number("confidence", confidence, 0, 1, open_minimum=True)
    check_int("batch_size", batch_size, 1)
    trained = trained_of(classifier)
    stages, tokenizer = ExitStages(trained.model), trained.tokenizer
    tokens = tokenizer.encode(texts)
    return stages.predict(tokens, confidence=confidence, batch_size=batch_size, pad_id=tokenizer.pad_id)


class ExitStages:
    """A layerwise model cut into stages, each from one voting layer to the next.

    Raises:
        ConfigError: when the model is not layerwise.
    """

    def __init__(self, model: Classifier) -> None:
        self.votes = check_layerwise(model)
        self.layers = self.votes.layer_indices
        #: Blocks of each stage.
        self.blocks = tuple(int(number) for number in np.diff((0, *self.layers)))
        self._weights = np.array([self.votes.vote_weights[layer] for layer in self.layers])
        self._bias_of = model.encoder.attention_bias
        self._embed = _embedding_stage(model)
        starts = (0, *self.layers[:-1])
        self._stages = [_stage(model, start, stop) for start, stop in zip(starts, self.layers, strict=True)]

    def predict(self, tokens: TokenArrays, *, confidence: float, batch_size: int, pad_id: int) -> EarlyExit:
        """Predict texts, see `predict_early`."""
        probabilities = np.zeros((len(tokens), self.votes.task.units), dtype=np.float32)
        exits = np.zeros(len(tokens), dtype=np.int64)
        order = np.argsort(tokens.lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            self._batch(tokens.take(rows).padded(pad_id), rows, confidence, (probabilities, exits))
        total = float(self.layers[-1] * tokens.lengths.sum())
        saving = 1 - float((exits * tokens.lengths).sum()) / total if total else 0.0
        return EarlyExit(probabilities, exits, saving)

    def _batch(
        self, inputs: dict[str, np.ndarray], rows: np.ndarray, confidence: float, result: tuple[np.ndarray, np.ndarray]
    ) -> None:
        """Predict a batch and write to its `rows` of the result, probabilities and exit layers."""
        probabilities, exits = result
        mask = inputs[ATTENTION_MASK]
        hidden = float32_array(self._embed.predict_on_batch(inputs))  # (b, length, hidden)
        bias = float32_array(self._bias_of(mask))  # (b, 1, 1, length)
        vote = np.zeros((len(rows), probabilities.shape[1]))  # (b, units), the weighted sum of the layers so far
        for place, (layer, stage) in enumerate(zip(self.layers, self._stages, strict=True)):
            parts = {HIDDEN: hidden, ATTENTION_MASK: mask, BIAS: bias}
            hidden, predicted = map(float32_array, stage.predict_on_batch(parts))
            # Normalise by the weights so far: the vote stays a mean of probabilities.
            vote = vote + self._weights[place] * predicted
            voted = vote / self._weights[: place + 1].sum()
            leaves = self.votes.task.confidence(voted) >= confidence
            leaves |= layer == self.layers[-1]
            probabilities[rows[leaves]], exits[rows[leaves]] = voted[leaves], layer
            # Only the texts that stay go on to the next layer.
            rows, hidden, mask, bias, vote = (part[~leaves] for part in (rows, hidden, mask, bias, vote))
            if not len(rows):
                return


@final
class LayerModel(keras.Model):
    """What a layerwise model computes for one of its layers alone, on the model's own weights.

    Its blocks are those that `truncate` keeps; nothing is copied.
    """

    def __init__(self, model: Classifier, layer: int) -> None:
        super().__init__()
        self.model, self.layer = model, layer

    def call(self, inputs: dict[str, Any]) -> Any:
        mask = inputs[ATTENTION_MASK]
        hidden, bias = _embedded(self.model, inputs), self.model.encoder.attention_bias(mask)
        return _one_layer(self.model, (0, self.layer), hidden, mask, bias)[1]


def _embedding_stage(model: Classifier) -> keras.Model:
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in INPUT_NAMES}
    return keras.Model(inputs, _embedded(model, inputs))


def _stage(model: Classifier, start: int, stop: int) -> keras.Model:
    state = keras.Input((None, model.encoder.config.hidden_size), name=HIDDEN)
    mask = keras.Input((None,), dtype="int32", name=ATTENTION_MASK)
    bias = keras.Input((1, 1, None), name=BIAS)
    inputs = {HIDDEN: state, ATTENTION_MASK: mask, BIAS: bias}
    return keras.Model(inputs, list(_one_layer(model, (start, stop), state, mask, bias)))


def _embedded(model: Classifier, inputs: dict[str, Any]) -> Any:
    return model.encoder.embeddings(inputs[INPUT_IDS], inputs[TOKEN_TYPE_IDS], None, training=False)


def _one_layer(model: Classifier, between: tuple[int, int], hidden: Any, mask: Any, bias: Any) -> tuple[Any, Any]:
    """Run the blocks between two layers; return the hidden states and the second layer's probabilities."""
    start, stop = between
    for block in model.encoder.blocks[start:stop]:
        hidden, _ = block(hidden, bias, training=False)
    features, head = model.get_layer(f"features_{stop}"), model.trained_heads[f"layer_{stop}"]
    return hidden, head(features((hidden,), mask), training=False)
