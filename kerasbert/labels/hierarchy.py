"""Classes and the subclasses inside them: the tree of names, and which cells say nothing of a level.

A level is a row of the tree: `class`, below it `subclass`, then `level_3` and so on. A cell below the classes may be
unknown (None, blank, NaN or -1); such a row says nothing about that level.
"""

import dataclasses
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ConfigError
from kerasbert.labels.names import check_label_names, is_missing
from kerasbert.labels.values import is_blank, plain_value

CLASS = "class"
SUBCLASS = "subclass"
UNKNOWN = -1
MAX_DEPTH = 8


@dataclasses.dataclass(frozen=True)
class Hierarchy:
    """A tree of label names, level by level; made by `parse_tree`.

    Args:
        names: for each level its label names; children stand in the order of their parents.
        parents: for each level but the first the place of every label's parent in the level above.

    Example:
        >>> tree = parse_tree({"billing": ["refund", "invoice"], "shipping": ["late"]})
        >>> tree.levels, tree.names[1], tree.parents[0]
        (('class', 'subclass'), ('refund', 'invoice', 'late'), (0, 0, 1))
    """

    names: tuple[tuple[str, ...], ...]
    parents: tuple[tuple[int, ...], ...]

    __repr__ = brief_repr

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels, from the classes down."""
        return level_names(len(self.names))

    def to_tree(self) -> dict[str, Any]:
        """The nested dict that `parse_tree` reads."""
        return dict(self._below(0, range(len(self.names[0]))))

    def _below(self, depth: int, places: Sequence[int]) -> Any:
        names = self.names[depth]
        if depth + 1 == len(self.names):
            return [names[place] for place in places]
        children = self.parents[depth]
        return {names[p]: self._below(depth + 1, [c for c, own in enumerate(children) if own == p]) for p in places}


def level_names(depth: int) -> tuple[str, ...]:
    """Names of the first `depth` levels: `class`, `subclass`, `level_3`, ..."""
    return (CLASS, SUBCLASS, *[f"level_{number}" for number in range(3, depth + 1)])[:depth]


def parse_tree(subclasses: Mapping[str, Any]) -> Hierarchy:
    """Read class -> subclasses, or a deeper nesting of dicts that ends in lists.

    Args:
        subclasses: class name -> list of subclass names, or -> a dict of the same kind; all branches equally deep.

    Returns:
        The tree.

    Raises:
        ConfigError: when a class has no subclass, a name stands under two parents, the branches differ in depth or
            there are more than 8 levels.
        TypeError: when it is no dict of lists.

    Example:
        >>> parse_tree({"a": {"b": ["c"]}}).to_tree()
        {'a': {'b': ['c']}}
    """
    names: list[list[str]] = []
    parents: list[list[int]] = []
    branches: list[tuple[int, Any]] = [(-1, subclasses)]
    while branches:
        if len(names) == MAX_DEPTH:
            raise ConfigError(f"`subclasses` must have at most {MAX_DEPTH} levels; got more. Does a dict hold itself?")
        names.append([])
        parents.append([])
        branches = _next_level(branches, names, parents)
    for depth in range(1, len(names)):
        _check_level(names[depth], parents[depth], names[depth - 1])
    checked = tuple(check_label_names(level) for level in names)
    return Hierarchy(checked, tuple(map(tuple, parents[1:])))


def _next_level(
    branches: list[tuple[int, Any]], names: list[list[str]], parents: list[list[int]]
) -> list[tuple[int, Any]]:
    below = []
    is_leaf = _is_leaf_level(branches, names[-2] if len(names) > 1 else [])
    for parent, branch in branches:
        where = f"`subclasses` of {names[-2][parent]!r}" if parent >= 0 else "`subclasses`"
        if not branch:
            raise ConfigError(
                f"{where} must hold at least one name; got none. A class without subclasses takes its own name as the "
                f"only one: {{'other': ['other']}}."
            )
        for name in branch:
            names[-1].append(name)
            parents[-1].append(parent)
            if not is_leaf:
                below.append((len(names[-1]) - 1, branch[name]))
    return below


def _is_leaf_level(branches: list[tuple[int, Any]], above: list[str]) -> bool:
    kinds = {}
    for parent, branch in branches:
        where = f"`subclasses` of {above[parent]!r}" if parent >= 0 else "`subclasses`"
        if isinstance(branch, (str, bytes)) or not isinstance(branch, (Mapping, Sequence)):
            raise TypeError(f"{where} must be a list of names or a dict of them; got {shorten(branch)}.")
        if parent < 0 and not isinstance(branch, Mapping):
            raise TypeError(f"`subclasses` must be a dict of class -> list of subclasses; got {shorten(branch)}.")
        kinds[isinstance(branch, Mapping)] = where
    if len(kinds) > 1:
        raise ConfigError(f"`subclasses` must be equally deep everywhere; {kinds[True]} go deeper than {kinds[False]}.")
    return False in kinds


def is_unknown(cell: Any) -> bool:
    """Whether a cell says that its label is not known: None, blank, NaN, -1, or a list of none or one of these."""
    cell = plain_value(cell)
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        return len(cell) == 0 or (len(cell) == 1 and is_unknown(next(iter(cell))))
    if isinstance(cell, str):
        return is_blank(cell) or cell.strip() == "-1"
    return is_missing(cell) or (isinstance(cell, numbers.Real) and bool(cell == UNKNOWN))


def _check_level(level: Sequence[str], parents: Sequence[int], above: Sequence[str]) -> None:
    owner: dict[str, int] = {}
    for name, parent in zip(level, parents, strict=True):
        if name in owner:
            first, second = above[owner[name]], above[parent]
            raise ConfigError(
                f"`subclasses`: {shorten(name)} stands under {first!r} and under {second!r}; a subclass belongs to one "
                f"class and stands there once. Rename one, such as {f'{second}: {name}'!r}."
            )
        owner[name] = parent
