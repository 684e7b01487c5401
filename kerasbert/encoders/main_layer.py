"""Parts of an encoder under the names that transformers gives them: `model.bert`, `model.bert.encoder.layer[0]`."""

from typing import Any

from kerasbert.encoders.block import BertBlock


class BlockList:
    """The blocks of an encoder as `layer`.

    Args:
        layer: the blocks, from the lowest on.

    Example:
        >>> encoder = TFBertModel(BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2))
        >>> encoder.bert.encoder.layer[-1] is encoder.blocks[-1]
        True
    """

    def __init__(self, layer: list[BertBlock]) -> None:
        self.layer = layer


class MainLayer:
    """Stands for the main layer of transformers' class, which here is the model itself: calls and attributes are its own.

    Args:
        model: an encoder.

    Example:
        >>> encoder = TFBertModel(BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2))
        >>> encoder.bert.embeddings is encoder.embeddings
        True
    """

    # No layer: Keras, which walks through the attributes of a model when it loads one, would come back to it for ever.

    _model: Any

    def __init__(self, model: Any) -> None:
        object.__setattr__(self, "_model", model)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._model(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_model"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._model, name, value)
