"""Read pooled hidden states in one pass of an encoder."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, INPUT_NAMES, TOKEN_TYPE_IDS
from kerasbert.caching.cache import PredictionCache
from kerasbert.caching.model_state import ModelState
from kerasbert.classifiers.features import resolve_layers
from kerasbert.classifiers.given_pooling import describe_pooling, own_name
from kerasbert.classifiers.pooling import POOLINGS, AttentionPooling, Pooling
from kerasbert.classifiers.settings import FROZEN_POOLINGS
from kerasbert.classifiers.traced import runner_of
from kerasbert.classifiers.windows import window_pooling_from
from kerasbert.encoders.encoder import Encoder
from kerasbert.saving.rebuild import weights_by_path
from kerasbert.tokenization.long_texts import WindowArrays, group_rows, window_rows
from kerasbert.tokenization.token_arrays import TokenArrays, ranges

# Padded lengths are multiples of this, so that few shapes are compiled.
MULTIPLE = 8


class FeatureReader:
    """Reads every chosen hidden state under every chosen pooling, all in one pass of the encoder.

    Args:
        encoder: read in inference mode; its blocks above the highest hidden state chosen are not computed.
        layers: hidden states, counted from the embeddings, negative from the end; `"all"` for each of them.
        poolings: `"mean"`, `"cls"`, `"last"`, `"max"` or trained pooling layers, at least one, distinct.
        window_pooling: what reads the vectors of a text's windows: `"mean"`, `"max"` or a trained pooling layer.
        cache: where vectors are kept; None: nowhere.

    Raises:
        ConfigError: when a layer is outside the encoder or a pooling is unknown, given twice or untrained.
    """

    def __init__(
        self,
        encoder: Encoder,
        layers: Any,
        poolings: str | Pooling | Sequence[str | Pooling],
        *,
        window_pooling: str | Pooling = "mean",
        cache: PredictionCache | None = None,
    ) -> None:
        total = encoder.config.num_hidden_layers
        self.layers = tuple(range(total + 1)) if layers == "all" else resolve_layers(layers, total)
        chosen = check_poolings(poolings)
        self.poolings = tuple(chosen)
        self.hidden_size = encoder.config.hidden_size
        #: The (layer, pooling) pairs in the order of the results.
        self.cells = tuple((layer, name) for layer in self.layers for name in self.poolings)
        self.window_pooling = check_window_pooling(window_pooling, self.hidden_size)
        self._model = _pooled_model(encoder, self.layers, list(chosen.values()))
        self._run = runner_of(self._model).one_of_many
        self.cache = cache
        self._state = None if cache is None else self._described(encoder, list(chosen.values()))

    def vectors(
        self,
        tokens: TokenArrays | WindowArrays,
        *,
        batch_size: int,
        pad_id: int,
        advance: Callable[[int], object] = lambda count: None,
    ) -> np.ndarray:
        """Return the vectors of texts in their order, float32 (n, cells, hidden): what the cache knows, and what is read.

        `advance` is told the number of texts as they are done.
        """
        told = 0

        def compute(part: TokenArrays | WindowArrays) -> np.ndarray:
            nonlocal told
            block = np.empty((len(part), len(self.cells), self.hidden_size), np.float32)
            for rows, vectors in self.read(part, batch_size=batch_size, pad_id=pad_id):
                block[rows] = vectors
                told += len(rows)
                advance(len(rows))
            return block.reshape(len(part), -1)

        if self.cache is None or self._state is None:
            found = compute(tokens)
        else:
            width = len(self.cells) * self.hidden_size
            found = self.cache.rows(self._state, "vectors", tokens, compute, width=width)
            advance(len(tokens) - told)
        return found.reshape(len(tokens), len(self.cells), self.hidden_size)

    def read(
        self, tokens: TokenArrays | WindowArrays, *, batch_size: int, pad_id: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read texts, short ones first: yields the rows of a batch, (b,), and their vectors, float32 (b, cells, hidden)."""
        if isinstance(tokens, WindowArrays):
            yield from self._read_windows(tokens, batch_size=batch_size, pad_id=pad_id)
            return
        order = np.argsort(tokens.lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            vectors = self._run(padded(tokens.take(rows), pad_id))
            yield rows, np.asarray(vectors, dtype=np.float32)

    def _described(self, encoder: Encoder, poolings: Sequence[Pooling]) -> ModelState:
        """Return what the vectors follow from."""
        model, window_pooling = self._model, self.window_pooling
        facts = {
            "encoder": encoder.config.to_dict(),
            "layers": self.layers,
            "poolings": [describe_pooling(one) for one in poolings],
            "window_pooling": describe_pooling(window_pooling),
        }
        return ModelState(model, lambda: [*weights_by_path(model).values(), *window_pooling.weights], facts)

    def _read_windows(
        self, texts: WindowArrays, *, batch_size: int, pad_id: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows in group_rows(texts, np.argsort(texts.lengths, kind="stable"), batch_size):
            batch = texts.take(rows)
            vectors = np.asarray(self._run(padded(batch.windows, pad_id)), dtype=np.float32)
            yield rows, self._by_text(vectors, window_rows(batch.counts))

    def _by_text(self, vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Pool vectors of windows (w, cells, hidden) to those of texts (b, cells, hidden)."""
        by_cell = np.moveaxis(vectors[np.maximum(places - 1, 0)], 2, 1)  # (b, cells, most windows, hidden)
        flat = by_cell.reshape(-1, *by_cell.shape[2:])
        mask = np.repeat((places > 0).astype(np.int32), by_cell.shape[1], axis=0)
        return np.asarray(self.window_pooling(flat, mask)).reshape(*by_cell.shape[:2], -1)


def check_window_pooling(pooling: str | Pooling, hidden_size: int) -> Pooling:
    """Return the layer that pools windows; refuse untrained weights, and those of another width."""
    layer = window_pooling_from(pooling)
    if layer.weights and layer.weights[0].shape[0] != hidden_size:
        raise ConfigError(
            f"`window_pooling` must read vectors of width {hidden_size}; got a layer for {layer.weights[0].shape[0]}. Pass "
            f"'mean' or 'max'."
        )
    if pooling == "attention" or (isinstance(layer, AttentionPooling) and not layer.built):
        raise ConfigError(
            "`window_pooling` must be 'mean', 'max' or a trained layer such as `model.windows.pooling`; got 'attention'."
        )
    return layer


def check_poolings(poolings: str | Pooling | Sequence[str | Pooling]) -> dict[str, Pooling]:
    """Return the pooling layers by name, if a frozen encoder can be read with them.

    Raises:
        ConfigError: when one is unknown, given twice, or has weights that nobody trained.
        TypeError: when it is no name, no layer and no list of these.
    """
    given = [poolings] if isinstance(poolings, (str, Pooling)) else poolings
    if not isinstance(given, Sequence) or not given:
        raise TypeError(f"`poolings` must be a pooling or a list of them; got {shorten(poolings)}.")
    chosen: dict[str, Pooling] = {}
    for one in given:
        name = one if isinstance(one, str) else _name_of(one)
        if name in chosen:
            raise ConfigError(f"`poolings` must be distinct; got {name!r} twice.")
        chosen[name] = _frozen(name) if isinstance(one, str) else one
    return chosen


def padded(tokens: TokenArrays, pad_id: int) -> dict[str, np.ndarray]:
    """Pad the three inputs of an encoder, int32 (n, length), to a multiple of 8 or `max_length`."""
    lengths = tokens.lengths
    longest = int(lengths.max())
    length = max(longest, min(-(-longest // MULTIPLE) * MULTIPLE, tokens.max_length or longest))
    ids = np.full((len(tokens), length), pad_id, dtype=np.int32)
    types, mask = np.zeros_like(ids), np.zeros_like(ids)
    places = np.repeat(np.arange(len(tokens)), lengths), ranges(np.zeros(len(tokens), dtype=np.int64), lengths)
    ids[places], types[places], mask[places] = tokens.input_ids, tokens.token_type_ids, 1
    return {INPUT_IDS: ids, ATTENTION_MASK: mask, TOKEN_TYPE_IDS: types}


def _name_of(pooling: Any) -> str:
    if not isinstance(pooling, Pooling):
        raise TypeError(f"`poolings` must be names or kerasbert pooling layers; got {shorten(pooling)}.")
    name = own_name(pooling)
    if name is None:
        raise ConfigError(
            f"`poolings` must be names, or trained layers of this package; got {type(pooling).__name__}. What a classifier "
            f"with a pooling of your own reads is `model.states(inputs).vectors`."
        )
    return name


def _frozen(name: str) -> Pooling:
    check_choice("poolings", name, POOLINGS)
    if name not in FROZEN_POOLINGS:
        raise ConfigError(
            f"`poolings` must be among {', '.join(map(repr, FROZEN_POOLINGS))}, which have no weights, or a trained "
            f"pooling layer such as `model.features.pooling`; got {name!r}."
        )
    return POOLINGS[name](name=f"pooling_{name}")


def _pooled_model(encoder: Encoder, layers: tuple[int, ...], poolings: list[Pooling]) -> keras.Model:
    inputs = {key: keras.Input((None,), dtype="int32", name=key) for key in INPUT_NAMES}
    mask = inputs[ATTENTION_MASK]
    output = encoder(
        inputs[INPUT_IDS],
        mask,
        inputs[TOKEN_TYPE_IDS],
        output_hidden_states=True,
        output_attentions=False,
        training=False,
    )
    pooled = [pooling(output.hidden_states[layer], mask) for layer in layers for pooling in poolings]
    return keras.Model(inputs, ops.stack([ops.cast(one, "float32") for one in pooled], axis=1))
