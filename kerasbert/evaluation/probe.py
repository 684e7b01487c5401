"""`probe`: score a linear classifier on every hidden state and pooling."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_int, check_number, check_texts
from kerasbert._core.errors import DataError
from kerasbert._core.options import filled, takes_options
from kerasbert._core.progress import progress_bar
from kerasbert.caching.settings import CacheSettings
from kerasbert.classifiers.pooling import Pooling
from kerasbert.classifiers.settings import FROZEN_POOLINGS
from kerasbert.evaluation.distinct import count_distinct, count_distinct_texts
from kerasbert.evaluation.probe_report import ProbeReport, separates_texts
from kerasbert.evaluation.probe_scores import ProbeScorer, sample_rows
from kerasbert.evaluation.settings import MAX_TEXTS
from kerasbert.extraction.extract import fill, load_cell
from kerasbert.extraction.reader import FeatureReader
from kerasbert.extraction.source import Source, open_source
from kerasbert.extraction.stores import NpyStore
from kerasbert.labels.encode import named_labels

# A silhouette needs a text more than there are clusters.
LEAST_CLUSTERED = 3


@dataclasses.dataclass(kw_only=True)
class FitSettings:
    """How the linear classifiers of `probe` are fitted.

    Args:
        regularization: scikit-learn's `C` on standardised vectors, > 0.
        seed: of the sample, the folds and the clusters.

    Example:
        >>> FitSettings().regularization
        1.0
    """

    regularization: float = 1.0
    seed: int = 0


@takes_options(FitSettings, CacheSettings)
def probe(
    source: Source,
    texts: Sequence[str],
    labels: Sequence[object] | None = None,
    *,
    sublabels: Sequence[object] | None = None,
    layers: int | Sequence[int] | str = "all",
    poolings: str | Pooling | Sequence[str | Pooling] = FROZEN_POOLINGS,
    folds: int = 3,
    max_texts: int | None = MAX_TEXTS,
    clusters: bool | None = None,
    max_length: int | None = None,
    verbose: bool = False,
    **options: Any,
) -> ProbeReport:
    """Find the hidden state and pooling that are best for labels, or for subclasses inside them.

    The texts go through the frozen encoder once. On every hidden state and pooling scikit-learn's logistic regression is
    cross-validated, with sub-labels also inside each class, and clusters are scored by their silhouette. Hidden states
    whose vectors hardly differ, such as `[CLS]` in the embeddings, are never recommended.

    Args:
        source: name or folder of a checkpoint, folder of a saved classifier, a trained `TextClassifier` or its
            `TrainedClassifier`, or a pair of an encoder and a `Tokenizer`.
        texts: n texts.
        labels: n labels, or n lists of labels, scored by macro-F1. None: only clusters of all texts are scored.
        sublabels: n labels of subclasses inside the labels; None where unknown.
        layers: hidden states, 0 the embeddings and -1 the last block; `"all"` for each of them.
        poolings: names or trained pooling layers.
        folds: of the cross-validation, >= 2. Labels with fewer texts are left out and named.
        max_texts: size of the sample, stratified by label; None reads all texts.
        clusters: whether clusters are scored; None: with sub-labels or without labels.
        max_length: longest text in tokens; None: the classifier's own, or 128.
        verbose: whether to show progress bars on standard error.
        **options: those of `FitSettings` and `CacheSettings`.

    Returns:
        The report, with scores by layer and pooling and the recommended builder call.

    Raises:
        ConfigError: when an argument is out of its range.
        DataError: when fewer than two labels have as many texts as folds, numbers of labels and texts differ, or no hidden
            state separates the texts.
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
    settings, cache = filled(FitSettings, None, options), filled(CacheSettings, None, options).checked()
    seed = check_int("seed", settings.seed, 0, 2**32 - 1)
    regularization = check_number("regularization", settings.regularization, 0, open_minimum=True)
    clusters = sublabels is not None or labels is None if clusters is None else check_bool("clusters", clusters)
    texts = check_texts("texts", texts)
    labels = None if labels is None else named_labels(labels, several=None)
    sublabels = None if sublabels is None else named_labels(sublabels, unknown=True, source="sublabels")
    _check_rows(len(texts), labels=labels, sublabels=sublabels)
    rows, sampled, left_out = sample_rows(labels, len(texts), folds=folds, max_texts=max_texts, seed=seed)
    sampled_sublabels = None if sublabels is None else [sublabels[row] for row in rows]
    scorer = ProbeScorer(
        sampled, sampled_sublabels, folds=folds, clusters=clusters, regularization=regularization, seed=seed
    )
    opened, texts = open_source(source, max_length=max_length), [texts[row] for row in rows]
    reader = FeatureReader(opened.encoder, layers, poolings, window_pooling=opened.window_pooling, cache=cache)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kerasbert-probe-") as name:
        folder = Path(name)
        with (
            NpyStore(folder, reader.cells, reader.hidden_size, "float32") as store,
            progress_bar("reading texts", len(texts), shown=verbose) as advance,
        ):
            fill(store, reader, opened.tokenizer, [texts], advance=advance)
        num_different = count_distinct_texts(opened.tokenizer, texts)
        numbers = {cell: count_distinct(load_cell(folder, cell)) for cell in reader.cells}
        _check_distinct(numbers, num_different, labels)
        with progress_bar("fitting", len(reader.cells), shown=verbose) as advance:
            for cell, number in numbers.items():
                is_distinct = separates_texts(*cell, number, num_different)
                scores = scorer.score(np.array(load_cell(folder, cell)), is_distinct=is_distinct)
                results.append({"layer": cell[0], "pooling": cell[1], "different_vectors": number, **scores})
                advance(1)
    return ProbeReport(
        rows=tuple(results),
        encoder=opened.name,
        task=scorer.task,
        num_labels=scorer.num_labels,
        num_texts=len(texts),
        num_hidden_layers=opened.encoder.config.num_hidden_layers,
        folds=folds,
        left_out=left_out,
        num_different_texts=num_different,
        max_length=opened.tokenizer.max_length,
    )


def _check_distinct(numbers: dict[tuple[int, str], int], num_different: int, labels: Sequence[Any] | None) -> None:
    if labels is None and num_different < LEAST_CLUSTERED:
        raise DataError(
            f"`texts` must hold at least {LEAST_CLUSTERED} different texts to score clusters of them; got {num_different}."
        )
    if not any(separates_texts(*cell, number, num_different) for cell, number in numbers.items()):
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
