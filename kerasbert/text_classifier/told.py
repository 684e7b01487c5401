"""What a training tells of itself in a few lines: what it reads, what it is judged by, and what it kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.uncertainty.calibration import MEASURES, Calibration
from kerasbert.uncertainty.out_of_scope import OutOfScope

# Labels that are named with their counts.
MOST_LABELS = 10
ERROR = MEASURES[0]


def told_of_texts(untrained: TrainedClassifier) -> str:
    """How many texts are trained on, how many have each label, and which label is the positive one."""
    facts, outputs = untrained.data, untrained.outputs
    heads = []
    for head, names in outputs.label_names.items():
        words = _counted(names, facts["labels"][head])
        if outputs.tasks[head].rules.most == len(names) == 2:
            words += f"; positive label {names[1]!r}"
        heads.append(words if head == SINGLE_HEAD else f"{head}: {words}")
    texts = "pairs of texts" if facts["pairs"] else "texts"
    return f"Trains on {facts['num_texts']:,} {texts}. Labels: {'. '.join(heads)}."


def told_of_held_out(untrained: TrainedClassifier) -> str:
    """How many texts judge, and what they choose."""
    facts = untrained.data
    if not facts["num_held_out"]:
        return "No texts are held out: all train, and the last epoch is kept."
    has_thresholds = any(task.uses_thresholds for task in untrained.outputs.tasks.values())
    chosen = "the epoch and the thresholds" if has_thresholds else "the epoch"
    kind = "validation texts" if facts["validation_given"] else "more texts, held out of the same data,"
    return f"{facts['num_held_out']:,} {kind} choose {chosen}."


def told_of_epochs(history: Mapping[str, Sequence[float]], monitor: str, planned: int | None) -> str:
    """Which epoch was kept, by which measure, and whether training stopped early.

    Args:
        history: name -> a number for each epoch.
        monitor: the measure that chose, such as `"val_f1"`; the last epoch was kept where the history has none of it.
        planned: epochs that were to be trained; None: those of the history.
    """
    run = len(history.get("loss", ()))
    if not run:
        return ""
    planned = planned or run
    values = history.get(monitor, ())
    if len(values) != run:
        return f"Kept the last epoch, {run} of {planned}, with a training loss of {history['loss'][-1]:.4f}."
    # Of equally good epochs the later one is kept.
    lowest = monitor.endswith("loss")
    backwards = np.array(values[::-1], dtype=float)
    best = run - 1 - int(np.nanargmin(backwards) if lowest else np.nanargmax(backwards))
    early = f"; stopped early after epoch {run}" if run < planned else ""
    measure = monitor.removeprefix("val_").replace("_", " ")
    return f"Kept epoch {best + 1} of {planned}: {measure} {values[best]:.4f} on the texts that judge{early}."


def told_of_calibration(calibration: Calibration) -> str:
    """What calibration changed, and what that gains."""
    heads = [head for head in calibration.measured if head in calibration.scalings] or list(calibration.measured)
    gained = ", ".join(
        f"{'' if head == SINGLE_HEAD else head + ' '}{calibration.measured[head]['before'][ERROR]:.4f} -> "
        f"{calibration.measured[head]['after'][ERROR]:.4f}"
        for head in heads
    )
    if not calibration.scalings:
        return f"The probabilities stay as they are: calibration shows no gain on {calibration.num_texts:,} texts."
    return f"Calibrated the probabilities on {calibration.num_texts:,} texts: expected calibration error {gained}."


def told_of_scope(part: OutOfScope) -> str:
    """What share of texts in scope the out-of-scope threshold keeps, and what it takes to tell."""
    low, high = part.kept_interval
    return (
        f"Texts out of scope are told by {len(part.components)} scores over {part.num_reference:,} texts "
        f"({part.num_bytes / 1e6:.1f} MB): the threshold keeps {part.keep:.0%} of the texts in scope, between {low:.1%} and {high:.1%}."
    )


def _counted(names: Sequence[str], counts: Sequence[int]) -> str:
    """Labels with their counts, in their order; of many the most frequent."""
    pairs: list[tuple[Any, int]] = list(zip(names, counts, strict=True))
    if len(pairs) <= MOST_LABELS:
        return ", ".join(f"{name} {count:,}" for name, count in pairs)
    most = sorted(pairs, key=lambda pair: -pair[1])[: MOST_LABELS - 1]
    return f"{len(pairs)}, the most frequent {_counted(*zip(*most, strict=True))} and {len(pairs) - len(most)} more"
