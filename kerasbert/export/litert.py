"""A TFLite file in LiteRT, the runtime of phones."""

import copy
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES
from kerasbert.export.comparison import Ask
from kerasbert.export.tflite_graph import SIGNATURE, TFLITE_INPUTS
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer

TFLITE_FILE = "model.tflite"
# More tokens than any text has.
WHOLE = 2**31 - 1


def check_litert() -> None:
    """Raise a ConfigError with the way out where LiteRT is missing."""
    try:
        import ai_edge_litert.interpreter  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "A TFLite export is proven with LiteRT, which is not installed; run pip install 'kerasbert[tflite]'."
        ) from error


class LiteRT:
    """A TFLite model, loaded to answer on one thread."""

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
        """Run texts one at a time, as a phone does.

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
    """Tokenize texts as inputs of a TFLite model.

    Args:
        length: of the inputs, at least the tokenizer's `max_length`; None for as long as each text is.

    Returns:
        For each text its arrays in the order of `TFLITE_INPUTS`, int32 (length,).
    """
    encoded = tokens.encode(texts)
    # Text by text: padded to a very long one, all of them would fill the memory.
    padded = (encoded.take([row]).padded(tokens.pad_id, length or 0) for row in range(len(encoded)))
    return [tuple(arrays[name][0] for name in INPUT_NAMES) for arrays in padded]


def uncut(tokens: Tokenizer) -> Tokenizer:
    """Return a copy of a tokenizer that cuts no text."""
    whole = copy.copy(tokens)
    whole.max_length, whole.long_texts = WHOLE, LongTexts()
    return whole


def ask_tflite(folder: Path, tokens: Tokenizer, length: int | None) -> Ask:
    """Load the file of an exported folder; `tokens` and `length` are as for `token_rows`."""
    runtime = LiteRT(folder / TFLITE_FILE)
    return lambda texts: runtime.answers(token_rows(tokens, texts, length))[0]
