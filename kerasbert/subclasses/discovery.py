"""`discover_subclasses`: find subclasses inside classes, without sub-labels."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_int, check_texts, shorten, suggestion
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.options import filled, takes_options
from kerasbert.caching.settings import CacheSettings
from kerasbert.evaluation.distinct import count_distinct
from kerasbert.labels.encode import named_labels
from kerasbert.labels.names import label_key
from kerasbert.subclasses.agreement import score_agreement
from kerasbert.subclasses.found import ClassDiscovery, Discovery
from kerasbert.subclasses.grouping import METHODS, REDUCTIONS, group_points, reduce_features
from kerasbert.subclasses.groups import centre_distances, centres, describe_groups
from kerasbert.subclasses.number import (
    NumberScore,
    Unimodality,
    choose_number,
    find_unimodality,
    score_numbers,
    to_unit,
)
from kerasbert.subclasses.vectors import text_vectors

NUMBER_DIMENSIONS = 20


@takes_options(CacheSettings)
def discover_subclasses(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    encoder: str | os.PathLike[str] = DEFAULT_ENCODER,
    features: np.ndarray | None = None,
    within: str | Sequence[str] | None = None,
    number: int | None = None,
    sublabels: Sequence[object] | None = None,
    method: str = "kmeans",
    reduction: str = "pca",
    dimensions: int = 30,
    max_number: int = 25,
    seed: int = 0,
    **options: Any,
) -> Discovery:
    """Cluster the texts of each class into subclasses.

    For each class its features are reduced to what separates them, tested for more than one group, and clustered into a
    number of groups that is chosen by silhouette and stability. A class without groups stays whole, as unimodal.

    Args:
        texts: n texts.
        labels: n classes.
        encoder: folder of a saved classifier, or name or folder of a checkpoint, whose last two hidden states are averaged.
        features: (n, hidden), instead of an encoder.
        within: class or classes to look into; None looks into all.
        number: of groups in each class, >= 2; None chooses.
        sublabels: n known sub-labels, to report the agreement; they do not enter the search. None where not known.
        method: `"kmeans"`, `"gaussian_mixture"` or `"hdbscan"` (which finds the number itself).
        reduction: `"pca"`, or `"umap"` (needs umap-learn).
        dimensions: in which groups are sought, >= 1.
        max_number: most groups to try, >= 2.
        seed: of everything random.
        **options: those of `CacheSettings`.

    Returns:
        The subclasses, and the sub-label of every text.

    Raises:
        ConfigError: when an argument is out of its range, or a class of `within` is not among the labels.
        DataError: when lengths differ, a label is missing, or a class has fewer different texts than groups are asked.
        TypeError: when an argument has the wrong type.

    Example:
        >>> points = np.concatenate([np.eye(4)[i] + 0.05 * np.random.default_rng(i).normal(size=(30, 4)) for i in (0, 1)])
        >>> found = discover_subclasses(["pay"] * 30 + ["send"] * 30, ["order"] * 60, features=points)
        >>> found.tree, found.classes["order"].subclasses[0].size
        ({'order': ['order/pay', 'order/send']}, 30)
    """
    texts, labels = check_texts("texts", texts), named_labels(labels)
    if not labels:
        raise DataError("`labels` must hold at least one class; got none.")
    _check_arguments(number, method, reduction, dimensions, max_number, seed)
    cache = filled(CacheSettings, None, options).checked()
    if cache is not None and features is not None:
        raise ConfigError("`cache` must be None with `features`, which are computed already; got both.")
    search = _Search(number, method, reduction, dimensions, max_number, seed)
    chosen = _check_within(within, labels)
    sublabels = None if sublabels is None else named_labels(sublabels, unknown=True, source="sublabels")
    for name, column in {"labels": labels, "features": features, "sublabels": sublabels}.items():
        if column is not None and len(column) != len(texts):
            raise DataError(f"`{name}` must have one row for each text; got {len(column)} for {len(texts)} texts.")
    known: list[str | None] = [None] * len(texts) if sublabels is None else list(sublabels)
    rows = {label: [row for row, one in enumerate(labels) if one == label] for label in chosen}
    used = [row for places in rows.values() for row in places]
    if features is None:
        vectors = text_vectors(encoder, [texts[row] for row in used], cache=cache)
    else:
        vectors = _check_features(features)[used]
    parts = np.split(vectors, np.cumsum([len(places) for places in rows.values()])[:-1])
    found: dict[str, ClassDiscovery] = {}
    names: list[str | None] = [None] * len(texts)
    for (label, places), part in zip(rows.items(), parts, strict=True):
        own, own_known = [texts[row] for row in places], [known[row] for row in places]
        found[label] = _discover(label, own, part, search, own_known, np.array(places))
        for row, group in zip(places, found[label].groups.tolist(), strict=True):
            names[row] = found[label].subclasses[group].name
    return Discovery(names, found)


class _Search(NamedTuple):
    """How groups are sought; the arguments of `discover_subclasses`."""

    number: int | None
    method: str
    reduction: str
    dimensions: int
    max_number: int
    seed: int


def _discover(
    label: str, texts: list[str], features: np.ndarray, search: _Search, known: list[str | None], rows: np.ndarray
) -> ClassDiscovery:
    distinct = count_distinct(features)
    if search.number is not None and distinct < search.number:
        raise DataError(
            f"Class {label!r} has {distinct} different texts; {search.number} groups cannot be made of them."
        )
    if distinct < 2:
        points, unimodality = np.zeros((len(texts), 1)), Unimodality(0.0, 0.0, 0.0, True)
    else:
        linear = reduce_features(features, dimensions=search.dimensions, seed=search.seed)
        unimodality = find_unimodality(linear, search.max_number, seed=search.seed)
        points = to_unit(linear)
    groups = np.zeros(len(texts), "int64")
    scores: list[NumberScore] = []
    if search.number is not None or not unimodality.unimodal:
        if search.reduction == "umap":
            points = reduce_features(features, dimensions=search.dimensions, reduction="umap", seed=search.seed)
        groups, scores = _group(points, distinct, search)
    groups, num_outliers = _settle(points, groups)
    subclasses = describe_groups(label, texts, points, groups)
    has_known = any(one is not None for one in known)
    agreement = score_agreement(known, groups.tolist()) if has_known else None
    verdict = unimodality.unimodal
    return ClassDiscovery(
        label, rows, points, groups, subclasses, verdict, unimodality, scores, num_outliers, agreement, texts
    )


def _group(points: np.ndarray, distinct: int, search: _Search) -> tuple[np.ndarray, list[NumberScore]]:
    """Group the points; return the groups, and the scores of each number where one had to be chosen."""
    number = search.number
    scores: list[NumberScore] = []
    if number is None and search.method != "hdbscan":
        numbers = range(2, min(search.max_number, distinct - 1) + 1)
        # The number is clearer in fewer components than the groups are: the last ones tell only a few groups apart.
        scored = to_unit(points[:, :NUMBER_DIMENSIONS]) if search.reduction == "pca" else points
        scores = score_numbers(scored, numbers, method=search.method, seed=search.seed)
        number = choose_number(scores)
    return group_points(points, number, method=search.method, seed=search.seed), scores


def _settle(points: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, int]:
    """Number groups by falling size, then by their first text, and assign outliers to the nearest centre; return the number of outliers."""
    outside = groups < 0
    if outside.all():
        return np.zeros(len(groups), "int64"), 0
    present, first, sizes = np.unique(groups[~outside], return_index=True, return_counts=True)
    ordered = present[np.lexsort((first, -sizes))]
    settled = np.full(len(groups), -1)
    for place, group in enumerate(ordered):
        settled[groups == group] = place
    if outside.any():
        settled[outside] = centre_distances(points[outside], centres(points[~outside], settled[~outside])).argmin(
            axis=1
        )
    return settled, int(outside.sum())


def _check_within(within: Any, labels: list[str]) -> list[str]:
    known = sorted(set(labels))
    wanted: Any = [within] if isinstance(within, (str, int)) else within
    names = {label_key(label): label for label in known}
    chosen: list[str] = known if wanted is None else [names.get(label_key(str(label)), label) for label in wanted]
    for label in chosen:
        if label not in known:
            raise ConfigError(
                f"`within` must be among the classes {shorten(known)}; got {shorten(label)}.{suggestion(label, known)}"
            )
    if not chosen or len(set(chosen)) < len(chosen):
        raise ConfigError(f"`within` must name different classes, at least one; got {shorten(within)}.")
    return chosen


def _check_arguments(number: Any, method: Any, reduction: Any, dimensions: Any, max_number: Any, seed: Any) -> None:
    check_choice("method", method, METHODS)
    check_choice("reduction", reduction, REDUCTIONS)
    check_int("dimensions", dimensions, 1)
    check_int("max_number", max_number, 2)
    check_int("seed", seed, 0, 2**31)
    if number is not None:
        check_int("number", number, 2)
        if method == "hdbscan":
            raise ConfigError("`number` must be None for `method` 'hdbscan', which finds it; use 'kmeans' to give one.")


def _check_features(features: Any) -> np.ndarray:
    array = np.asarray(features)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise DataError(f"`features` must be finite numbers of shape (n, hidden); got {array.dtype} {array.shape}.")
    return array
