"""The description of a saved classifier: its form, its version, and what older versions called its keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError
from kerasbert._core.json_files import check_form, is_empty, is_number, is_share
from kerasbert._version import __version__
from kerasbert.classifiers.pretrained_config import DATA_FORM
from kerasbert.tasks.hierarchical import with_level_task

FORMAT_VERSION = 2
VERSION_KEY = "format_version"
CLASSIFIER_FILE = "classifier.json"
METRICS_FILE = "metrics.json"

# Version 1 -> version 2: keys that got another name, by the object that holds them.
RENAMED: dict[str, dict[str, str]] = {
    "arguments": {"combine_first": "combine_before_pooling"},
    "settings": {
        "combine_first": "combine_before_pooling",
        "window_budget": "max_windows_per_batch",
        "progress": "verbose",
    },
    "optimization": {"accumulate": "gradient_accumulation_steps", "clip_norm": "global_clipnorm"},
}
# What version 1 kept among the settings.
MOVED = ("label_kinds", "history", "data")

DESCRIPTION_FORM = {
    VERSION_KEY: int,
    "builder": str,
    "arguments": {"encoder": dict, "hidden_units?": (list, None)},
    "precision?": str,
    "thresholds?": {...: [is_share]},
    "label_kinds?": {...: str},
    "settings?": {"encoder?": str},
    "history?": {...: [(is_number, None)]},
    "data?": (DATA_FORM, is_empty),
    "attachments?": {...: str},
    "uncertainty?": {...: dict},
}
METRICS_FORM = {
    "reading?": {
        "columns?": [str],
        "text?": str,
        "text_pair?": (str, None),
        "label_delimiter?": (str, None),
        "heads?": ({...: str}, None),
    }
}


def upgrade(description: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a description into the form of `FORMAT_VERSION`, whichever version wrote it; nothing in it is checked yet.

    Example:
        >>> upgrade({"format_version": 1, "settings": {"window_budget": 64, "data": {}}})
        {'format_version': 2, 'settings': {'max_windows_per_batch': 64}, 'data': {}}
    """
    if description.get(VERSION_KEY, 1) != 1:
        return dict(description)
    new = {**description, VERSION_KEY: FORMAT_VERSION}
    for name in ("arguments", "settings"):
        if name in new:
            new[name] = _renamed(new[name], RENAMED[name])
    if isinstance(new.get("arguments"), dict):
        new["arguments"] = with_level_task(new["arguments"])
    settings = new.get("settings")
    if isinstance(settings, dict):
        new |= {name: settings.pop(name) for name in MOVED if name in settings}
        if isinstance(settings.get("optimization"), Mapping):
            settings |= _renamed(settings.pop("optimization"), RENAMED["optimization"])
        new["settings"] = with_level_task(settings)
    return new


def _renamed(values: Any, names: Mapping[str, str]) -> Any:
    return {names.get(key, key): value for key, value in values.items()} if isinstance(values, Mapping) else values


def check_description(description: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Check the content of `classifier.json` and return it in the form of `FORMAT_VERSION`.

    Raises:
        ArtifactError: when it has another form or a newer version; the message names `folder`.
    """
    file = str(folder / CLASSIFIER_FILE)
    version = description.get(VERSION_KEY, 1)
    if isinstance(version, bool) or version not in range(1, FORMAT_VERSION + 1):
        raise ArtifactError(
            f"{file!r} has {VERSION_KEY} {shorten(version)}; this kerasbert {__version__} reads up to {FORMAT_VERSION}. "
            f"Install the kerasbert that wrote it."
        )
    upgraded = upgrade(description)
    try:
        check_form({VERSION_KEY: None, **description}, {VERSION_KEY: int}, "it")
        check_form(upgraded, DESCRIPTION_FORM, "it")
    except ArtifactError as error:
        raise ArtifactError(f"{file!r} does not describe a classifier: {error}") from error
    return upgraded
