"""Which checkpoint tensors make up which variable of an encoder, from its config alone: nothing is allocated yet."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from kerasbert.encoders.config import BertConfig

BERT_BLOCK = {
    "attention": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention_output": "attention.output.dense",
    "attention_layer_norm": "attention.output.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "output_layer_norm": "output.LayerNorm",
    "stem": "encoder.layer",
}
DISTILBERT_BLOCK = {
    "attention": ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
    "attention_output": "attention.out_lin",
    "attention_layer_norm": "sa_layer_norm",
    "intermediate": "ffn.lin1",
    "output": "ffn.lin2",
    "output_layer_norm": "output_layer_norm",
    "stem": "transformer.layer",
}


class Weight(NamedTuple):
    """One variable of an encoder and the checkpoint tensors it is made of.

    Args:
        path: the variable's path below the encoder, such as `layer_0/attention/query_key_value/kernel`.
        names: tensor names without the family's prefix; more than one are joined along the last axis of the variable.
        shape: the shape of each tensor in the checkpoint (PyTorch's orientation).
        transposed: whether the tensor is (out, in) where the variable is (in, out).
    """

    path: str
    names: tuple[str, ...]
    shape: tuple[int, ...]
    transposed: bool = False

    def join(self, tensors: list[np.ndarray]) -> np.ndarray:
        """Return the variable's value from its tensors, in the order of `names`."""
        return np.concatenate([tensor.T if self.transposed else tensor for tensor in tensors], axis=-1)

    def split(self, value: np.ndarray) -> dict[str, np.ndarray]:
        """Return the tensors, by name, of a variable's value."""
        parts = np.split(value, len(self.names), axis=-1)
        return {
            name: np.ascontiguousarray(part.T if self.transposed else part)
            for name, part in zip(self.names, parts, strict=True)
        }


def weight_table(config: BertConfig, pooler: bool) -> list[Weight]:
    """Return every weight of an encoder, in the order of its forward pass."""
    table = list(_embeddings(config))
    for index in range(config.num_hidden_layers):
        table += _block(config, index)
    if pooler:
        table += _dense("pooler", "pooler.dense", config.hidden_size, config.hidden_size)
    return table


def _embeddings(config: BertConfig) -> Iterator[Weight]:
    width = config.embedding_width
    rows = {
        "word_embeddings": config.vocab_size,
        "position_embeddings": config.max_position_embeddings,
        "token_type_embeddings": config.type_vocab_size,
    }
    for name, count in rows.items():
        if count:
            yield Weight(f"embeddings/{name}/embeddings", (f"embeddings.{name}.weight",), (count, width))
    yield from _layer_norm("embeddings/layer_norm", "embeddings.LayerNorm", width)
    if width != config.hidden_size:
        yield from _dense("embeddings/embeddings_project", "embeddings_project", width, config.hidden_size)


def _block(config: BertConfig, index: int) -> Iterator[Weight]:
    names: dict[str, Any] = DISTILBERT_BLOCK if config.model_type == "distilbert" else BERT_BLOCK
    ours, theirs = f"layer_{index}", f"{names['stem']}.{index}"
    hidden, wide = config.hidden_size, config.intermediate_size
    fused = tuple(f"{theirs}.{name}" for name in names["attention"])
    path = f"{ours}/attention/query_key_value"
    yield Weight(f"{path}/kernel", tuple(f"{name}.weight" for name in fused), (hidden, hidden), True)
    yield Weight(f"{path}/bias", tuple(f"{name}.bias" for name in fused), (hidden,))

    def part(name: str) -> tuple[str, str]:
        return f"{ours}/{name}", f"{theirs}.{names[name]}"

    yield from _dense(*part("attention_output"), hidden, hidden)
    yield from _layer_norm(*part("attention_layer_norm"), hidden)
    yield from _dense(*part("intermediate"), hidden, wide)
    yield from _dense(*part("output"), wide, hidden)
    yield from _layer_norm(*part("output_layer_norm"), hidden)


def _dense(path: str, name: str, inputs: int, outputs: int) -> Iterator[Weight]:
    yield Weight(f"{path}/kernel", (f"{name}.weight",), (outputs, inputs), True)
    yield Weight(f"{path}/bias", (f"{name}.bias",), (outputs,))


def _layer_norm(path: str, name: str, width: int) -> Iterator[Weight]:
    yield Weight(f"{path}/gamma", (f"{name}.weight",), (width,))
    yield Weight(f"{path}/beta", (f"{name}.bias",), (width,))
