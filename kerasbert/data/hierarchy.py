"""Classes and the subclasses inside them: the tree, and label cells of each level as arrays.

A level is a row of the tree: `class`, below it `subclass`, then `level_3` and so on. A cell below the classes may be
unknown (None, blank, NaN or -1); such a row says nothing about that level.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.data.labels import check_label_names, collect_label_names, encode_class_ids, encode_multi_hot

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

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels, from the classes down."""
        return level_names(len(self.names))

    def to_tree(self) -> dict[str, Any]:
        """The nested dict that `parse_tree` reads."""
        return dict(self._below(0, range(len(self.names[0]))))  # type: ignore[arg-type]

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


def _next_level(branches: list[tuple[int, Any]], names: list[list[str]], parents: list[list[int]]) -> list:
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


def collect_subclasses(
    labels: Sequence[Any], sublabels: Sequence[Any], *, multilabel: bool = False
) -> dict[str, list[str]]:
    """The classes of some data and the subclasses that occur inside each, sorted.

    A class none of whose rows has a sub-label gets its own name as the only subclass.

    Args:
        labels: n class cells; for a multi-label task lists of names.
        sublabels: n subclass cells, unknown where None, blank, NaN or -1.
        multilabel: whether a text may have several classes; a subclass then belongs to the one class that all of its
            texts share.

    Returns:
        Class -> subclasses, as `build_hierarchical` takes them.

    Raises:
        DataError: when a subclass occurs under two classes, or its class cannot be told.

    Example:
        >>> collect_subclasses(["billing", "billing", "other"], ["refund", "invoice", None])
        {'billing': ['invoice', 'refund'], 'other': ['other']}
    """
    if len(labels) != len(sublabels):
        raise DataError(f"`sublabels` must be as many as `labels`, {len(labels)}; got {len(sublabels)}.")
    owners: dict[str, set[str]] = {}
    for row, (label, sublabel) in enumerate(zip(labels, sublabels, strict=True), start=1):
        classes = set(collect_label_names([label], first_row=row))
        for name in [] if is_unknown(sublabel) else collect_label_names([sublabel], source="sublabels", first_row=row):
            before = owners.get(name, classes)
            owners[name] = before & classes
            if not owners[name]:
                raise DataError(
                    f"sublabels, row {row}: {name!r} stands under {_listed(before)} and under {_listed(classes)}; a "
                    f"subclass belongs to one class. Rename one, such as {f'{min(classes)}: {name}'!r}."
                )
    unclear = [name for name, classes in owners.items() if len(classes) > 1]
    if unclear and multilabel:
        raise DataError(
            f"The class of {unclear[0]!r} cannot be told: it always comes with {_listed(owners[unclear[0]])}. Give "
            f"`subclasses`, a dict of class -> list of subclasses."
        )
    tree: dict[str, list[str]] = {name: [] for name in collect_label_names(labels)}
    for name in collect_label_names(list(owners)) if owners else []:
        tree[min(owners[name])].append(name)
    return {name: children or [name] for name, children in tree.items()}


def encode_hierarchy(
    cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy, *, multilabel: bool = False
) -> dict[str, np.ndarray]:
    """Label cells of every level as the arrays that a hierarchical model trains on.

    A class that is unknown is filled in where its subclass is known. In a multi-label task the subclasses of a class
    that applies, but of which none is named, are unknown; those of a class that does not apply are 0.

    Args:
        cells: level name -> n cells: names or ids; lists of them for a multi-label task.
        hierarchy: the tree.
        multilabel: whether a text may have several classes and subclasses.

    Returns:
        Level name -> int32 (n,) of ids, or float32 (n, C) of 0 and 1; -1 where unknown.

    Raises:
        DataError: when a level is missing, a label is unknown to the tree, or a row's subclass is not one of its class.

    Example:
        >>> tree = parse_tree({"billing": ["refund", "invoice"], "shipping": ["late"]})
        >>> encode_hierarchy({"class": ["billing", None], "subclass": [None, "late"]}, tree)["class"].tolist()
        [0, 1]
    """
    if not isinstance(cells, Mapping) or set(cells) != set(hierarchy.levels):
        raise DataError(f"`labels` must be a dict with the levels {', '.join(hierarchy.levels)}; got {shorten(cells)}.")
    counts = {level: len(cells[level]) for level in hierarchy.levels}
    if len(set(counts.values())) > 1:
        raise DataError(f"`labels` must have the same number of rows at every level; got {counts}.")
    return _encode_multi_hot(cells, hierarchy) if multilabel else _encode_ids(cells, hierarchy)


def is_unknown(cell: Any) -> bool:
    """Whether a cell says that its label is not known: None, blank, NaN, -1 or an empty list."""
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        return len(cell) == 0
    if isinstance(cell, str):
        return not cell.strip() or cell.strip() == "-1"
    return cell is None or type(cell).__name__ == "NAType" or bool(cell != cell) or bool(cell == UNKNOWN)


def _encode_ids(cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy) -> dict[str, np.ndarray]:
    encoded = {
        level: _known_ids(cells[level], names, level)
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True)
    }
    for depth in range(len(hierarchy.parents), 0, -1):
        above, below = hierarchy.levels[depth - 1], hierarchy.levels[depth]
        implied = np.array(hierarchy.parents[depth - 1])[encoded[below]]
        known = encoded[below] >= 0
        encoded[above] = np.where(known & (encoded[above] < 0), implied, encoded[above]).astype(np.int32)
        wrong = np.flatnonzero(known & (encoded[above] != implied))
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f"labels, row {row + 1}: {hierarchy.names[depth][encoded[below][row]]!r} is a {below} of "
                f"{hierarchy.names[depth - 1][implied[row]]!r}, not of "
                f"{hierarchy.names[depth - 1][encoded[above][row]]!r}."
            )
    missing = np.flatnonzero(encoded[CLASS] < 0)
    if len(missing):
        raise DataError(f"labels, row {missing[0] + 1}: the class is missing; fill it or leave the row out.")
    return encoded


def _known_ids(cells: Sequence[Any], names: Sequence[str], level: str) -> np.ndarray:
    rows = [row for row, cell in enumerate(cells) if not is_unknown(cell)]
    ids = np.full(len(cells), UNKNOWN, dtype=np.int32)
    if rows:
        known = [cell for cell in cells if not is_unknown(cell)]
        ids[rows] = encode_class_ids(known, names, source=level, first_row=[row + 1 for row in rows])
    return ids


def _encode_multi_hot(cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy) -> dict[str, np.ndarray]:
    encoded = {
        level: encode_multi_hot(
            [[] if is_unknown(cell) else cell for cell in cells[level]], names, source=level
        ).reshape(len(cells[level]), len(names))
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True)
    }
    for depth, parents in enumerate(map(np.array, hierarchy.parents)):
        above, below = hierarchy.levels[depth], hierarchy.levels[depth + 1]
        applies = encoded[above][:, parents]  # (n, C below)
        wrong = np.argwhere((encoded[below] == 1) & (applies == 0))
        if len(wrong):
            row, child = map(int, wrong[0])
            raise DataError(
                f"labels, row {row + 1}: {hierarchy.names[depth + 1][child]!r} is a {below} of "
                f"{hierarchy.names[depth][parents[child]]!r}, which the row does not have."
            )
        named = (encoded[below] == 1) @ np.eye(encoded[above].shape[1])[parents]
        encoded[below] = np.where((applies != 0) & (named[:, parents] == 0), UNKNOWN, encoded[below])
    return {level: array.astype(np.float32) for level, array in encoded.items()}


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


def _listed(names: set[str]) -> str:
    return " and ".join(map(repr, sorted(names)))
