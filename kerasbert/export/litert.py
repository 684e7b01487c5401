"""A TFLite file in LiteRT, the runtime of phones: what it answers, and how fast."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, INPUT_NAMES
from kerasbert.export.tflite_graph import SIGNATURE, TFLITE_INPUTS
from kerasbert.tokenization.tokenizer import Tokenizer

# Texts that are tokenised at once.
CHUNK = 1024


def check_litert() -> None:
    """Say at once that LiteRT is missing.

    Raises:
        ConfigError: naming the way out.
    """
    try:
        import ai_edge_litert.interpreter  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "A TFLite export is proven with LiteRT, which is not installed; run pip install 'kerasbert[tflite]'."
        ) from error


class LiteRT:
    """A TFLite model, loaded to answer on one thread.

    Args:
        file: the model.
    """

    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        start = time.perf_counter()
        interpreter = Interpreter(model_path=str(file), num_threads=1)
        interpreter.allocate_tensors()
        self.load_seconds = time.perf_counter() - start
        self._run = interpreter.get_signature_runner(SIGNATURE)
        # The runner does not keep it.
        self._interpreter = interpreter

    def answers(self, rows: Sequence[tuple[np.ndarray, ...]]) -> tuple[dict[str, np.ndarray], list[float]]:
        """Scores of texts, one at a time as a phone does.

        Args:
            rows: n texts, see `token_rows`.

        Returns:
            Output name -> float32 (n, C), and the seconds of each text.
        """
        results: list[dict[str, np.ndarray]] = []
        seconds = []
        for row in rows:
            inputs = {name: array[np.newaxis] for name, array in zip(TFLITE_INPUTS, row, strict=True)}
            start = time.perf_counter()
            results.append(self._run(**inputs))
            seconds.append(time.perf_counter() - start)
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}, seconds


def token_rows(tokens: Tokenizer, texts: Sequence[str], length: int | None) -> list[tuple[np.ndarray, ...]]:
    """Texts as inputs of a TFLite model.

    Args:
        tokens: the tokenizer, whose `max_length` is at most `length`.
        texts: n texts.
        length: of the inputs; None for as long as each text is.

    Returns:
        For each text its arrays in the order of `TFLITE_INPUTS`, int32 (length,).
    """
    if length is None:
        return _whole_rows(tokens, texts)
    rows: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(texts), CHUNK):
        batch = tokens(texts[start : start + CHUNK])
        width = batch[ATTENTION_MASK].shape[1]
        missing = max(length - width, 0)
        fill: dict[str, Any] = {"input_ids": tokens.pad_id}
        arrays = [
            np.pad(batch[name], ((0, 0), (0, missing)), constant_values=fill.get(name, 0)) for name in INPUT_NAMES
        ]
        rows += [tuple(array[row, :length] for array in arrays) for row in range(len(arrays[0]))]
    return rows


def _whole_rows(tokens: Tokenizer, texts: Sequence[str]) -> list[tuple[np.ndarray, ...]]:
    # Text by text: padded to a very long one, all of them would fill the memory.
    encoded = tokens.encode(texts)
    bounds = zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True)
    return [
        (
            encoded.input_ids[start:stop].astype(np.int32),
            np.ones(stop - start, np.int32),
            encoded.token_type_ids[start:stop].astype(np.int32),
        )
        for start, stop in bounds
    ]
