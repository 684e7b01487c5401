"""`settings.toml`: the settings of a training, which a saved folder holds and `kerasbert train --config` reads."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.checks import suggestion
from kerasbert._core.errors import ConfigError
from kerasbert._core.options import NONE, Option, check_type, options_of
from kerasbert._core.toml import to_toml
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.tasks.settings import TaskSettings
from kerasbert.tasks.several import MULTITASK
from kerasbert.training.settings import BatchSettings, MonitoringSettings, TrainingSettings
from kerasbert.uncertainty.settings import CalibrationSettings

SETTINGS_FILE = "settings.toml"
POOLING = "pooling"
SECTIONS = {
    "Task": TaskSettings,
    "Model": ModelSettings,
    "Batches": BatchSettings,
    "Training": TrainingSettings,
    "Calibration": CalibrationSettings,
    "Monitoring": MonitoringSettings,
}


def settings_text(settings: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """Write the content of `settings.toml`; what is None by default and None is left out.

    Args:
        settings: of a `TextClassifier`, by name.
        reading: how the data was read, as `metrics.json` keeps it; empty where it is not known.
    """
    lines = ["# Train with these settings again: kerasbert train DATA --config settings.toml --output DIR"]
    data = _data_options(reading, settings.get("task"))
    if data:
        lines += ["", "# Data", *(f"{name} = {to_toml(value)}" for name, value in data.items())]
    for title, declaring in SECTIONS.items():
        options = options_of(declaring)
        named = {name: settings[name] for name in options if name in settings}
        lines += ["", f"# {title}", *_lines(_sayable(named), options), *_unsayable(named)]
    return "\n".join(lines) + "\n"


def read_settings(file: Path, options: Mapping[str, Option]) -> dict[str, Any]:
    """Read those of some options that a settings file sets.

    Raises:
        ConfigError: when it is no TOML, or has a key that is no option.
        TypeError: when a value has the wrong type.
    """
    try:
        values = tomllib.loads(file.read_bytes().decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{str(file)!r} is no TOML file: {error}.") from error
    for name, value in values.items():
        if name not in options:
            raise ConfigError(f"{str(file)!r} sets {name!r}, which is no option.{suggestion(name, options)}")
        if value == NONE and options[name].takes_none:
            values[name] = None
        try:
            check_type(name, values[name], options[name].type)
        except TypeError as error:
            raise ConfigError(f"{str(file)!r}: {error}") from error
    return values


def _sayable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != POOLING or not isinstance(value, Mapping)}


def _unsayable(values: Mapping[str, Any]) -> Iterator[str]:
    """Write as a comment that the pooling is a layer of the user's, which only Python can give."""
    if isinstance(values.get(POOLING), Mapping):
        yield f"# {POOLING}: a layer of your own, {json.dumps(values[POOLING])}, which is given in Python alone."


def _lines(values: Mapping[str, Any], options: Mapping[str, Option]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None:
            yield f"{name} = {to_toml(value)}"
        elif options[name].takes_none:
            yield f"{name} = {to_toml(NONE)}"


def _data_options(reading: Mapping[str, Any], task: Any) -> dict[str, Any]:
    """Return how data is read, by the names of the command's options."""
    found = {"text_column": reading.get("text"), "text_pair_column": reading.get("text_pair")}
    found["label_delimiter"] = reading.get("label_delimiter")
    heads, tasks = reading.get("heads"), reading.get("tasks", {})
    if task == MULTITASK and heads:
        found["head"] = [f"{name}={column}:{tasks[name]}" for name, column in heads.items() if name in tasks]
    elif reading.get("columns"):
        found["label_column"] = ",".join(reading["columns"])
    return {name: value for name, value in found.items() if value is not None}
