"""`discover_subclasses`: find subclasses inside classes, without sub-labels."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_int, check_texts, shorten, suggestion
from kerasbert._core.display import Displayed, brief_repr
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert.evaluation.distinct import count_distinct
from kerasbert.evaluation.pages import notebook_frame
from kerasbert.labels.encode import named_labels
from kerasbert.labels.names import label_key
from kerasbert.subclasses.agreement import score_agreement
from kerasbert.subclasses.discovery_page import discovery_page
from kerasbert.subclasses.grouping import METHODS, REDUCTIONS, group_points, reduce_features
from kerasbert.subclasses.number import (
    NumberScore,
    Unimodality,
    choose_number,
    find_unimodality,
    score_numbers,
    to_unit,
)
from kerasbert.subclasses.terms import group_terms
from kerasbert.subclasses.vectors import text_vectors

EXAMPLES = 3
# Groups of a class, and classes, that a representation lists.
SHOWN = 5
NUMBER_DIMENSIONS = 20


@dataclasses.dataclass(frozen=True)
class Subclass:
    """One group of texts inside a class.

    Args:
        name: `CLASS/1` for the largest group, then `CLASS/2`, ...
        size: number of texts.
        terms: what sets it apart from the other groups of its class.
        central: texts nearest to its centre.
        borderline: texts that lie between it and another group.
    """

    name: str
    size: int
    terms: list[str]
    central: list[str]
    borderline: list[str]

    __repr__ = brief_repr


@dataclasses.dataclass(frozen=True, repr=False)
class ClassDiscovery(Displayed):
    """What was found inside one class.

    Args:
        label: the class.
        rows: int (n,), which of the given texts are of this class.
        points: float (n, d), where they lie.
        groups: int (n,), the group of each, from 0, the largest first.
        subclasses: the groups; a single one where there is no reason for more.
        unimodal: whether the class looks like a single group; then it is not divided, unless a number was given.
        unimodality: the comparison behind that.
        number_scores: what spoke for each number of groups; empty where none had to be chosen.
        num_outliers: texts that HDBSCAN puts into no group and that were given to the nearest.
        agreement: with known sub-labels, see `score_agreement`; None without them.
    """

    label: str
    rows: np.ndarray
    points: np.ndarray
    groups: np.ndarray
    subclasses: list[Subclass]
    unimodal: bool
    unimodality: Unimodality
    number_scores: list[NumberScore]
    num_outliers: int = 0
    agreement: dict[str, float] | None = None

    def _lines(self) -> Sequence[str]:
        number = "one group" if len(self.subclasses) == 1 else f"{len(self.subclasses)} groups"
        named = [f"{one.name} ({one.size}: {', '.join(one.terms[:3])})" for one in self.subclasses[:SHOWN]]
        return [f"{self.label!r}, {len(self.rows)} texts, {number}:", _listed("", named, len(self.subclasses))]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [{"label": self.label, **dataclasses.asdict(one)} for one in self.subclasses]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the points."""
        return {
            "label": self.label,
            "num_texts": len(self.rows),
            "unimodal": self.unimodal,
            "unimodality": self.unimodality._asdict(),
            "number_scores": [score._asdict() for score in self.number_scores],
            "num_outliers": self.num_outliers,
            "agreement": self.agreement,
            "subclasses": [dataclasses.asdict(one) for one in self.subclasses],
        }


@dataclasses.dataclass(frozen=True, repr=False)
class Discovery(Displayed):
    """The result of `discover_subclasses`.

    Args:
        sublabels: for each given text the name of its subclass; None for a text of a class that was not looked into.
        classes: what was found, by class.
    """

    sublabels: list[str | None]
    classes: dict[str, ClassDiscovery]

    def _lines(self) -> Sequence[str]:
        found = [f"{label!r} {len(one.subclasses)}" for label, one in list(self.classes.items())[:SHOWN]]
        groups = sum(len(one.subclasses) for one in self.classes.values())
        title = f"Subclasses of {len(self.classes)} classes, {len(self.sublabels)} texts: {groups} groups"
        return [title, _listed("groups of each: ", found, len(self.classes))]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [row for one in self.classes.values() for row in one._rows()]

    def _repr_html_(self) -> str:
        return notebook_frame(discovery_page(self.to_dict()))

    @property
    def tree(self) -> dict[str, list[str]]:
        """Class -> names of its subclasses, as `build_secondary` and `build_hierarchical` take it."""
        return {label: [one.name for one in found.subclasses] for label, found in self.classes.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; `mean_agreement` is the mean over the classes."""
        scores = [found.agreement for found in self.classes.values() if found.agreement]
        names = ("ari", "nmi", "v_measure", "accuracy")
        mean = {name: float(np.mean([score[name] for score in scores])) for name in names} if scores else None
        return {"mean_agreement": mean, "classes": [found.to_dict() for found in self.classes.values()]}


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
        ({'order': ['order/1', 'order/2']}, 30)
    """
    texts, labels = check_texts("texts", texts), named_labels(labels)
    if not labels:
        raise DataError("`labels` must hold at least one class; got none.")
    _check_arguments(number, method, reduction, dimensions, max_number, seed)
    search = _Search(number, method, reduction, dimensions, max_number, seed)
    chosen = _check_within(within, labels)
    sublabels = None if sublabels is None else named_labels(sublabels, unknown=True, source="sublabels")
    for name, column in {"labels": labels, "features": features, "sublabels": sublabels}.items():
        if column is not None and len(column) != len(texts):
            raise DataError(f"`{name}` must have one row for each text; got {len(column)} for {len(texts)} texts.")
    known: list[str | None] = [None] * len(texts) if sublabels is None else list(sublabels)
    rows = {label: [row for row, one in enumerate(labels) if one == label] for label in chosen}
    used = [row for places in rows.values() for row in places]
    vectors = (
        text_vectors(encoder, [texts[row] for row in used]) if features is None else _check_features(features)[used]
    )
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
    subclasses = _describe(label, texts, points, groups)
    has_known = any(one is not None for one in known)
    agreement = score_agreement(known, groups.tolist()) if has_known else None
    verdict = unimodality.unimodal
    return ClassDiscovery(
        label, rows, points, groups, subclasses, verdict, unimodality, scores, num_outliers, agreement
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
    """Number groups by falling size and assign outliers to the nearest centre; return the number of outliers."""
    outside = groups < 0
    if outside.all():
        return np.zeros(len(groups), "int64"), 0
    present, sizes = np.unique(groups[~outside], return_counts=True)
    ordered = present[np.argsort(-sizes, kind="stable")]
    settled = np.full(len(groups), -1)
    for place, group in enumerate(ordered):
        settled[groups == group] = place
    if outside.any():
        settled[outside] = _distances(points[outside], _centres(points[~outside], settled[~outside])).argmin(axis=1)
    return settled, int(outside.sum())


def _describe(label: str, texts: list[str], points: np.ndarray, groups: np.ndarray) -> list[Subclass]:
    terms = group_terms(texts, groups)
    distances = _distances(points, _centres(points, groups))
    own = distances[np.arange(len(points)), groups]
    others = distances.copy()
    others[np.arange(len(points)), groups] = np.inf
    margins = others.min(axis=1) - own if distances.shape[1] > 1 else -own
    result = []
    for group, words in enumerate(terms):
        members = np.flatnonzero(groups == group)
        central = members[np.argsort(own[members], kind="stable")]
        borderline = members[np.argsort(margins[members], kind="stable")]
        first, last = ([*dict.fromkeys(texts[row] for row in order)][:EXAMPLES] for order in (central, borderline))
        result.append(Subclass(f"{label}/{group + 1}", len(members), words, first, last))
    return result


def _centres(points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.stack([points[groups == group].mean(axis=0) for group in range(groups.max() + 1)])


def _distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.stack([np.linalg.norm(points - centre, axis=1) for centre in centres], axis=1)


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


def _listed(title: str, shown: list[str], total: int) -> str:
    rest = f" and {total - len(shown)} more" if total > len(shown) else ""
    return title + ", ".join(shown) + rest
