"""Write discovered subclasses to a folder."""

import json
import os
import re
from pathlib import Path

from kerasbert._core.files import atomic_dir_write
from kerasbert.reading.added_column import copy_with_column
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.subclasses.discovery import Discovery
from kerasbert.subclasses.discovery_map import draw_map
from kerasbert.subclasses.discovery_page import discovery_page

PAGE_FILE = "subclasses.html"
JSON_FILE = "subclasses.json"


def write_discovery(
    discovery: Discovery,
    folder: str | os.PathLike[str],
    *,
    data: Path,
    column: str = "sublabel",
    options: ReadOptions = DEFAULTS,
    maps: bool = True,
    overwrite: bool = False,
) -> None:
    """Write a folder: the data with the new column, `subclasses.html`, `subclasses.json` and a map of each class.

    `options` say how the data is read, as in `read_examples`.

    Raises:
        ArtifactError: when the folder cannot be written.
        ConfigError: when maps are wanted and matplotlib is not installed.
        DataError: when the data has the column already or another number of rows.
    """
    pictures = {label: draw_map(found) for label, found in discovery.classes.items()} if maps else {}
    with atomic_dir_write(folder, kind="discovery", overwrite=overwrite) as beside:
        copy_with_column(data, beside / data.name, column, discovery.sublabels, options)
        found = discovery.to_dict()
        text = json.dumps({"column": column, **found}, indent=2, ensure_ascii=False)
        (beside / JSON_FILE).write_text(text + "\n", encoding="utf-8")
        (beside / PAGE_FILE).write_text(discovery_page(found, pictures), encoding="utf-8")
        for number, (label, picture) in enumerate(pictures.items(), start=1):
            # Labels may hold anything, also slashes: a file's name keeps what is harmless.
            harmless = re.sub(r"[^A-Za-z0-9-]+", "_", label)[:40]
            (beside / f"map_{number:02}_{harmless}.png").write_bytes(picture)
