"""The labels of a hierarchy, read row by row: the names of each level, and which class each subclass belongs to.

Rows in memory and rows of a stream go through here alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.labels.hierarchy import Hierarchy, is_unknown, level_names, parse_tree
from kerasbert.labels.rules import LEVEL
from kerasbert.labels.vocabulary import LabelVocabulary

HIERARCHICAL = LEVEL.task


class LevelVocabulary(LabelVocabulary):
    """The labels of one level, of which a row may have none; names that are given are the only ones."""

    def __init__(self, column: str, *, names: Sequence[str] | None = None) -> None:
        super().__init__(LEVEL, [column], names=names)
        self._settled: tuple[str, ...] | None = None

    def numbers(self, cells: Mapping[str, Any], place: Any, source: str = "") -> list[int]:
        """See `LabelVocabulary.numbers`; none where the label is unknown."""
        return [] if is_unknown(cells.get(self.columns[0])) else super().numbers(cells, place, source)

    def settle(self, names: Sequence[str]) -> None:
        """Take the names of the finished tree, which may be more than those that occurred."""
        self._settled = tuple(names)

    @property
    def names(self) -> tuple[str, ...]:
        """All names in the order of the tree, once it is finished."""
        return self._settled or super().names

    @property
    def counts(self) -> np.ndarray:
        """How many rows have each of `names`, int64 (C,)."""
        counts = np.zeros(len(self.names), dtype=np.int64)
        counts[self.order] = self._counts
        return counts

    def check(self, where: str | None = None) -> None:
        """Nothing: the tree is checked as a whole."""


class LevelTree:
    """The levels of a hierarchy and what belongs to what; a text has one class and one subclass.

    Args:
        columns: column of each level, from the classes down.
        subclasses: class -> its subclasses, see `build_hierarchical`, where they are known; None collects them.
    """

    def __init__(self, columns: Sequence[str], subclasses: Mapping[str, Any] | None = None) -> None:
        self.given = None if subclasses is None else parse_tree(subclasses)
        depth = 2 if self.given is None else len(self.given.names)
        if len(columns) != depth or depth < 2:
            raise ConfigError(
                f"`labels` must name a column for each of {', '.join(level_names(max(depth, 2)))} (give `subclasses` for more "
                f"levels); got {', '.join(columns)}."
            )
        names: Sequence[Sequence[str] | None] = [None] * depth if self.given is None else self.given.names
        self.levels = {
            level: LevelVocabulary(column, names=own)
            for level, column, own in zip(level_names(depth), columns, names, strict=True)
        }
        # Of each level below the classes: number -> number of its parent.
        self._parents: list[dict[int, int]] = [{} for _ in range(depth - 1)]
        if self.given is not None:
            self._parents = [dict(enumerate(parents)) for parents in self.given.parents]

    def numbers(self, cells: Mapping[str, Any], place: Any) -> dict[str, list[int]]:
        """The label numbers of a row, see `settle`."""
        found = {
            name: [] if is_unknown(cells[name]) else level.numbers_of(cells[name], place)
            for name, level in self.levels.items()
        }
        return self.settle(found, place)

    def settle(self, numbers: Mapping[str, list[int]], place: Any) -> dict[str, list[int]]:
        """The label numbers of a row, with a class that follows from its subclass filled in."""
        settled, levels = dict(numbers), list(self.levels)
        for depth in range(len(levels) - 1, 0, -1):
            above, below = levels[depth - 1], levels[depth]
            if settled[below]:
                [child], parents = settled[below], self._parents[depth - 1]
                if child not in parents and settled[above]:
                    parents[child] = settled[above][0]
                if child in parents:
                    settled[above] = settled[above] or [parents[child]]
                    self._check_parent(depth, child, settled[above][0], place)
        if not settled[levels[0]]:
            raise DataError(f"{place}: the class is missing; fill it or leave the row out.")
        return settled

    def finish(self) -> Hierarchy:
        """The tree, when all rows were seen; from here on the levels have its names."""
        tree = self.given or parse_tree(self._collected())
        for level, names in zip(self.levels.values(), tree.names, strict=True):
            level.settle(names)
        return tree

    def _collected(self) -> dict[str, list[str]]:
        classes, subclasses = self.levels.values()
        if len(classes.names) < 2:
            raise DataError(
                f"the column {classes.columns[0]!r} must hold at least two different classes; got {list(classes.names)}."
            )
        for level in self.levels.values():
            level.check_names(f"the column {level.columns[0]!r}")
        return tree_of(classes, subclasses, self._parents[0])

    def _check_parent(self, depth: int, child: int, own: int, place: Any) -> None:
        parent = self._parents[depth - 1][child]
        if own != parent:
            above, below = list(self.levels.values())[depth - 1 : depth + 1]
            first, second = above.name_of(parent), above.name_of(own)
            if self.given is not None:
                raise DataError(
                    f"{place}: {below.name_of(child)!r} is a {level_names(depth + 1)[-1]} of {first!r}, not of {second!r}."
                )
            raise DataError(
                f"{place}: {below.name_of(child)!r} stands under {first!r} and under {second!r}; a subclass belongs to one "
                f"class. Rename one, such as {f'{second}: {below.name_of(child)}'!r}."
            )


def tree_of(classes: LabelVocabulary, subclasses: LabelVocabulary, parents: Mapping[int, int]) -> dict[str, list[str]]:
    """The tree of two levels whose labels were collected; a class without a subclass is its own.

    Args:
        parents: number of a subclass -> number of its class.
    """
    tree: dict[str, list[str]] = {name: [] for name in classes.names}
    numbers = {subclasses.name_of(child): child for child in parents}
    for name in subclasses.names:
        if name in numbers:
            tree[classes.name_of(parents[numbers[name]])].append(name)
    return {name: children or [name] for name, children in tree.items()}
