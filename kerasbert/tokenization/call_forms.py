"""What a call of a tokenizer takes and gives, in the words of transformers: `padding`, `truncation`, `return_tensors`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError

LONGEST, MAX_LENGTH, NONE = "longest", "max_length", "do_not_pad"
PADDINGS: dict[Any, str] = {True: LONGEST, False: NONE, LONGEST: LONGEST, MAX_LENGTH: MAX_LENGTH, NONE: NONE}
TRUNCATIONS: dict[Any, bool] = {True: True, False: False, "longest_first": True, "do_not_truncate": False}


def padding_of(padding: Any) -> str:
    """Return `LONGEST`, `MAX_LENGTH` or `NONE` for what a caller writes."""
    return str(_chosen("padding", padding, PADDINGS))


def truncation_of(truncation: Any) -> bool:
    """Return whether long texts are cut, for what a caller writes."""
    return bool(_chosen("truncation", truncation, TRUNCATIONS))


def check_tensors(return_tensors: Any, padding: str) -> None:
    """Refuse a kind of tensors that there is not, and tensors of rows of unequal length."""
    if return_tensors is None:
        return
    _chosen("return_tensors", return_tensors, {None: None, **CONVERTERS})
    if padding == NONE:
        raise ConfigError(
            f"`padding` must be True or 'max_length' with return_tensors={return_tensors!r}, since rows of unequal length "
            f"make no array; got False. Write return_tensors=None for lists."
        )


def as_tensors(arrays: Mapping[str, np.ndarray], kind: str) -> dict[str, Any]:
    """Convert arrays to the tensors of a library.

    Args:
        arrays: name -> int32 array.
        kind: `"np"`, `"tf"` or `"pt"`.
    """
    return {name: CONVERTERS[kind](array) for name, array in arrays.items()}


def _to_tensorflow(array: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.convert_to_tensor(array)


def _to_torch(array: np.ndarray) -> Any:
    try:
        import torch
    except ImportError as error:
        raise ConfigError("`return_tensors` 'pt' needs PyTorch; run pip install 'kerasbert[torch]'.") from error
    return torch.from_numpy(array.astype(np.int64))


CONVERTERS: dict[str, Callable[[np.ndarray], Any]] = {"np": lambda array: array, "tf": _to_tensorflow, "pt": _to_torch}


def _chosen(name: str, value: Any, accepted: Mapping[Any, Any]) -> Any:
    # 1 is no choice, though it equals True.
    if isinstance(value, (bool, str)) and value in accepted:
        return accepted[value]
    listed = ", ".join(map(repr, accepted))
    words = [word for word in accepted if isinstance(word, str)]
    raise ConfigError(f"`{name}` must be one of {listed}; got {shorten(value)}.{suggestion(value, words)}")
