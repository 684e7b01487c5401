"""What `discover_subclasses` finds, and how people name and merge it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, shorten, suggestion
from kerasbert._core.display import Displayed
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.evaluation.pages import notebook_frame
from kerasbert.labels.encode import named_labels
from kerasbert.labels.names import check_label_names
from kerasbert.subclasses.discovery_page import discovery_page
from kerasbert.subclasses.groups import Closeness, Subclass, closeness, describe_groups
from kerasbert.subclasses.number import NumberScore, Unimodality

# Groups of a class, and classes, that a representation lists.
SHOWN = 5


@dataclasses.dataclass(frozen=True, repr=False)
class ClassDiscovery(Displayed):
    """What was found inside one class.

    Args:
        label: the class.
        rows: int (n,), which of the given texts are of this class.
        points: float (n, d), where they lie.
        groups: int (n,), the group of each, from 0: its position in `subclasses`.
        subclasses: the groups; a single one where there is no reason for more.
        unimodal: whether the class looks like a single group; then it is not divided, unless a number was given.
        unimodality: the comparison behind that.
        number_scores: what spoke for each number of groups; empty where none had to be chosen.
        num_outliers: texts that HDBSCAN puts into no group and that were given to the nearest.
        agreement: with known sub-labels, see `score_agreement`; None without them, and after groups were merged.
        texts: n texts.
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
    texts: list[str] = dataclasses.field(default_factory=list)

    @property
    def closeness(self) -> Closeness:
        """Distances of the texts from the centres of the groups."""
        return closeness(self.points, self.groups)

    def _lines(self) -> Sequence[str]:
        number = "one group" if len(self.subclasses) == 1 else f"{len(self.subclasses)} groups"
        named = [f"{one.name} ({one.size}: {', '.join(one.terms[:3])})" for one in self.subclasses[:SHOWN]]
        return [f"{self.label!r}, {len(self.rows)} texts, {number}:", _listed("", named, len(self.subclasses))]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return [{"label": self.label, **dataclasses.asdict(one)} for one in self.subclasses]

    def position(self, number: object) -> int:
        """Return the position of a group, by its number, in `subclasses` and `groups`.

        Raises:
            ConfigError: when there is no group of this number.
            TypeError: when the number is no integer.
        """
        known = [one.number for one in self.subclasses]
        wanted = check_int("number", number, 1)
        if wanted not in known:
            listed = ", ".join(map(str, known))
            raise ConfigError(f"`number` must be a group of {self.label!r}, one of {listed}; got {wanted}.")
        return known.index(wanted)

    def merged(self, places: Sequence[int], name: str | None = None) -> "ClassDiscovery":
        """Merge groups, by their ascending positions; see `Discovery.merge`."""
        first, others = places[0], places[1:]
        renumbered = np.cumsum([place not in others for place in range(len(self.subclasses))]) - 1
        renumbered[list(others)] = first
        groups = renumbered[self.groups]
        names = [name, *[self.subclasses[place].name for place in places if self.subclasses[place].is_renamed]]
        given = next((one for one in names if one is not None), None)
        kept: list[Subclass | None] = [one for place, one in enumerate(self.subclasses) if place not in others]
        kept[first] = None
        new = describe_groups(self.label, self.texts, self.points, groups, kept)
        new[first] = dataclasses.replace(
            new[first],
            number=self.subclasses[first].number,
            name=given or new[first].name,
            is_renamed=given is not None,
        )
        return dataclasses.replace(self, groups=groups, subclasses=new, agreement=None)

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
        edits: what was renamed and merged, in order: `class`, `group` or `merged` (numbers), `from` and `to` (names).
    """

    sublabels: list[str | None]
    classes: dict[str, ClassDiscovery]
    edits: tuple[dict[str, Any], ...] = ()

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
        found = [one.to_dict() for one in self.classes.values()]
        return {"mean_agreement": mean, "classes": found, "edits": [dict(edit) for edit in self.edits]}

    def rename(self, names: Mapping[int, str], *, within: str | None = None) -> "Discovery":
        """Give groups of a class other names.

        Args:
            names: number of a group -> its name, which no other subclass has.
            within: the class; None: the only one.

        Returns:
            A discovery with the new names, also in `sublabels` and `tree`; this one stays as it is.

        Raises:
            ConfigError: when there is no such class or group, or a name is blank, no label, or another's.
            TypeError: when a number or a name has the wrong type.

        Example:
            >>> points = np.concatenate([np.eye(4)[i] + 0.05 * np.random.default_rng(i).normal(size=(30, 4)) for i in (0, 1)])
            >>> found = discover_subclasses(["pay"] * 30 + ["send"] * 30, ["order"] * 60, features=points)
            >>> found.rename({2: "shipping"}).tree
            {'order': ['order/pay', 'shipping']}
        """
        found = self._class(within)
        if not isinstance(names, Mapping) or not names:
            raise TypeError(f"`names` must be a dict of group number -> name; got {shorten(names)}.")
        given = {found.position(number): _check_name(name) for number, name in names.items()}
        subclasses = list(found.subclasses)
        edits = list(self.edits)
        for place, name in given.items():
            one = subclasses[place]
            subclasses[place] = dataclasses.replace(one, name=name, is_renamed=True)
            edits.append({"class": found.label, "group": one.number, "from": one.name, "to": name})
        return self._with(dataclasses.replace(found, subclasses=subclasses), edits)

    def merge(self, numbers: Sequence[int], *, within: str | None = None, name: str | None = None) -> "Discovery":
        """Make one group of several groups of a class; the others keep their numbers and names.

        Args:
            numbers: of the groups, at least two; the smallest is that of the merged group.
            within: the class; None: the only one.
            name: of the merged group; None: the name that one of them was given, else one of its terms.

        Returns:
            A discovery with the merged group; this one stays as it is.

        Raises:
            ConfigError: when there is no such class or group, or the name is blank, no label, or another's.
            TypeError: when a number or the name has the wrong type.

        Example:
            >>> points = np.concatenate([np.eye(4)[i] + 0.05 * np.random.default_rng(i).normal(size=(30, 4)) for i in (0, 1)])
            >>> found = discover_subclasses(["pay"] * 30 + ["send"] * 30, ["order"] * 60, features=points)
            >>> found.merge([1, 2], name="order").tree
            {'order': ['order']}
        """
        found = self._class(within)
        if isinstance(numbers, (str, bytes)) or not isinstance(numbers, Sequence):
            raise TypeError(f"`numbers` must be a list of group numbers; got {shorten(numbers)}.")
        places = [found.position(number) for number in numbers]
        if len(places) < 2 or len(set(places)) < len(places):
            raise ConfigError(f"`numbers` must be different groups, at least two; got {shorten(list(numbers))}.")
        if name is not None:
            _check_name(name)
        merged = found.merged(sorted(places), name)
        (new,) = [one for one in merged.subclasses if one.number == min(numbers)]
        edit = {"class": found.label, "merged": sorted(numbers), "to": new.name}
        edit["from"] = [found.subclasses[place].name for place in sorted(places)]
        return self._with(merged, [*self.edits, edit])

    def _class(self, label: str | None) -> ClassDiscovery:
        if label is None:
            if len(self.classes) != 1:
                raise ConfigError(f"`within` must be one of the classes {shorten(list(self.classes))}; got None.")
            return next(iter(self.classes.values()))
        if label not in self.classes:
            hint = suggestion(label, self.classes)
            raise ConfigError(
                f"`within` must be one of the classes {shorten(list(self.classes))}; got {label!r}.{hint}"
            )
        return self.classes[label]

    def _with(self, found: ClassDiscovery, edits: Sequence[dict[str, Any]]) -> "Discovery":
        """Put a class in the place of its older self."""
        classes = {**self.classes, found.label: found}
        _check_names([one.name for each in classes.values() for one in each.subclasses])
        sublabels = list(self.sublabels)
        for row, group in zip(found.rows.tolist(), found.groups.tolist(), strict=True):
            sublabels[row] = found.subclasses[group].name
        return Discovery(sublabels, classes, tuple(edits))


def _check_name(name: object) -> str:
    """Return a name if it can be a sub-label: read from a file, it is one label again, the same."""
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a text; got {shorten(name)} of type {type(name).__name__}.")
    try:
        (read,) = named_labels([name], unknown=True, source="name")
    except (ConfigError, DataError):
        read = None
    if read != name or not name.isprintable() or name != name.strip():
        raise ConfigError(
            f"`name` must be a label that files give back as it is: visible characters without space around them or line "
            f"ends, no list, and not -1; got {shorten(name)}."
        )
    return name


def _check_names(names: Sequence[str]) -> None:
    try:
        check_label_names(names)
    except ConfigError as error:
        raise ConfigError(f"`name` must be that of no other subclass, in any class. {error}") from error


def _listed(title: str, shown: list[str], total: int) -> str:
    rest = f" and {total - len(shown)} more" if total > len(shown) else ""
    return title + ", ".join(shown) + rest
