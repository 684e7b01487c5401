"""Write discovered subclasses to a folder, and load them back."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import atomic_dir_write, checked_member, write_tensors
from kerasbert._core.json_files import check_form, is_count, is_number, read_json_object
from kerasbert.reading.added_column import copy_with_columns
from kerasbert.reading.read_options import DEFAULTS, READ_OPTIONS, ReadOptions
from kerasbert.subclasses.discovery_map import draw_map
from kerasbert.subclasses.discovery_page import discovery_page
from kerasbert.subclasses.found import ClassDiscovery, Discovery
from kerasbert.subclasses.groups import Subclass
from kerasbert.subclasses.number import NumberScore, Unimodality
from kerasbert.subclasses.settings import PAGE_FILE, TEXTS_FILE, column_names
from kerasbert.subclasses.texts_page import texts_page

JSON_FILE = "subclasses.json"
ARRAYS_FILE = "subclasses.safetensors"
GROUP_FORM = {
    "name": str,
    "size": is_count,
    "terms": [str],
    "central": [str],
    "borderline": [str],
    "number": is_count,
    "is_renamed": bool,
}
CLASS_FORM = {
    "label": str,
    "unimodal": bool,
    "unimodality": {"statistic": is_number, "reference": is_number, "deviation": is_number, "unimodal": bool},
    "number_scores": [{"number": is_count, "silhouette": is_number, "stability": is_number}],
    "num_outliers": is_count,
    "agreement": (None, {...: is_number}),
    "subclasses": [GROUP_FORM],
}
FORM = {
    "data": str,
    "reading": {"encoding": str, "delimiter": (None, str), "header": bool, "quoting": str, "sheet": (None, str)},
    "column": str,
    "maps": bool,
    "num_texts": is_count,
    "classes": [CLASS_FORM],
    "edits": [
        (
            {"class": str, "group": is_count, "from": str, "to": str},
            {"class": str, "merged": [is_count], "from": [str], "to": str},
        )
    ],
}


class SavedDiscovery(NamedTuple):
    """A discovery in its folder: the data with the added columns, how it is read, the name of the first, whether it has maps."""

    discovery: Discovery
    data: Path
    options: ReadOptions
    column: str
    maps: bool


def write_discovery(
    discovery: Discovery,
    folder: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str],
    column: str = "sublabel",
    options: ReadOptions = DEFAULTS,
    replace: bool = False,
    maps: bool = True,
    overwrite: bool = False,
) -> None:
    """Write a folder: the data with new columns, two pages, `subclasses.json` and a map of each class.

    The columns are `column`, the subclass; `column`_distance, from the centre of its group; `column`_borderline, that
    distance as a share of the one from the nearest other centre (1 half way); and `column`_other, the subclass there.

    Args:
        discovery: what was found.
        folder: to write; it appears when it is whole.
        data: the file whose texts these are, one row for each.
        column: name of the first column.
        options: how the data is read, as in `read_examples`.
        replace: whether such columns of the data are replaced.
        maps: whether to draw maps, which needs matplotlib.
        overwrite: whether a discovery in the folder is replaced.

    Raises:
        ArtifactError: when the folder cannot be written.
        ConfigError: when maps are wanted and matplotlib is not installed.
        DataError: when the data has such a column already or another number of rows.

    Example:
        >>> write_discovery(found, "found", data="messages.jsonl")  # doctest: +SKIP
    """
    data = Path(data)
    pictures = {label: draw_map(found) for label, found in discovery.classes.items()} if maps else {}
    with atomic_dir_write(folder, kind="discovery", overwrite=overwrite) as beside:
        copy_with_columns(data, beside / data.name, added_columns(discovery, column), options, replace=replace)
        found = discovery.to_dict()
        told = {"data": data.name, "reading": dataclasses.asdict(options), "column": column, "maps": maps}
        told["num_texts"] = len(discovery.sublabels)
        text = json.dumps({**told, **found}, indent=2, ensure_ascii=False)
        (beside / JSON_FILE).write_text(text + "\n", encoding="utf-8")
        write_tensors(beside / ARRAYS_FILE, _arrays(discovery))
        (beside / PAGE_FILE).write_text(discovery_page(found, pictures, texts_file=TEXTS_FILE), encoding="utf-8")
        (beside / TEXTS_FILE).write_text(texts_page(discovery, PAGE_FILE), encoding="utf-8")
        for number, (label, picture) in enumerate(pictures.items(), start=1):
            # Labels may hold anything, also slashes: a file's name keeps what is harmless.
            harmless = re.sub(r"[^A-Za-z0-9-]+", "_", label)[:40]
            (beside / f"map_{number:02}_{harmless}.png").write_bytes(picture)


def load_discovery(folder: str | os.PathLike[str]) -> Discovery:
    """Load what `write_discovery` or `kerasbert subclasses discover` wrote, to rename and merge its groups.

    Args:
        folder: the folder.

    Returns:
        The discovery.

    Raises:
        ArtifactError: when the folder holds no discovery, or was changed or cut.

    Example:
        >>> load_discovery("found").rename({3: "refund"}, within="billing").tree  # doctest: +SKIP
        {'billing': ['billing/card bank', 'billing/receipt asked', 'refund']}
    """
    return open_discovery(folder).discovery


def open_discovery(folder: str | os.PathLike[str]) -> SavedDiscovery:
    """Open a folder; see `load_discovery`."""
    folder = Path(folder)
    if not (folder / JSON_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} holds no {JSON_FILE}; it is no folder of `kerasbert subclasses discover`."
        )
    if not (folder / ARRAYS_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} holds no {ARRAYS_FILE}: it was cut, or written by an older version. Run `kerasbert subclasses "
            f"discover` again."
        )
    try:
        told = read_json_object(checked_member(folder, JSON_FILE))
    except ConfigError as error:
        raise ArtifactError(f"{error} Copy the folder again.") from error
    origin = str(folder / JSON_FILE)
    check_form(told, FORM, origin)
    arrays = _read_arrays(checked_member(folder, ARRAYS_FILE))
    classes = {one["label"]: _class_of(one, arrays, place, folder) for place, one in enumerate(told["classes"])}
    sublabels: list[str | None] = [None] * told["num_texts"]
    for found in classes.values():
        if len(found.rows) and not 0 <= found.rows.min() <= found.rows.max() < len(sublabels):
            raise _cut(folder)
        for row, group in zip(found.rows.tolist(), found.groups.tolist(), strict=True):
            sublabels[row] = found.subclasses[group].name
    discovery = Discovery(sublabels, classes, tuple(told["edits"]))
    options = ReadOptions(**{name: told["reading"][name] for name in READ_OPTIONS})
    return SavedDiscovery(discovery, checked_member(folder, told["data"]), options, told["column"], told["maps"])


def added_columns(discovery: Discovery, column: str) -> dict[str, list[Any]]:
    """Return the columns that a discovery adds to the data; None where a text's class was not looked into."""
    names = column_names(column)
    cells: dict[str, list[Any]] = {name: [None] * len(discovery.sublabels) for name in names}
    cells[column] = list(discovery.sublabels)
    for found in discovery.classes.values():
        places = found.closeness
        for row, distance, share, other in zip(found.rows.tolist(), *(one.tolist() for one in places), strict=True):
            cells[names[1]][row] = round(distance, 4)
            if other >= 0:
                cells[names[2]][row], cells[names[3]][row] = round(share, 4), found.subclasses[other].name
    return cells


def _arrays(discovery: Discovery) -> dict[str, np.ndarray]:
    """Return rows, points, groups and texts (as UTF-8 with the ends of each) by the position of the class."""
    arrays: dict[str, np.ndarray] = {}
    for place, found in enumerate(discovery.classes.values()):
        texts = [text.encode("utf-8") for text in found.texts]
        arrays |= {
            f"{place}/rows": np.asarray(found.rows, "int64"),
            f"{place}/groups": np.asarray(found.groups, "int64"),
        }
        arrays |= {f"{place}/points": np.asarray(found.points, "float64")}
        arrays |= {f"{place}/texts": np.frombuffer(b"".join(texts), "uint8")}
        arrays |= {f"{place}/ends": np.cumsum([len(text) for text in texts], dtype="int64")}
    return arrays


def _read_arrays(file: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(file))
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{str(file)!r} cannot be read ({error}); copy the folder again.") from error


def _class_of(told: Mapping[str, Any], arrays: Mapping[str, np.ndarray], place: int, folder: Path) -> ClassDiscovery:
    try:
        rows, points, groups, texts, ends = (
            arrays[f"{place}/{name}"] for name in ("rows", "points", "groups", "texts", "ends")
        )
        written = texts.tobytes()
        own = [written[start:end].decode("utf-8") for start, end in zip([0, *ends.tolist()[:-1]], ends, strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        raise _cut(folder) from error
    subclasses = [Subclass(**{name: one[name] for name in GROUP_FORM}) for one in told["subclasses"]]
    sizes = [one.size for one in subclasses]
    are_whole = rows.ndim == 1 and rows.dtype.kind == "i" and points.ndim == 2 and np.isfinite(points).all()
    if not are_whole or not len(rows) == len(points) == len(groups) == len(own) or not _has_sizes(groups, sizes):
        raise _cut(folder)
    return ClassDiscovery(
        told["label"],
        rows,
        points,
        groups,
        subclasses,
        told["unimodal"],
        Unimodality(**{name: told["unimodality"][name] for name in Unimodality._fields}),
        [NumberScore(**{name: one[name] for name in NumberScore._fields}) for one in told["number_scores"]],
        told["num_outliers"],
        told["agreement"],
        own,
    )


def _has_sizes(groups: np.ndarray, sizes: Sequence[int]) -> bool:
    if groups.dtype.kind != "i" or not len(groups) or groups.min() < 0 or groups.max() >= len(sizes):
        return False
    return np.bincount(groups, minlength=len(sizes)).tolist() == list(sizes) and all(sizes)


def _cut(folder: Path) -> ArtifactError:
    return ArtifactError(
        f"{str(folder)!r} was changed or cut: its arrays do not belong to its {JSON_FILE}. Copy it again."
    )
