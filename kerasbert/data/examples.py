"""Labelled texts in memory, whatever they were read from."""

import dataclasses
from collections.abc import Sequence
from typing import Self


@dataclasses.dataclass(frozen=True)
class Examples:
    """Texts with their raw label cells, in the order of their source.

    Args:
        texts: n texts.
        text_pairs: n second texts, or None.
        labels: column name -> n raw cells (str, int, float, bool or list); empty without labels.
        source: where they came from, for messages.
        first_row: the row or line of the source that holds the first one, for messages.

    Example:
        >>> examples = Examples(["a", "b"], None, {"label": ["x", "y"]})
        >>> len(examples), examples.take([1]).labels
        (2, {'label': ['y']})
    """

    texts: list[str]
    text_pairs: list[str] | None = None
    labels: dict[str, list] = dataclasses.field(default_factory=dict)
    source: str = "the given texts"
    first_row: int = 1

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> Self:
        """The examples at some indices, in that order."""
        return dataclasses.replace(
            self,
            texts=[self.texts[index] for index in indices],
            text_pairs=None if self.text_pairs is None else [self.text_pairs[index] for index in indices],
            labels={name: [cells[index] for index in indices] for name, cells in self.labels.items()},
        )
