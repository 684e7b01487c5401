"""What a call of an encoder returns: outputs by name and by place, as the output classes of transformers give them."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import keras
from keras.src.tree.tree_api import register_tree_node_class

from kerasbert._core.display import brief_call

FIELDS = ("last_hidden_state", "pooler_output", "hidden_states", "attentions")


class EncoderOutput(dict[str, Any]):
    """What an encoder returns: a dict of the outputs that exist and were asked for.

    Read them by name (`output.last_hidden_state`, `output["last_hidden_state"]`) or by place (`output[0]`, `output[:2]`,
    `output.to_tuple()`), in the order below. An attribute is None where the output does not exist or was not asked for,
    and takes no place then. Like every dict it iterates over its names: unpack `output.to_tuple()`, or call the encoder
    with `return_dict=False`.

    Keras, `tf.function` and JAX take it as a structure of tensors.

    Args:
        outputs: names with outputs, as `dict` takes them.
        last_hidden_state: (batch, length, hidden_size), the output of the last block.
        pooler_output: (batch, hidden_size), tanh of a dense layer on the first token.
        hidden_states: embeddings and the output of every block, each (batch, length, hidden_size).
        attentions: of every block, each (batch, heads, length, length).

    Raises:
        KeyError: when an output is read by a name that the dict does not hold.
        IndexError: when there is none at a place.

    Example:
        >>> output = EncoderOutput(last_hidden_state="h", attentions=("a",))
        >>> output[0], output["attentions"], output.pooler_output, output.to_tuple()
        ('h', ('a',), None, ('h', ('a',)))
    """

    #: The outputs that have a place, in their order.
    placed: tuple[str, ...] = FIELDS
    # Of decoders; an encoder has none.
    past_key_values = None
    cross_attentions = None

    def __init__(
        self,
        outputs: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        last_hidden_state: Any = None,
        pooler_output: Any = None,
        hidden_states: Any = None,
        attentions: Any = None,
    ) -> None:
        values = (last_hidden_state, pooler_output, hidden_states, attentions)
        super().__init__(outputs)
        self.update({name: value for name, value in zip(FIELDS, values, strict=True) if value is not None})

    def __repr__(self) -> str:
        return brief_call(self, dict(self))

    @property
    def last_hidden_state(self) -> Any:
        """The output of the last block."""
        return self.get("last_hidden_state")

    @property
    def pooler_output(self) -> Any:
        """The pooler's output; None without a pooler."""
        return self.get("pooler_output")

    @property
    def hidden_states(self) -> Any:
        """The embeddings and the output of every block; None where they were left out."""
        return self.get("hidden_states")

    @property
    def attentions(self) -> Any:
        """The attention probabilities of every block; None where they were not asked for."""
        return self.get("attentions")

    def to_tuple(self) -> tuple[Any, ...]:
        """The outputs that have a place, in their order."""
        return tuple(self[name] for name in self.placed if name in self)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def tree_flatten(self) -> tuple[list[Any], tuple[str, ...], tuple[str, ...]]:
        """The parts, what is needed beside them to put them together, and their names; for Keras's trees."""
        names = tuple(self)
        return [self[name] for name in names], names, names

    @classmethod
    def tree_unflatten(cls, names: Any, parts: Any) -> Self:
        """The structure of parts, which may be anything, for Keras's trees."""
        return cls(zip(names, parts, strict=True))

    def torchtree_flatten(self) -> tuple[list[Any], tuple[str, ...]]:
        """As `tree_flatten`, for PyTorch's trees."""
        return self.tree_flatten()[:2]

    def torchtree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
        """As `tree_flatten`, for PyTorch's trees."""
        from torch.utils import _pytree

        parts, names = self.torchtree_flatten()
        return [(_pytree.MappingKey(name), part) for name, part in zip(names, parts, strict=True)], names

    @classmethod
    def torchtree_unflatten(cls, parts: Any, names: Any) -> Self:
        """As `tree_unflatten`, for PyTorch's trees."""
        return cls.tree_unflatten(names, parts)


class OutputOfDefaults(EncoderOutput):
    """What a call returns that says nothing about hidden states: they are there by name, and take no place.

    They cost nothing where they are not used; a program written for transformers, which returns them on request alone, finds
    every other output at the place that it knows.
    """

    placed = tuple(name for name in FIELDS if name != "hidden_states")


def _register(structure: type[EncoderOutput]) -> None:
    register_tree_node_class(structure)
    if keras.backend.backend() == "jax":
        import jax

        jax.tree_util.register_pytree_node(
            structure, EncoderOutput.torchtree_flatten, lambda names, parts: structure.tree_unflatten(names, parts)
        )


for _structure in (EncoderOutput, OutputOfDefaults):
    _register(_structure)
