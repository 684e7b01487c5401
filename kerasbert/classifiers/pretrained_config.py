"""Read labels, task and our own thresholds from the `config.json` of a transformers classifier."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert._core.json_files import fits_form, is_count, is_share
from kerasbert._core.names import CONFIG_FILE
from kerasbert.labels.kinds import INTEGERS, NAMES, kind_for
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.task import Task

if TYPE_CHECKING:
    from kerasbert.classifiers.standard_heads import StandardHead

# A file of a few bytes can claim any number.
MOST_LABELS = 1_000_000
PROBLEM_TYPES = (Multilabel.problem_type, Multiclass.problem_type)
# Where `config.json` keeps what transformers has no key for.
OWN_KEY = "kerasbert"
# What is kept of the data that a classifier was trained on.
DATA_FORM = {
    "num_texts": is_count,
    "num_held_out": is_count,
    "num_cut": is_count,
    "max_length": is_count,
    "labels?": {...: [is_count]},
    "validation_given": bool,
    "pairs": bool,
    "text_sketch?": ({"largest": str, "keys": str}, None),
}
# Classes of transformers whose head does something else, though its tensors may have the same names.
OTHER_HEADS = (
    "ForMaskedLM",
    "ForMultipleChoice",
    "ForNextSentencePrediction",
    "ForPreTraining",
    "ForQuestionAnswering",
    "ForTokenClassification",
)


class Labels(NamedTuple):
    """Label names of a config in the order of the outputs; `kind` is `"integers"` where all are whole numbers."""

    names: tuple[str, ...]
    kind: str = NAMES


def check_architecture(folder: Path, values: Mapping[str, Any], form: "StandardHead") -> None:
    """Refuse the config of a model that is no classifier; warn of an unknown architecture."""
    said = values.get("architectures") or [form.architecture]
    names = [str(name) for name in said] if isinstance(said, list) else [str(said)]
    if form.architecture in names:
        return
    encoder = form.architecture.replace("ForSequenceClassification", "Model")
    if any(name == encoder or name.endswith(OTHER_HEADS) for name in names):
        raise ConfigError(
            f"{str(folder)!r} must hold a {form.architecture}; its {CONFIG_FILE} says {shorten(said)}. An encoder without a "
            f"classifier is what TextClassifier(encoder=...) trains from."
        )
    warnings.warn(
        f"{str(folder)!r}: {CONFIG_FILE} says {shorten(said)}, which is no class of transformers; it is read as a "
        f"{form.architecture}, whose tensors it has. Compare a few probabilities with the program that trained it.",
        KerasbertWarning,
        stacklevel=5,
    )


def labels_of(folder: Path, values: Mapping[str, Any], outputs: int | None) -> Labels:
    """Return the label names; `LABEL_0` and so on where the config names none, as transformers does.

    Args:
        folder: named in messages.
        values: content of `config.json`.
        outputs: of the output layer; None where the weights have none.
    """
    given = values.get("id2label")
    if given is None:
        number = values.get("num_labels", 2)
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_LABELS:
            raise ConfigError(
                f"{str(folder / CONFIG_FILE)!r}: `num_labels` must be from 1 to {MOST_LABELS}; got {shorten(number)}."
            )
        return Labels(tuple(f"LABEL_{index}" for index in range(number)))
    names = _numbered_names(folder, given)
    # Outputs are numbered as they come; a gap in the names leaves an output without one.
    known = (len(names), max(names) + 1, values.get("num_labels"))
    wanted = len(names) if outputs is None or outputs not in known else outputs
    unnamed = [index for index in range(wanted) if index not in names]
    if unnamed:
        lost = sorted(str(names[index]) for index in names if index >= wanted)
        warnings.warn(
            f"{str(folder / CONFIG_FILE)!r}: `id2label` names no output {shorten(unnamed)}, called LABEL_{unnamed[0]} and so "
            f"on here{f'; of no output are {shorten(lost)}' if lost else ''}. Number the labels from 0 without a gap.",
            KerasbertWarning,
            stacklevel=5,
        )
    values_of = [names.get(index, f"LABEL_{index}") for index in range(wanted)]
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values_of)
    return Labels(tuple(str(value) for value in values_of), INTEGERS if whole else NAMES)


def task_of(folder: Path, values: Mapping[str, Any], labels: tuple[str, ...], problem_type: str | None) -> Task:
    """Return the task of a config's head; refuse a regression."""
    said = check_choice("problem_type", problem_type, PROBLEM_TYPES) if problem_type else values.get("problem_type")
    if said is None and len(labels) > 1:
        said = Multiclass.problem_type
    if said not in PROBLEM_TYPES or (said == Multiclass.problem_type and len(labels) < 2):
        raise ConfigError(
            f"{str(folder / CONFIG_FILE)!r}: `problem_type` must be one of {', '.join(PROBLEM_TYPES)}, the first with "
            f"one label or more; got {shorten(said)} with {len(labels)}. If its one output is the logit of a label, pass "
            f"problem_type={Multilabel.problem_type!r}."
        )
    if said == Multilabel.problem_type:
        return Multilabel(labels)
    # transformers has no binary task: a softmax over two labels, which our export of a binary head notes.
    return Binary(labels) if len(labels) == 2 and own_values(values).get("task") == Binary.name else Multiclass(labels)


def own_values(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entries that our export adds to `config.json`; empty in a foreign one."""
    own = values.get(OWN_KEY)
    return own if isinstance(own, Mapping) else {}


def label_kind_of(values: Mapping[str, Any], labels: tuple[str, ...], kind: str) -> str:
    """Return the label kind from our export if it is of these labels; else `kind`, what the names alone say."""
    own = own_values(values)
    noted = own.get("label_kind")
    return kind_for(noted, labels) if isinstance(noted, str) and own.get("label_names") == list(labels) else kind


def training_data_of(noted: Any, heads: Mapping[str, int]) -> dict[str, Any]:
    """Return the description of the training data from our export; empty where it is malformed."""
    if not fits_form(noted, DATA_FORM) or "labels" not in noted:
        return {}
    fits_heads = all(len(counts) == heads.get(name) for name, counts in noted["labels"].items())
    return dict(noted) if fits_heads else {}


def noted_thresholds(values: Mapping[str, Any], task: Task) -> np.ndarray:
    """Return the thresholds (units,) from our export if they are of these labels; else 0.5."""
    own = own_values(values)
    stored = own.get("thresholds")
    same_labels = own.get("label_names", list(task.label_names)) == list(task.label_names)
    found = stored if isinstance(stored, list) and own.get("task") == task.name and same_labels else []
    fits = len(found) == task.units and all(map(is_share, found))
    return np.array(found, dtype=float) if fits else task.default_thresholds()


def _numbered_names(folder: Path, given: Any) -> dict[int, Any]:
    """Return output -> its label, a text or a number."""
    names = dict(given) if isinstance(given, Mapping) else {}
    well_formed = all(
        str(key).isdecimal() and int(key) < MOST_LABELS and isinstance(name, (str, int, float))
        for key, name in names.items()
    )
    if not names or not well_formed or len({int(key) for key in names}) < len(names):
        raise ConfigError(
            f'{str(folder / CONFIG_FILE)!r}: `id2label` must name the outputs, {{"0": "...", "1": "..."}}; got '
            f"{shorten(given)}."
        )
    return {int(key): name for key, name in names.items()}
