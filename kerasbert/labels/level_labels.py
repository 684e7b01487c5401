"""Read labels by level in memory: the hierarchy that they form, and the arrays that a model trains on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.labels.cells import LABELS, LabelCells, Place, label_column
from kerasbert.labels.encode import encode_multi_hot
from kerasbert.labels.hierarchy import CLASS, SUBCLASS, UNKNOWN, Hierarchy, is_unknown
from kerasbert.labels.level_vocabulary import LevelTree, tree_of
from kerasbert.labels.rules import ANY
from kerasbert.labels.vocabulary import LabelVocabulary


def collect_subclasses(
    labels: Sequence[Any], sublabels: Sequence[Any], *, several: bool = False
) -> dict[str, list[str]]:
    """The classes of some data and the subclasses that occur inside each, sorted.

    A class none of whose rows has a sub-label gets its own name as the only subclass.

    Args:
        labels: n class cells; lists of names where a text may have several.
        sublabels: n subclass cells, unknown where None, blank, NaN or -1.
        several: whether a text may have several classes; a subclass then belongs to the one class that all of its
            texts share.

    Returns:
        Class -> subclasses, as `build_hierarchical` takes them.

    Raises:
        DataError: when a subclass occurs under two classes, or its class cannot be told.

    Example:
        >>> collect_subclasses(["billing", "billing", "other"], ["refund", "invoice", None])
        {'billing': ['invoice', 'refund'], 'other': ['other']}
    """
    levels = {CLASS: labels, SUBCLASS: sublabels}
    cells = {level: label_column(part, several=several, source=level).cells for level, part in levels.items()}
    if len(cells[CLASS]) != len(cells[SUBCLASS]):
        raise DataError(f"`sublabels` must be as many as `labels`, {len(cells[CLASS])}; got {len(cells[SUBCLASS])}.")
    if several:
        return _shared_classes(cells)
    tree = LevelTree([CLASS, SUBCLASS])
    _settle(cells, tree)
    return tree.finish().to_tree()


def read_levels(labels: Any, levels: Sequence[str], *, several: bool) -> dict[str, Any]:
    """The n cells of every level; a generator is read here and nowhere else."""
    if not isinstance(labels, Mapping) or set(labels) != set(levels):
        more = " (give `subclasses` for more levels)" if len(levels) == 2 else ""
        raise DataError(f"`labels` must be a dict with the levels {', '.join(levels)}{more}; got {shorten(labels)}.")
    return {level: label_column(labels[level], several=several, source=level).cells for level in levels}


def encode_hierarchy(
    cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy, *, several: bool = False
) -> dict[str, np.ndarray]:
    """Label cells of every level as the arrays that a hierarchical model trains on.

    A class that is unknown is filled in where its subclass is known. Where a text may have several, the subclasses of a class
    that applies, but of which none is named, are unknown; those of a class that does not apply are 0.

    Args:
        cells: level name -> n cells: names or ids; lists of them where a text may have several.
        hierarchy: the tree.
        several: whether a text may have several classes and subclasses.

    Returns:
        Level name -> int32 (n,) of ids, or float32 (n, C) of 0 and 1; -1 where unknown.

    Raises:
        DataError: when a level is missing, a label is unknown to the tree, or a row's subclass is not one of its class.

    Example:
        >>> from kerasbert.labels.hierarchy import parse_tree
        >>> tree = parse_tree({"billing": ["refund", "invoice"], "shipping": ["late"]})
        >>> encode_hierarchy({"class": ["billing", None], "subclass": [None, "late"]}, tree)["class"].tolist()
        [0, 1]
    """
    read = read_levels(cells, hierarchy.levels, several=several)
    counts = {level: len(part) for level, part in read.items()}
    if len(set(counts.values())) > 1:
        raise DataError(f"`labels` must have the same number of rows at every level; got {counts}.")
    return _multi_hot(read, hierarchy) if several else _ids(read, hierarchy)


def _settle(cells: Mapping[str, Sequence[Any]], tree: LevelTree) -> list[dict[str, list[int]]]:
    """The label numbers of every row, by level."""
    rows = []
    for position, row in enumerate(zip(*cells.values(), strict=True)):
        place = Place(next(iter(cells.values())), LABELS, 1, position)
        rows.append(tree.numbers(dict(zip(cells, row, strict=True)), place))
    return rows


def _ids(cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy) -> dict[str, np.ndarray]:
    rows = _settle(cells, LevelTree(hierarchy.levels, hierarchy.to_tree()))
    return {
        level: np.array([next(iter(row[level]), UNKNOWN) for row in rows], dtype=np.int32) for level in hierarchy.levels
    }


def _multi_hot(cells: Mapping[str, Sequence[Any]], hierarchy: Hierarchy) -> dict[str, np.ndarray]:
    encoded = {
        level: encode_multi_hot(
            cells[level] if level == CLASS else _known(cells[level]), names, source=_source(cells[level], level)
        )
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True)
    }
    for depth, parents in enumerate(map(np.array, hierarchy.parents)):
        above, below = hierarchy.levels[depth], hierarchy.levels[depth + 1]
        applies = encoded[above][:, parents]  # (n, C below)
        wrong = np.argwhere((encoded[below] == 1) & (applies == 0))
        if len(wrong):
            row, child = map(int, wrong[0])
            raise DataError(
                f"{Place(cells[below], LABELS, 1, row)}: {hierarchy.names[depth + 1][child]!r} is a {below} of "
                f"{hierarchy.names[depth][parents[child]]!r}, which the row does not have."
            )
        named = (encoded[below] == 1) @ np.eye(encoded[above].shape[1])[parents]
        encoded[below] = np.where((applies != 0) & (named[:, parents] == 0), UNKNOWN, encoded[below])
    return {level: array.astype(np.float32) for level, array in encoded.items()}


def _known(cells: Sequence[Any]) -> Any:
    """The cells, of which the unknown ones name no label."""
    if getattr(cells, "ndim", 1) == 2:
        return cells
    known = [[] if is_unknown(cell) else cell for cell in cells]
    return cells.replaced(known) if isinstance(cells, LabelCells) else known


def _source(cells: Sequence[Any], level: str) -> str:
    return LABELS if isinstance(cells, LabelCells) else level


def _shared_classes(cells: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Class -> subclasses, where a text may have several of both."""
    classes, subclasses = (LabelVocabulary(ANY, [level]) for level in (CLASS, SUBCLASS))
    owners: dict[int, set[int]] = {}
    for position, (label, sublabel) in enumerate(zip(*cells.values(), strict=True)):
        place = Place(cells[CLASS], LABELS, 1, position)
        is_missing = is_unknown(label) and not isinstance(label, (list, tuple, set, frozenset, np.ndarray))
        own = set(classes.numbers_of(None if is_missing else label, place))
        for number in [] if is_unknown(sublabel) else subclasses.numbers_of(sublabel, place):
            before = owners.get(number, own)
            owners[number] = before & own
            if not owners[number]:
                first, second = (_listed(classes, part) for part in (before, own))
                raise DataError(
                    f"{place}: {subclasses.name_of(number)!r} stands under {first} and under {second}; a subclass belongs "
                    f"to one class. Rename one, such as {f'{classes.name_of(min(own))}: {subclasses.name_of(number)}'!r}."
                )
    return _tree_of(classes, subclasses, owners)


def _tree_of(
    classes: LabelVocabulary, subclasses: LabelVocabulary, owners: Mapping[int, set[int]]
) -> dict[str, list[str]]:
    for vocabulary in (classes, subclasses):
        vocabulary.check_names(f"`labels` of level {vocabulary.columns[0]!r}")
    unclear = [number for number, found in owners.items() if len(found) > 1]
    if unclear:
        raise DataError(
            f"The class of {subclasses.name_of(unclear[0])!r} cannot be told: it always comes with "
            f"{_listed(classes, owners[unclear[0]])}. Give `subclasses`, a dict of class -> list of subclasses."
        )
    return tree_of(classes, subclasses, {number: min(found) for number, found in owners.items()})


def _listed(vocabulary: LabelVocabulary, numbers: set[int]) -> str:
    return " and ".join(sorted(repr(vocabulary.name_of(number)) for number in numbers))
