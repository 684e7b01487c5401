"""An exported ONNX folder in ONNX Runtime."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES, SINGLE_HEAD
from kerasbert.tasks.table import TASKS
from kerasbert.tokenization.tokenizer import Tokenizer

if TYPE_CHECKING:
    from kerasbert.export.comparison import Ask

LOGITS, PROBABILITIES = "logits", "probabilities"
# An output beside those of the heads, whose names end in what they give.
VECTORS = "vectors"
#: What an export gives.
SCORES = (LOGITS, PROBABILITIES)
#: Quantisation -> file inside `onnx/`, named as transformers.js and Optimum do.
FILES = {"none": "model.onnx", "float16": "model_fp16.onnx", "int8": "model_quantized.onnx"}
FOLDER = "onnx"


def output_name(head: str, scores: str) -> str:
    """Name an output of an ONNX model: `logits` or `probabilities` for a single head, `HEAD_logits` else."""
    return scores if head == SINGLE_HEAD else f"{head}_{scores}"


def model_file(folder: Path, quantize: str) -> Path:
    """Return where the model of an exported folder lies."""
    return folder / FOLDER / FILES[quantize]


def open_session(file: Path, threads: int | None = None) -> Any:
    """Load a model into ONNX Runtime, on the CPU.

    Args:
        threads: that compute; None: as many as the processor has cores.

    Raises:
        ConfigError: when ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError("An ONNX export runs in ONNX Runtime: pip install 'kerasbert[onnx]'.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def ask_onnx(folder: Path, tokens: Tokenizer, description: Mapping[str, Any], session: Any = None) -> "Ask":
    """Load the model of an exported folder, to ask for the probabilities of all labels of its heads.

    Args:
        tokens: the folder's tokenizer.
        description: of the folder.
        session: of the model, where it is loaded already.
    """
    session = session or open_session(model_file(folder, description["quantize"]))
    wanted = [one.name for one in session.get_inputs() if one.name in INPUT_NAMES]
    scores, heads = description["gives"], description["heads"]
    readers = {name: _reader(head["task"], scores) for name, head in heads.items()}
    outputs = [output_name(head, scores) for head in heads]

    def ask(texts: Sequence[str]) -> dict[str, np.ndarray]:
        encoded = tokens(list(texts))
        values = session.run(outputs, {name: encoded[name].astype(np.int64) for name in wanted})
        return {head: readers[head](value) for head, value in zip(heads, values, strict=True)}

    return ask


def _reader(task: str, scores: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes probabilities of an output."""
    if scores == PROBABILITIES:
        return lambda values: values
    return softmax if TASKS[task].exclusive else sigmoid


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, C) of exclusive labels."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, C) of independent labels."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
