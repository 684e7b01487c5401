"""`probe`: for every hidden state and pooling, how much a linear classifier reads from it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_int, check_number, check_texts, suggest_keywords
from kerasbert._core.errors import DataError
from kerasbert._core.progress import progress_bar
from kerasbert.evaluation import probe_scores as scores
from kerasbert.evaluation.distinct import count_different_texts, count_distinct
from kerasbert.evaluation.probe_report import ProbeReport, tells_texts_apart
from kerasbert.extraction.extract import fill, load_cell
from kerasbert.extraction.reader import FROZEN_POOLINGS, FeatureReader
from kerasbert.extraction.source import Source, open_source
from kerasbert.extraction.stores import NpyStore
from kerasbert.labels.encode import named_labels

MAX_TEXTS = 10_000
# Two clusters need a text more than there are clusters.
LEAST_CLUSTERED = 3


@suggest_keywords
def probe(
    source: Source,
    texts: Sequence[str],
    labels: Sequence[Any] | None = None,
    *,
    sublabels: Sequence[Any] | None = None,
    layers: int | Sequence[int] | str = "all",
    poolings: Any = FROZEN_POOLINGS,
    folds: int = 3,
    max_texts: int | None = MAX_TEXTS,
    validity: bool | None = None,
    regularization: float = 1.0,
    max_length: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> ProbeReport:
    """Find the hidden state and pooling from which labels, or subclasses inside them, can be read best.

    The texts go through the frozen encoder once; the vectors go to files, and one array of them at a time is read back. On
    each array scikit-learn's logistic regression is cross-validated. With sub-labels it is fitted inside each class, on
    the sub-labels; and clusters found without any label are judged by their silhouette. Hidden states whose vectors hardly
    differ, such as `[CLS]` in the embeddings, which is the same for every text, are named and never recommended.

    Args:
        source: name or folder of a checkpoint, folder of a saved classifier, a trained `TextClassifier` or its
            `TrainedClassifier`, or a pair of an encoder and a `Tokenizer`.
        texts: n texts.
        labels: n labels, or n lists of labels, which are scored by macro-F1. None: only clusters of all texts are judged.
        sublabels: n labels of subclasses inside the labels; None in a row leaves it out of their judgement.
        layers: hidden states, 0 the embeddings and -1 the last block; `"all"` for each of them.
        poolings: names or trained pooling layers.
        folds: of the cross-validation, >= 2. Labels with fewer texts are left out and reported.
        max_texts: a sample of at most so many texts is read, with the labels in their proportions; None reads all.
        validity: whether clusters are judged; None: with sub-labels or without labels.
        regularization: scikit-learn's `C` on standardised vectors, > 0.
        max_length: longest text in tokens; None: the classifier's own, or 128.
        seed: of the sample, the folds and the clusters.
        progress: whether to show bars on standard error.

    Returns:
        The report: rows by layer and pooling, a table, a heat map, and the builder call that it recommends.

    Raises:
        ConfigError: when an argument is out of its range.
        DataError: when fewer than two labels have as many texts as folds, there are not as many labels as texts, or no
            hidden state that is read tells the texts apart.
        TypeError: when an argument has the wrong type.

    Example:
        >>> texts, labels = ["good", "fine", "great", "bad", "awful", "poor"], ["+", "+", "+", "-", "-", "-"]
        >>> report = probe("all-MiniLM-L6-v2", texts, labels, layers=(0, -1), poolings="mean")
        >>> len(report.rows), report.recommendation
        (2, "kb.build_multiclass(2, encoder='all-MiniLM-L6-v2', layers=..., pooling='mean')")

    Reference:
        Tenney et al., "BERT Rediscovers the Classical NLP Pipeline", 2019; Rousseeuw, "Silhouettes", 1987.
    """
    check_int("folds", folds, 2)
    check_number("regularization", regularization, 0, open_minimum=True)
    check_int("seed", seed, 0, 2**32 - 1)
    if validity is None:
        validity = sublabels is not None or labels is None
    check_bool("validity", validity)
    texts = check_texts("texts", texts)
    labels = None if labels is None else named_labels(labels, several=None)
    sublabels = None if sublabels is None else named_labels(sublabels, unknown=True, source="sublabels")
    _check_rows(len(texts), labels=labels, sublabels=sublabels)
    rows, targets, left_out = scores.sample_rows(labels, len(texts), folds=folds, max_texts=max_texts, seed=seed)
    questions = scores.Questions(
        targets,
        None if sublabels is None else [sublabels[row] for row in rows],
        folds=folds,
        validity=validity,
        regularization=regularization,
        seed=seed,
    )
    opened = open_source(source, max_length=max_length)
    reader = FeatureReader(opened.encoder, layers, poolings, window_pooling=opened.window_pooling)
    with tempfile.TemporaryDirectory(prefix="kerasbert-probe-") as folder:
        with (
            NpyStore(Path(folder), reader.cells, reader.hidden_size, "float32") as store,
            progress_bar("reading texts", len(rows), shown=progress) as advance,
        ):
            fill(store, reader, opened.tokenizer, [[texts[row] for row in rows]], advance=advance)
        num_different = count_different_texts(opened.tokenizer, [texts[row] for row in rows])
        numbers = {cell: count_distinct(load_cell(Path(folder), cell)) for cell in reader.cells}
        _check_distinct(numbers, num_different, labels)
        with progress_bar("fitting", len(reader.cells), shown=progress) as advance:
            results = [
                _judge(Path(folder), cell, questions, (numbers[cell], num_different), advance) for cell in numbers
            ]
    return ProbeReport(
        rows=tuple(results),
        encoder=opened.name,
        task=questions.task,
        num_labels=questions.num_labels,
        num_texts=len(rows),
        num_hidden_layers=opened.encoder.config.num_hidden_layers,
        folds=folds,
        left_out=left_out,
        num_different_texts=num_different,
    )


def _judge(
    folder: Path, cell: tuple[int, str], questions: scores.Questions, different: tuple[int, int], advance: Any
) -> dict[str, Any]:
    """The row of a report for one layer and pooling."""
    found = questions.ask(np.array(load_cell(folder, cell)), clusters=tells_texts_apart(*cell, *different))
    advance(1)
    return {"layer": cell[0], "pooling": cell[1], "different_vectors": different[0], **found}


def _check_distinct(numbers: dict[tuple[int, str], int], num_different: int, labels: Any) -> None:
    if labels is None and num_different < LEAST_CLUSTERED:
        raise DataError(
            f"`texts` must hold at least {LEAST_CLUSTERED} different texts to judge clusters of them; got {num_different}."
        )
    if not any(tells_texts_apart(*cell, number, num_different) for cell, number in numbers.items()):
        listed = ", ".join(f"layer {layer}, {pooling}: {number}" for (layer, pooling), number in numbers.items())
        raise DataError(
            f"`layers` and `poolings` must hold a hidden state that tells the texts apart; of {num_different} different "
            f"texts these have so many different vectors: {listed}. Read other layers, or the pooling 'mean'."
        )


def _check_rows(count: int, **columns: Sequence[Any] | None) -> None:
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise DataError(f"`{name}` must have one entry for each of the {count} texts; got {len(column)}.")
    if not count:
        raise DataError("`texts` must hold at least one text; got none.")
