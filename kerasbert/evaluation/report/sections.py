"""What the page of a report says: the content of `report.html`, from the numbers of `metrics.json`."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.classifiers.given_pooling import pooling_name
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.report.findings import Number, headline, headline_of_levels, other_numbers, rows_of_labels
from kerasbert.evaluation.report.gallery import cell_address
from kerasbert.evaluation.report.page import clean, shorten_text
from kerasbert.labels.cells import LabelCells
from kerasbert.objectives.ranked_scores import AVERAGES
from kerasbert.objectives.scores import tell_absent_labels
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.task import Task

HIERARCHY = "hierarchy"
# Characters of a text in a list, where many stand below each other.
SHORT_TEXT = 200


class TextsOfPage(NamedTuple):
    """The n texts of a report and where they are from.

    Args:
        texts: n texts.
        pairs: n second texts, or None.
        places: n names of places, such as `line 3`.
    """

    texts: Sequence[str]
    pairs: Sequence[str] | None
    places: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str], pairs: Sequence[str] | None, labels: Any) -> Self:
        """Locate each text: by its line in a file, else by its number, both from 1."""
        columns = labels.values() if isinstance(labels, Mapping) else [labels]
        column = next((one for one in columns if isinstance(one, LabelCells) and len(one) == len(texts)), None)
        numbers = range(1, len(texts) + 1) if column is None else column.rows
        unit = "text" if column is None else column.unit
        return cls(texts, pairs, [f"{unit} {number}" for number in numbers])

    def place(self, row: int) -> str:
        """Return the place of a row, which counts from 1."""
        return self.places[row - 1]

    def describe(self, row: int, limit: int | None = None) -> dict[str, Any]:
        """Return text, second text and place of a row, which counts from 1."""
        cut = {} if limit is None else {"limit": limit}
        text, pair = self.texts[row - 1], None if self.pairs is None else self.pairs[row - 1]
        shown = None if pair is None else shorten_text(pair, **cut)
        return {"text": shorten_text(text, **cut), "pair": shown, "place": self.place(row)}


def section_of_head(
    task: Task, head: str, found: Mapping[str, Any], metrics: Mapping[str, Any], given: TextsOfPage
) -> dict[str, Any]:
    """Return what the page says of one head, but for its pictures."""
    intervals = _of_head(metrics["intervals"], head)
    place = list(metrics["heads"]).index(head) + 1
    return dict(found) | {
        "name": head,
        "num_labels": len(found["label_names"]),
        "exclusive": task.exclusive,
        "numbers": _with_intervals(headline(task, found["scores"]), intervals),
        "others": other_numbers(found),
        "absent": tell_absent_labels(found["scores"]),
        "comparison": _of_head(metrics["comparison"], head),
        "beside": _beside((metrics["side_by_side"] or {}).get(head), given),
        "rows": rows_of_labels(found),
        "has_thresholds": any(value is not None for value in found["thresholds"].values()),
        "confusions": _confusions(found, given, place),
        "pairs": _pairs(found, place),
        "mistakes": [dict(mistake) | given.describe(mistake["row"]) for mistake in found["surest_mistakes"]],
        "errors": [_error(error, found["label_names"], given) for error in found["label_errors"] or []],
    }


def _confusions(found: Mapping[str, Any], given: TextsOfPage, place: int) -> list[dict[str, Any]]:
    """Return the texts behind the cells of the matrix."""
    if found["confusion"] is None:
        return []
    names = found["confusion"]["names"]
    return [
        {
            "id": cell_address(place, cell["true"], cell["predicted"]),
            "true": names[cell["true"]],
            "predicted": names[cell["predicted"]],
            "count": cell["count"],
            "texts": [given.describe(row, SHORT_TEXT) for row in cell["rows"]],
        }
        for cell in found["confusion"]["texts"]
    ]


def _pairs(found: Mapping[str, Any], place: int) -> list[dict[str, Any]]:
    """Return the most frequent confusions, each with the address of its texts where they are listed."""
    if len(found["label_names"]) <= 2:
        return []
    names = found["label_names"]
    cells = [] if found["confusion"] is None else found["confusion"]["texts"]
    listed = {(cell["true"], cell["predicted"]) for cell in cells}
    pairs = []
    for pair in found["confused_pairs"]:
        cell = names.index(pair["true"]), names.index(pair["predicted"])
        pairs.append(dict(pair) | {"address": cell_address(place, *cell) if cell in listed else None})
    return pairs


def _error(error: Mapping[str, Any], names: Sequence[str], given: TextsOfPage) -> dict[str, Any]:
    neighbours = [dict(one) | given.describe(one["row"], SHORT_TEXT) for one in error["neighbours"]]
    return dict(error) | given.describe(error["row"]) | {"neighbours": neighbours}


def _beside(found: Mapping[str, Any] | None, given: TextsOfPage) -> dict[str, Any] | None:
    if found is None:
        return None
    changed = [
        (
            title,
            found[key]["count"],
            [dict(one) | given.describe(one["row"], SHORT_TEXT) for one in found[key]["texts"]],
        )
        for key, title in (("gained", found["names"][0]), ("lost", found["names"][1]))
        if found[key] is not None
    ]
    return dict(found) | {"changed": changed}


def _of_head(values: Mapping[str, Any] | None, head: str) -> Mapping[str, Any]:
    return (values or {}) if head == SINGLE_HEAD else (values or {}).get(head, {})


def _with_intervals(numbers: Sequence[Number], intervals: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [number._asdict() | {"interval": intervals.get(number.key)} for number in numbers]


def content_of_page(
    classifier: TrainedClassifier, metrics: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> dict[str, Any]:
    """Return what the page says of all heads together."""
    together = metrics["scores"].get(HIERARCHY) if classifier.model.hierarchy is not None else None
    of_levels = _of_head(metrics["intervals"], HIERARCHY)
    encoder = metrics["settings"]["encoder"]
    return {
        "title": _title(classifier.outputs),
        "lead": f"Evaluated on {metrics['num_texts']:,} labelled texts. Fine-tuned from {encoder}.",
        "warnings": metrics["warnings"],
        "overview": list(outcomes) != [SINGLE_HEAD],
        "levels": None if together is None else _with_intervals(headline_of_levels(together), of_levels),
        "inconsistent": 0 if together is None else together["inconsistent"],
        "num_texts": metrics["num_texts"],
        "overlap": metrics["training_overlap"],
        "averages": AVERAGES,
        "empty_heads": [head for head in outcomes if head not in metrics["heads"]],
        "facts": _facts(classifier, metrics, outcomes),
        "version": metrics["kerasbert_version"],
        "created": metrics["created"],
    }


def _title(outputs: Outputs) -> str:
    if outputs.hierarchy is not None:
        return f"Hierarchical classifier of {len(outputs.tasks)} levels"
    if SINGLE_HEAD not in outputs.tasks:
        return f"Multi-task classifier of {len(outputs.tasks)} heads"
    task = outputs.tasks[SINGLE_HEAD]
    count = len(task.label_names)
    if task.units < count:
        return f"{task.title} classifier: " + " or ".join(clean(shorten_text(name, 40)) for name in task.label_names)
    return f"{task.title} classifier of {count:,} label{'s' if count > 1 else ''}"


def _facts(
    classifier: TrainedClassifier, metrics: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> list[tuple[str, str]]:
    settings, config = metrics["settings"], classifier.model.encoder.config
    epochs = max((len(values) for values in metrics["history"].values()), default=None)
    data = classifier.data or {"num_texts": classifier.metrics.get("num_training_examples")}
    facts = [
        ("Encoder", f"{settings['encoder']}, {config.num_hidden_layers} layers of {config.hidden_size}"),
        ("Parameters", f"{classifier.model.count_params() / 1e6:,.1f} million"),
        ("Labels", ", ".join(f"{len(outcome.label_names):,}" for outcome in outcomes.values())),
        ("Training texts", _count(data["num_texts"])),
        ("Validation texts", _count(data.get("num_held_out") or None)),
        ("Test texts", f"{metrics['num_texts']:,}, {metrics['num_cut']:,} of them cut"),
        ("Longest text", f"{classifier.tokenizer.max_length} tokens"),
        ("Longer texts", classifier.tokenizer.long_texts.way.replace("_", " and ")),
        ("Epochs", settings.get("epochs") if epochs is None else epochs),
        ("Loss at the end", _last(metrics["history"], "loss")),
        ("Batch size", settings.get("batch_size")),
        ("Learning rate", _rates(settings)),
        ("Pooling", pooling_name(classifier.model.features.pooling) if "pooling" in settings else None),
        ("Dropout in the head", settings.get("dropout")),
        ("Precision", settings.get("precision")),
        ("Seed", settings.get("seed")),
    ]
    return [(name, str(value)) for name, value in facts if value is not None]


def _last(history: Mapping[str, Sequence[float]], name: str) -> str | None:
    values = {"training": history.get(name), "validation": history.get(f"val_{name}")}
    return ", ".join(f"{one[-1]:.3f} ({data})" for data, one in values.items() if one) or None


def _rates(settings: Mapping[str, Any]) -> str | None:
    if not {"learning_rate", "head_learning_rate"} <= set(settings):
        return None
    return f"{settings['learning_rate']:g}, of the head {settings['head_learning_rate']:g}"


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"
