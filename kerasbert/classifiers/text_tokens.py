"""`TextTokens`, the layer by which a Keras model reads texts; the tokenizer lies in its config."""

from typing import Any, Self, final

import keras

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import INPUT_NAMES, PACKAGE
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer

TENSORFLOW = "tensorflow"


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TextTokens(keras.layers.Layer):
    """Texts in, token inputs out: the first layer of a Keras model that is given raw strings.

    The ids are those of the tokenizer, computed by TensorFlow ops, so that `fit`, `predict`, `save` and `export` of the model
    take texts. For the TensorFlow backend alone. The tokenizer's vocabulary and rules are part of the layer's config.

    Args:
        tokenizer: a `Tokenizer`; its `max_length` is where texts are cut.
        **kwargs: `keras.layers.Layer`'s own (`name`).

    Call arguments:
        texts: string (batch,) or (batch, 1), UTF-8.

    Output shape:
        A dict of int32 (batch, length), as long as the longest text of the batch: `input_ids`, `attention_mask` and
        `token_type_ids`.

    Raises:
        ConfigError: when the backend is another one, or the tokenizer cannot run as TensorFlow ops, see
            `Tokenizer.to_graph`.
        TypeError: when `tokenizer` is none.

    Example:
        >>> layer = TextTokens(Tokenizer.from_pretrained("all-MiniLM-L6-v2"))
        >>> layer(["hello world", ""])["input_ids"].numpy().tolist()
        [[101, 7592, 2088, 102], [101, 102, 0, 0]]
    """

    def __init__(self, tokenizer: Tokenizer, **kwargs: Any) -> None:
        check_backend("TextTokens")
        if not isinstance(tokenizer, Tokenizer):
            raise TypeError(
                f"`tokenizer` must be a kerasbert.data.Tokenizer; got {shorten(tokenizer)}. Load one with "
                f"Tokenizer.from_pretrained(name_or_folder)."
            )
        super().__init__(**kwargs)
        self.tokenizer = tokenizer
        self.graph = tokenizer.to_graph()
        # Strings and lookups are not compiled by XLA.
        self.supports_jit = False

    def __call__(self, texts: Any, *args: Any, **kwargs: Any) -> Any:
        """Call on texts in any form: a list, an array, a tensor."""
        return super().__call__(as_strings(texts), *args, **kwargs)

    def call(self, texts: Any) -> dict[str, Any]:
        return dict(self.graph(texts if len(texts.shape) == 1 else keras.ops.reshape(texts, (-1,))))

    def compute_output_spec(self, texts: Any) -> dict[str, Any]:
        """Return the symbolic outputs."""
        return {name: keras.KerasTensor((texts.shape[0], None), dtype="int32", name=name) for name in INPUT_NAMES}

    def get_config(self) -> dict[str, Any]:
        """Return the layer's config, which holds the tokenizer."""
        return {**super().get_config(), "tokenizer": describe_tokenizer(self.tokenizer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild the layer from `get_config()`."""
        return cls(**{**config, "tokenizer": tokenizer_from(config["tokenizer"])})


def check_backend(what: str) -> None:
    """Refuse what TensorFlow alone can do."""
    backend = keras.backend.backend()
    if backend != TENSORFLOW:
        raise ConfigError(
            f"`{what}` needs Keras's TensorFlow backend, whose tensors alone can be strings; the backend is {backend!r}. "
            f"Tokenise before the model, with Tokenizer and make_batches, or set KERAS_BACKEND=tensorflow."
        )


def is_text(value: Any) -> bool:
    """Whether inputs are texts: one, a column of them, an array or a tensor of strings."""
    if isinstance(value, (str, bytes)):
        return True
    dtype = getattr(value, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if kind == "O" or isinstance(value, (list, tuple)):
        return isinstance(next(iter(value), None), (str, bytes))
    return kind in ("U", "S", "T") or "string" in str(getattr(dtype, "name", dtype)).lower()


def as_strings(texts: Any) -> Any:
    """Return texts as a tensor of strings, (batch,); tensors are returned as they are.

    Raises:
        DataError: when an entry holds half of a surrogate pair.
        TypeError: when there is an entry that is no text.
    """
    if isinstance(texts, keras.KerasTensor) or keras.ops.is_tensor(texts):
        return texts
    import tensorflow as tf

    column: Any = [texts] if isinstance(texts, (str, bytes)) else texts
    if getattr(column, "ndim", 1) == 2 and column.shape[1] == 1:
        column = column[:, 0]
    return tf.constant([_utf8(index, text) for index, text in enumerate(check_texts("texts", column))], tf.string)


def _utf8(index: int, text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"`texts[{index}]` must be a text; got {shorten(text)} of type {type(text).__name__}.")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"`texts[{index}]` holds half of a surrogate pair at character {error.start}; decode the text again."
        ) from error


def describe_tokenizer(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return a tokenizer as plain data."""
    long_texts = tokenizer.long_texts
    return {
        "rules": tokenizer.backend.to_str(),
        "special_tokens": tokenizer.special_tokens,
        "max_length": tokenizer.max_length,
        "split_special_tokens": tokenizer.split_special_tokens,
        "long_texts": long_texts.way,
        "prompt": tokenizer.prompt,
    }


def tokenizer_from(description: Any) -> Tokenizer:
    """Make the tokenizer of `describe_tokenizer`.

    Raises:
        ConfigError: when it is none.
    """
    from tokenizers import Tokenizer as FastTokenizer

    try:
        rules = FastTokenizer.from_str(description["rules"])
        return Tokenizer(
            rules,
            max_length=description["max_length"],
            special_tokens=dict(description["special_tokens"]),
            long_texts=LongTexts(description["long_texts"]),
            split_special_tokens=description["split_special_tokens"],
            prompt=description["prompt"],
        )
    except Exception as error:  # whatever a foreign config runs into
        raise ConfigError(
            f"The config of a TextTokens layer holds no tokenizer ({type(error).__name__}: {shorten(str(error))}); save the "
            f"model again."
        ) from error
