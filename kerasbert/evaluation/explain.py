"""`explain`: attributions of the words of a text."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_choice, check_int, shorten, suggest_keywords
from kerasbert._core.display import Displayed
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pooling import AttentionPooling, MultiHeadAttentionPooling
from kerasbert.evaluation.attention_figure import draw_attentions
from kerasbert.evaluation.explain_page import explanation_page
from kerasbert.evaluation.faithfulness import Faithfulness, measure_faithfulness
from kerasbert.evaluation.gradients import EmbeddedClassifier, PathIntegral, integrated_gradients
from kerasbert.evaluation.pages import notebook_frame
from kerasbert.evaluation.settings import DRAWS, STEPS
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of
from kerasbert.tokenization.spans import TextSpans, read_places, spans_of


@dataclasses.dataclass(frozen=True, repr=False)
class Explanation(Displayed):
    """Attributions of the words of a text to a label's probability.

    Args:
        text: the text.
        head: name of the head.
        label: the label.
        probability: of the label.
        baseline: its probability with padding in place of the words.
        error: the completeness error: the distance of the attributions' sum from `probability - baseline`.
        words: a dict for each word: `word`, `start`, `end`, `attribution` (positive: it raised the probability), `rival`, the
            attribution to the rival's probability, and, in a model with attention pooling, `pooling`, its weight there.
        tokens: tokens of the first row, special ones included.
        attentions: float (blocks, heads, length, length), the encoder's attentions over that row.
        rival: the label that it is compared with; None where the head has one label.
        rival_probability: of the rival.
        faithfulness: whether the words matter; None where it was not measured.

    Example:
        >>> word = {"word": "bad", "start": 0, "end": 3, "attribution": 0.4}
        >>> Explanation("bad", "probabilities", "-", 0.9, 0.5, 0.0, (word,), (), np.zeros((1, 1, 0, 0))).strongest()
        [('bad', 0.4)]
    """

    text: str
    head: str
    label: str
    probability: float
    baseline: float
    error: float
    words: tuple[dict[str, Any], ...]
    tokens: tuple[str, ...]
    attentions: np.ndarray
    rival: str | None = None
    rival_probability: float | None = None
    faithfulness: Faithfulness | None = None

    def _lines(self) -> Sequence[str]:
        words = ", ".join(f"{word} {share:+.4f}" for word, share in self.strongest(5))
        return [
            f"Explanation of {shorten(self.text)}",
            f"{shorten(self.label)} {self.probability:.4f}{self._rival()}, {self.baseline:.4f} without any word",
            f"strongest of {len(self.words)} words: {words}",
        ]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return self.words

    def _rival(self) -> str:
        return "" if self.rival is None else f" (rival {self.rival!r} {self.rival_probability:.4f})"

    def _repr_html_(self) -> str:
        return notebook_frame(self.to_html())

    def strongest(self, number: int = 10) -> list[tuple[str, float]]:
        """Return the words with the largest absolute attributions."""
        ranked = sorted(self.words, key=lambda word: -abs(word["attribution"]))
        return [(word["word"], word["attribution"]) for word in ranked[:number]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the attentions as plain data."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "attentions"]
        plain = {name: getattr(self, name) for name in names}
        faithfulness = None if self.faithfulness is None else self.faithfulness._asdict()
        words = [dict(word) for word in self.words]
        return {**plain, "words": words, "tokens": list(self.tokens), "faithfulness": faithfulness}

    def to_html(self, *, layer: int = -1, attention_head: int | None = None) -> str:
        """Render the highlighted text and the attention of one block as a page.

        Args:
            layer: block, from 1; negative from the end.
            attention_head: head, from 0; None: the mean of all.

        Raises:
            ConfigError: when the encoder has no such block or head.
            TypeError: when a number is no integer.
        """
        return explanation_page([(self.to_dict(), *self.attention(layer, attention_head))])

    def save_attentions(
        self, file: str | os.PathLike[str], *, layer: int = -1, attention_head: int | None = None
    ) -> None:
        """Draw the attention of one block.

        Args:
            file: `.png`, `.svg` or `.pdf`; needs matplotlib (the extra `report`).
            layer: see `to_html`.
            attention_head: see `to_html`.

        Raises:
            ConfigError: when the encoder has no such block or head.
            TypeError: when a number is no integer.
        """
        weights, name = self.attention(layer, attention_head)
        draw_attentions(weights, self.tokens, name, file)

    def attention(self, layer: int = -1, attention_head: int | None = None) -> tuple[np.ndarray, str]:
        """Return one block's attention, (length, length), and its name; see `to_html`.

        Raises:
            ConfigError: when the encoder has no such block or head.
            TypeError: when a number is no integer.
        """
        blocks, heads = self.attentions.shape[:2]
        if layer == 0:
            raise ConfigError(f"`layer` must be a block from 1 to {blocks}, or negative from the end; got 0.")
        check_int("layer", layer, -blocks, blocks, "the encoder's blocks")
        if attention_head is not None:
            check_int("attention_head", attention_head, 0, heads - 1, "the encoder's heads")
        block = self.attentions[layer - 1 if layer > 0 else layer]
        what = "mean of all heads" if attention_head is None else f"head {attention_head}"
        name = f"block {layer if layer > 0 else blocks + 1 + layer}, {what}"
        return block.mean(axis=0) if attention_head is None else block[attention_head], name


@suggest_keywords
def explain(
    classifier: ClassifierLike,
    text: str,
    *,
    label: str | None = None,
    rival: str | None = None,
    head: str | None = None,
    steps: int = STEPS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Explanation:
    """Explain a prediction by integrated gradients: attributions of the words to a label's probability and its rival's.

    The attributions add up to the change of the probability from a text without words to this one, but for the error of
    the numerical integration. Special tokens are the same in both and get none. Whether the words matter is measured by
    predictions without them, and from them alone, beside those of random words; see `Faithfulness`.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`.
        text: one text; of a long one the words that the classifier reads.
        label: the label; None: the most probable one.
        rival: the label to compare it with; None: the most probable of the others.
        head: the head; None: the only one, or the last.
        steps: points of the integral, >= 1; more give a smaller error.
        draws: random orders of the words to compare with, >= 0; 0 leaves `faithfulness` out.
        seed: of the draws.

    Returns:
        The explanation.

    Raises:
        ConfigError: when there is no such label or head, the rival is the label itself, or a number is out of its range.
        DataError: when the text has no words.
        TypeError: when `text` is no text.

    Example:
        >>> classifier = TextClassifier(encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> _ = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> found = explain(classifier, "A bad day", label="pos")
        >>> [word["word"] for word in found.words], found.error < 1e-3, found.rival
        (['A', 'bad', 'day'], True, 'neg')

    Reference:
        Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", 2017; DeYoung et al., "ERASER", 2020.
    """
    if not isinstance(text, str):
        raise TypeError(f"`text` must be one text; got {shorten(text)} of type {type(text).__name__}.")
    check_int("steps", steps, 1)
    check_int("draws", draws, 0)
    check_int("seed", seed, 0, 2**32 - 1)
    trained = trained_of(classifier)
    model, tokenizer = trained.model, trained.tokenizer
    head = list(model.heads)[-1] if head is None else check_choice("head", head, model.heads)
    inputs = tokenizer.encode([text]).padded(tokenizer.pad_id)
    spans = spans_of(tokenizer, text)
    if not len(spans.words):
        raise DataError(f"`text` must have at least one word; got {shorten(text)}.")
    names = model.heads[head].task.label_names
    chosen, other = _chosen(model, head, label, rival, inputs)
    places = read_places(tokenizer, len(spans.words), spans.num_prompt)
    own = _attributions(model, inputs, head, chosen, (places, tokenizer.pad_id, steps))
    values = {"attribution": own.attributions}
    against = None if other is None else _attributions(model, inputs, head, other, (places, tokenizer.pad_id, steps))
    if against is not None:
        values["rival"] = against.attributions
    words = _by_word({**values, **_pooling(model, inputs)}, places, spans, text)

    def predict(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(model.heads[head].task.columns(trained.probabilities(texts)[head])[:, chosen])

    return Explanation(
        text,
        head,
        names[chosen],
        own.value,
        own.baseline,
        own.error,
        words,
        tuple(tokenizer.token_of(int(number)) for number in inputs[INPUT_IDS][0]),
        _attentions(model, inputs),
        None if other is None else names[other],
        None if against is None else against.value,
        measure_faithfulness(predict, text, words, draws=draws, seed=seed) if draws else None,
    )


def _chosen(
    model: Classifier, head: str, label: str | None, rival: str | None, inputs: dict[str, np.ndarray]
) -> tuple[int, int | None]:
    """Return the places of a label and of its rival among the names of a head; None where there is no other."""
    task = model.heads[head].task
    output = model(inputs, training=False)
    values = keras.ops.convert_to_numpy(output[head] if isinstance(output, dict) else output)
    ranked = [int(place) for place in np.argsort(-task.columns(values)[0], kind="stable")]
    names = task.label_names
    chosen = ranked[0] if label is None else names.index(check_choice("label", label, names))
    if rival is not None and names.index(check_choice("rival", rival, names)) == chosen:
        raise ConfigError(f"`rival` must be another label than the one explained, {names[chosen]!r}; got {rival!r}.")
    others = [place for place in ranked if place != chosen] if rival is None else [names.index(rival)]
    return chosen, others[0] if others else None


def _attributions(
    model: Classifier, inputs: dict[str, np.ndarray], head: str, place: int, reading: tuple[np.ndarray, int, int]
) -> PathIntegral:
    """Integrate the gradients of a label's probability, by its place; `reading`: places of tokens, padding id, steps."""
    places, pad_id, steps = reading
    task = model.heads[head].task
    # A binary head has one unit, of the last of its two labels.
    unit = place - (len(task.label_names) - task.units)
    found = integrated_gradients(
        model, inputs, head=head, label=max(unit, 0), pad_id=pad_id, is_text=places >= 0, steps=steps
    )
    if unit >= 0:
        return found
    return PathIntegral(-found.attributions, 1 - found.value, 1 - found.baseline, found.error)


def _by_word(
    values: dict[str, np.ndarray], places: np.ndarray, spans: TextSpans, text: str
) -> tuple[dict[str, Any], ...]:
    """Sum over the tokens of each word, in all windows; truncated words are left out."""
    inside = places >= 0
    words = spans.words[places[inside]]
    sums = {name: np.bincount(words, weights=array[inside]) for name, array in values.items()}
    bounds = spans.word_bounds()
    return tuple(
        {"word": text[start:end], "start": int(start), "end": int(end)}
        | {name: float(total[word]) for name, total in sums.items()}
        for word, (start, end) in enumerate(bounds)
        if word in set(words.tolist())
    )


def _pooling(model: Classifier, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the weights of attention pooling, (rows, length), averaged over heads and layers; empty without it."""
    embedded = EmbeddedClassifier(model)
    mask = inputs[ATTENTION_MASK]
    states = embedded.states(embedded.embed(inputs), mask)
    found: list[np.ndarray] = []
    rest = states
    for reader in embedded.upper.readers:
        own, rest = rest[: len(reader.layer_indices)], rest[len(reader.layer_indices) :]
        if isinstance(reader.pooling, (AttentionPooling, MultiHeadAttentionPooling)):
            read = [reader.join(own)] if reader.combine_before_pooling else own
            found.extend(_weights(reader.pooling, state, mask) for state in read)
    if not found:
        return {}
    weights = np.mean(found, axis=0)
    # The weights of all windows of a text add up to 1.
    return {"pooling": weights * _window_shares(model, states, mask)[:, None]}


def _weights(pooling: AttentionPooling | MultiHeadAttentionPooling, state: Any, mask: np.ndarray) -> np.ndarray:
    weights = np.asarray(keras.ops.convert_to_numpy(pooling.weights_of(state, mask)))
    return weights if weights.ndim == 2 else np.asarray(weights.mean(axis=1))


def _window_shares(model: Classifier, states: list[Any], mask: np.ndarray) -> np.ndarray:
    rows = len(mask)
    if model.windows is None or not isinstance(model.windows.pooling, AttentionPooling):
        return np.full(rows, 1 / rows)
    vectors = model.features(tuple(states), mask)
    weights = model.windows.pooling.weights_of(keras.ops.expand_dims(vectors, 0), np.ones((1, rows), dtype=np.int32))
    return np.asarray(keras.ops.convert_to_numpy(weights)[0])


def _attentions(model: Classifier, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Return the attentions over the first row, (blocks, heads, length, length)."""
    arrays = [inputs[name][:1] for name in (INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS)]
    output = model.encoder(*arrays, output_attentions=True, training=False)
    return np.stack([keras.ops.convert_to_numpy(one)[0] for one in output.attentions]).astype(np.float32)
