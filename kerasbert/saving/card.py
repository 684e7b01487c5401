"""The model card of a saved classifier, in Hugging Face's form."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.encoder_folders import hub_id
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._version import __version__
from kerasbert.classifiers.given_pooling import pooling_name
from kerasbert.objectives.scores import tell_absent_labels
from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.rebuild import weights_by_path
from kerasbert.uncertainty.abstention import Abstention
from kerasbert.uncertainty.calibration import MEASURES, Calibration
from kerasbert.uncertainty.fitted import of_head
from kerasbert.uncertainty.out_of_scope import OutOfScope
from kerasbert.uncertainty.sets import PredictionSets

CARD_FILE = "README.md"
# Fewer training texts than this are too few to learn a label from, or to judge it by.
FEW_TEXTS = 10
SETTINGS = (
    "epochs batch_size learning_rate head_learning_rate pooling layers hidden_units dropout "
    "max_length long_texts patience precision seed"
).split()
TUNED = (
    "Thresholds were chosen on the held-out texts for the best F1 of each label, drawn towards a common one where a label "
    "is rare."
)
HELD_OUT = ("test", "validation")
# Which data was scored, and the scores by head.
Scores = tuple[str, dict[str, Mapping[str, Any]]]
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~$>-])")


def model_card(
    trained: ClassifierParts,
    *,
    usage: str | None = None,
    measured: str | None = None,
    library: str = "kerasbert",
    pipeline: bool = True,
) -> str:
    """Write the card of a saved classifier: data, settings, metrics, thresholds, limits, and how to load it.

    It holds no date and no path of the machine, so that the same classifier always gets the same card. What is not known
    is left out. Label names are escaped; they stay text whatever they hold.

    Args:
        trained: what is saved; its metrics may hold scores under `test` or `validation`.
        usage: how the artefact is used, Markdown; None for a saved classifier.
        measured: what was measured when it was exported, Markdown.
        library: that loads it, by the hub's name.
        pipeline: whether it can be used as a pipeline for classifying texts.

    Reference:
        Mitchell et al., "Model Cards for Model Reporting", 2019.
    """
    scores = _scores(trained)
    parts = [
        _front_matter(trained, scores, library, pipeline),
        "# Text classifier\n\n" + _summary(trained),
        "## How to use it\n\n" + (usage or _usage(trained)),
        *(["## Measured at the export\n\n" + measured] if measured else []),
        "## Data\n\n" + _data(trained),
        "## Training\n\n" + _training(trained),
        *(["## Metrics\n\n" + _metrics(*scores)] if scores else []),
        "## Labels and thresholds\n\n" + _labels(trained, scores),
        *([one.told for one in trained.attachments.values() if one.told] if usage is None else []),
        "## Limits\n\n" + _limits(trained),
    ]
    return "\n\n".join(parts) + "\n"


def as_yaml(text: str) -> str:
    """Quote a text as a YAML scalar.

    Example:
        >>> print(as_yaml('a "b": #c'))
        "a \\"b\\": #c"
    """
    return '"' + "".join(_yaml_character(character) for character in text) + '"'


def as_markdown(text: str) -> str:
    """Escape a text for Markdown, in a table as well; line breaks and control characters become spaces.

    Example:
        >>> as_markdown("<b>|*x*")
        '&lt;b\\\\>\\\\|\\\\*x\\\\*'
    """
    plain = "".join(character if character.isprintable() else " " for character in text)
    return MARKDOWN.sub(r"\\\1", plain.replace("&", "&amp;").replace("<", "&lt;"))


def encoder_name(encoder: str) -> str | None:
    """Return the name of an encoder, if it is one of the hub; None for a folder, whose path is nobody's business.

    Example:
        >>> encoder_name("bert-base-uncased"), encoder_name("/home/me/bert")
        ('bert-base-uncased', None)
    """
    is_name = re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", encoder)
    return encoder if is_name and not os.path.isdir(encoder) else None


def _yaml_character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"


def _scores(trained: ClassifierParts) -> Scores | None:
    """Find which data was scored, and the scores by head."""
    metrics = trained.metrics
    for name in HELD_OUT:
        found = metrics.get(name)
        if isinstance(found, Mapping):
            heads = {SINGLE_HEAD: found} if "per_label" in found else found
            if all(isinstance(heads.get(head), Mapping) and "per_label" in heads[head] for head in trained.model.heads):
                return name, {head: heads[head] for head in trained.model.heads}
    return None


def _front_matter(trained: ClassifierParts, scores: Scores | None, library: str, pipeline: bool) -> str:
    tasks = sorted({head.task.name for head in trained.model.heads.values()})
    base = encoder_name(str(trained.settings.get("encoder", "")))
    kinds = ["text-classification"] if pipeline else []
    lines = [f"library_name: {library}", *[f"pipeline_tag: {kind}" for kind in kinds]]
    lines += ["tags:", *[f"- {tag}" for tag in ("bert", "keras", *kinds, *tasks)]]
    if base:
        lines.append(f"base_model: {as_yaml(hub_id(base))}")
    if scores:
        lines += ["model-index:", f"- name: {as_yaml(trained.model.name)}", "  results:"]
        for head, values in scores[1].items():
            where = scores[0] if head == SINGLE_HEAD else f"{scores[0]}, {head}"
            lines += ["  - task:", "      type: text-classification", "    dataset:", f"      name: {as_yaml(where)}"]
            lines += [f"      type: {as_yaml(scores[0])}", "    metrics:"]
            for kind, value in (("accuracy", values["accuracy"]), ("f1", values["macro"]["f1"])):
                name = "Accuracy" if kind == "accuracy" else "Macro-F1"
                number = "null" if value is None else f"{value:.6f}"
                lines += [f"    - type: {kind}", f"      name: {name}", f"      value: {number}"]
    return "\n".join(["---", *lines, "---"])


def _summary(trained: ClassifierParts) -> str:
    model, settings = trained.model, trained.settings
    config = model.encoder.config
    base = encoder_name(str(settings.get("encoder", "")))
    origin = f", fine-tuned from `{base}`" if base else ""
    count = sum(int(np.prod(weight.shape)) for weight in weights_by_path(model).values())
    heads = "; ".join(
        f"{'' if name == SINGLE_HEAD else as_markdown(name) + ': '}{head.task.name}, {len(head.label_names)} labels"
        for name, head in model.heads.items()
    )
    return (
        f"A BERT text classifier ({heads}){origin}. The encoder has {config.num_hidden_layers} layers, "
        f"{config.hidden_size} wide; the model {count:,} weights. Made with kerasbert {__version__}."
    )


def _usage(trained: ClassifierParts) -> str:
    pairs = ', ["and the text it is read with"]' if trained.data.get("pairs") else ""
    return (
        "In this folder, or with its path instead of the dot:\n\n"
        "```python\n"
        "import kerasbert as kb\n\n"
        'classifier = kb.load(".")\n'
        f'print(classifier.predict(["a text to label"]{pairs}))\n'
        f'print(classifier.predict_proba(["a text to label"]{pairs}))\n'
        "```\n\n"
        "Loading needs no network, runs nothing of the folder, and refuses it if a file was changed; "
        "`kerasbert evaluate DIR DATA` judges it on texts of your own."
    )


def _data(trained: ClassifierParts) -> str:
    data = trained.data
    if not data:
        return "What it was trained on is not recorded."
    lines = [f"- {data['num_texts']:,} {'pairs of texts' if data['pairs'] else 'texts'} to train on"]
    if data["num_held_out"]:
        lines.append(
            f"- {data['num_held_out']:,} more to choose the best epoch and thresholds on, "
            + ("given apart" if data["validation_given"] else "held out of the same data")
        )
    share = data["num_cut"] / max(data["num_texts"], 1)
    lines.append(f"- {data['num_cut']:,} ({share:.1%}) of the training texts were cut at {data['max_length']} tokens")
    return "\n".join(lines)


def _training(trained: ClassifierParts) -> str:
    # The one that was taken from a folder of sentence-transformers, or is a layer of the user's.
    settings = dict(trained.settings)
    if "pooling" in settings:
        settings["pooling"] = pooling_name(trained.model.features.pooling)
    rows = [f"| {name} | {as_markdown(_plain(settings[name]))} |" for name in SETTINGS if name in settings]
    done = len(trained.history.get("loss", []))
    ended = f"\n\nTraining ran for {done} epoch{'s' * (done != 1)}." if done else ""
    return "\n".join(["| setting | value |", "|---|---|", *rows]) + ended


def _plain(value: Any) -> str:
    if value is None or value == () or value == []:
        return "default" if value is None else "none"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _metrics(source: str, heads: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"On the {source} data:", "", "| head | texts | accuracy | macro-F1 | micro-F1 |", "|---|---|---|---|---|"]
    for head, values in heads.items():
        intervals = values.get("intervals", {})
        numbers = {"accuracy": values["accuracy"]} | {f"{one}_f1": values[one]["f1"] for one in ("macro", "micro")}
        cells = [_number(value) + _interval(intervals.get(key)) for key, value in numbers.items()]
        name = "labels" if head == SINGLE_HEAD else as_markdown(head)
        lines.append(f"| {name} | {values['num_examples']} | " + " | ".join(cells) + " |")
    if any("intervals" in values for values in heads.values()):
        lines += [
            "",
            "In brackets where a score lies with 95 % confidence, had other texts of the same kind been judged.",
        ]
    for values in heads.values():
        if absent := tell_absent_labels(values):
            lines += ["", as_markdown(absent)]
    if source == "validation":
        lines += ["", "The best epoch and the thresholds were chosen on the same data, so expect a little less."]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" ({ends[0]:.4f} to {ends[1]:.4f})"


def _labels(trained: ClassifierParts, scores: Scores | None) -> str:
    parts = []
    for name, head in trained.model.heads.items():
        title = "" if name == SINGLE_HEAD else f"### {as_markdown(name)}\n\n"
        parts.append(title + _label_table(trained, name, head, scores[1][name] if scores else None))
    return "\n\n".join([*parts, _how_decided(trained)])


def _label_table(trained: ClassifierParts, name: str, head: Any, scores: Mapping[str, Any] | None) -> str:
    counts = trained.data.get("labels", {}).get(name)
    thresholds = head.task.thresholds_by_label(trained.thresholds[name])
    columns: dict[str, Sequence[str]] = {"label": [as_markdown(label) for label in head.label_names]}
    if counts:
        columns["training texts"] = [f"{count:,}" for count in counts]
    if any(value is not None for value in thresholds):
        columns["threshold"] = [_number(value) for value in thresholds]
    if scores:
        found = [scores["per_label"].get(label, {}) for label in head.label_names]
        columns |= {title: [_number(row.get(title)) for row in found] for title in ("precision", "recall", "f1")}
    rows = ["| " + " | ".join(row) + " |" for row in zip(*columns.values(), strict=True)]
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *rows])


def _how_decided(trained: ClassifierParts) -> str:
    ways = list(dict.fromkeys(head.task.decision for head in trained.model.heads.values()))
    if trained.outputs.tunes_thresholds:
        ways.append(TUNED if trained.data.get("num_held_out") else "Thresholds were not tuned.")
    return " ".join(ways)


def _belief(trained: ClassifierParts) -> str:
    """How far its probabilities can be believed, and what its sets promise."""
    calibration, sets = Calibration.of(trained.uncertainty), PredictionSets.of(trained.uncertainty)
    told = "Its scores order texts; as probabilities they may be too sure."
    if calibration is not None and calibration.scalings:
        errors = ", ".join(
            f"{values['after'][MEASURES[0]]:.4f} instead of {values['before'][MEASURES[0]]:.4f}"
            + ("" if head == SINGLE_HEAD else f" ({as_markdown(head)})")
            for head, values in calibration.measured.items()
        )
        told = (
            f"Its probabilities were calibrated on {calibration.num_texts:,} texts that it was not trained on, each judged by "
            f"what the others say: an expected calibration error of {errors}. They hold for texts like these."
        )
    if sets is not None:
        told += (
            f" Its sets of labels hold the true one with a promised share of up to {sets.largest_coverage:.4f}, for texts like "
            f"those that they were fitted on."
        )
    return told


def _doubts(trained: ClassifierParts) -> list[str]:
    """Which texts it can leave without a label, and what is known of that."""
    told, scope = [], OutOfScope.of(trained.uncertainty)
    if scope is not None:
        low, high = scope.kept_interval
        given = f" and {scope.num_examples:,} out of it" if scope.num_examples else ""
        told.append(
            f"It can reject texts that belong to none of its labels (`reject`): the threshold keeps {scope.keep:.0%} of the texts in "
            f"scope, between {low:.1%} and {high:.1%} as judged on {scope.num_validation:,} texts in scope{given}."
        )
    abstention = Abstention.of(trained.uncertainty)
    for decision, promise in ({} if abstention is None else abstention.promises).items():
        told.append(
            f"It can leave unsure predictions to a person (`abstain`){of_head(decision)}: of what it answers at least "
            f"{promise.precision:.1%} is right, with {promise.sure:.0%} confidence; it answered {promise.answered:.1%} of "
            f"{promise.num_texts:,} validation texts."
        )
    return told


def _limits(trained: ClassifierParts) -> str:
    lines = [
        "It knows no other labels than these, and gives every text an answer, also one of another kind or language than "
        "it was trained on.",
        f"It reads {trained.tokenizer.max_length} tokens of a text at a time."
        if trained.settings.get("long_texts") == "windows"
        else f"It reads at most {trained.tokenizer.max_length} tokens of a text; more are left out.",
        _belief(trained),
        *_doubts(trained),
        "It repeats what its training texts say, with their errors and prejudices. Judge it on your own texts.",
    ]
    for name, counts in trained.data.get("labels", {}).items():
        labels = trained.model.heads[name].label_names
        few = [as_markdown(label) for label, count in zip(labels, counts, strict=True) if count < FEW_TEXTS]
        if few:
            where = "" if name == SINGLE_HEAD else f" of {as_markdown(name)}"
            shown = ", ".join(few[:20]) + (f" and {len(few) - 20} more" if len(few) > 20 else "")
            lines.append(f"Fewer than {FEW_TEXTS} training texts have these labels{where}: {shown}.")
    return "\n".join(f"- {line}" for line in lines)
