"""Describe the groups of a class: their names, sizes and terms, and which texts are central and which borderline."""

import dataclasses
import itertools
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from kerasbert._core.display import brief_repr
from kerasbert.labels.values import looks_of
from kerasbert.subclasses.terms import group_terms

EXAMPLES = 3
NAME_TERMS = 2


@dataclasses.dataclass(frozen=True)
class Subclass:
    """One group of texts inside a class.

    Args:
        name: `CLASS/` and the terms that set it apart (of a single group its number), or the name that it was given.
        size: number of texts.
        terms: what sets it apart from the other groups of its class.
        central: texts nearest to its centre.
        borderline: texts that lie between it and another group.
        number: from 1 for the largest group when it was found; renaming and merging other groups does not change it.
        is_renamed: whether the name was given.
    """

    name: str
    size: int
    terms: list[str]
    central: list[str]
    borderline: list[str]
    number: int = 1
    is_renamed: bool = False

    __repr__ = brief_repr


class Closeness(NamedTuple):
    """Where texts lie between the centres of the groups of a class.

    Args:
        distance: float (n,), from the centre of a text's own group.
        borderline: float (n,), that distance as a share of the one from the nearest other centre: 0 in the centre, 1 half
            way, more nearer to the other group; NaN where there is one group.
        other: int (n,), the group of that centre; -1 where there is one group.

    Example:
        >>> closeness(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1])).borderline
        array([0.11..., 0.14..., 0.  ])
    """

    distance: np.ndarray
    borderline: np.ndarray
    other: np.ndarray


def closeness(points: np.ndarray, groups: np.ndarray) -> Closeness:
    """Measure how close points, (n, d), lie to the centres of their groups, int (n,) from 0."""
    distances, rows = centre_distances(points, centres(points, groups)), np.arange(len(points))
    own = distances[rows, groups]
    if distances.shape[1] < 2:
        return Closeness(own, np.full(len(points), np.nan), np.full(len(points), -1))
    distances[rows, groups] = np.inf
    nearest = distances.min(axis=1)
    # Where both are zero, two centres coincide, and the text is on the border.
    share = np.divide(own, nearest, out=np.ones(len(points)), where=nearest > 0)
    return Closeness(own, share, distances.argmin(axis=1))


def describe_groups(
    label: str, texts: Sequence[str], points: np.ndarray, groups: np.ndarray, kept: Sequence[Subclass | None] = ()
) -> list[Subclass]:
    """Describe the groups of a class, int (n,) from 0; `kept` are those that keep their numbers and names."""
    terms = group_terms(texts, groups)
    known = [*kept, *[None] * (len(terms) - len(kept))]
    places = closeness(points, groups)
    is_borderline = places.distance if len(terms) == 1 else places.borderline
    names = [one.name for one in known if one is not None]
    result = []
    for group, (words, one) in enumerate(zip(terms, known, strict=True)):
        members = np.flatnonzero(groups == group)
        central = members[np.argsort(places.distance[members], kind="stable")]
        borderline = members[np.argsort(-is_borderline[members], kind="stable")]
        first, last = ([*dict.fromkeys(texts[row] for row in order)][:EXAMPLES] for order in (central, borderline))
        distinctive = words if len(terms) > 1 else ()
        name = name_from_terms(label, distinctive, group + 1, names) if one is None else one.name
        number, is_renamed = (group + 1, False) if one is None else (one.number, one.is_renamed)
        names.append(name)
        result.append(Subclass(name, len(members), words, first, last, number, is_renamed))
    return result


def name_from_terms(label: str, terms: Sequence[str], number: int, taken: Collection[str]) -> str:
    """Name a group by its class and first terms, those that say the same left out; by its number where it has none.

    More terms, and at last the number, are added where another group has the name already.
    """
    looks = {looks_of(name) for name in taken}
    different: list[str] = []
    for term in terms:
        if not any(term in other or other in term for other in different):
            different.append(term)
    lengths = range(min(NAME_TERMS, len(different)), len(different) + 1) if different else ()
    words = [" ".join(different[:length]) for length in lengths] or [str(number)]
    numbered = (f"{words[0]} {more}" for more in itertools.count(number))
    candidates = (f"{label}/{one}" for one in itertools.chain(words, numbered))
    return next(name for name in candidates if looks_of(name) not in looks)


def centres(points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Compute the mean of the points of each group, (groups, d)."""
    return np.stack([points[groups == group].mean(axis=0) for group in range(groups.max() + 1)])


def centre_distances(points: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Compute the distances of points, (n, d), from centres, (n, groups)."""
    return np.stack([np.linalg.norm(points - middle, axis=1) for middle in middles], axis=1)
