"""Turn whatever `fit` is given into training data."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.hierarchy import level_names
from kerasbert.reading.examples import Examples
from kerasbert.text_classifier.cached_texts import CachedTexts
from kerasbert.text_classifier.settings import Settings
from kerasbert.text_classifier.texts_in_memory import TextsInMemory
from kerasbert.text_classifier.training_data import TrainingData


def training_data(data: Any, labels: Any, text_pairs: Sequence[str] | None, *, settings: Settings) -> TrainingData:
    """Turn the arguments of `TextClassifier.fit` into training data.

    Raises:
        ConfigError: when an argument does not go with the data.
        DataError: when there are no labels.
        TypeError: when the texts are no column of texts.
    """
    if isinstance(data, TokenCache):
        _refuse({"labels": labels, "text_pairs": text_pairs}, "must be left out with a token cache, which holds them")
        return CachedTexts(data)
    _refuse(
        {"token_budget": settings.token_budget, "augment": settings.augment},
        "goes with a token cache, see `prepare_tokens`",
    )
    if isinstance(data, Examples):
        _refuse({"text_pairs": text_pairs}, "must be left out with `Examples`, which hold them")
        labels = labels_of_examples(data, settings) if labels is None else labels
        return TextsInMemory(data.texts, labels, data.text_pairs)
    if labels is None:
        raise DataError("`labels` must be given with texts, a label for each; got None.")
    return TextsInMemory(data, labels, text_pairs)


def _refuse(options: Mapping[str, Any], reason: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"`{name}` {reason}; got {shorten(value)}.")


def labels_of_examples(examples: Examples, settings: Settings) -> Any:
    """Return the labels of examples as `fit` takes them: the only column, or a column of the name of each head.

    Columns of a hierarchy stand from the class down.

    Raises:
        DataError: when it has other columns.
    """
    columns, plan = examples.labels, settings.plan()
    if plan.has_levels:
        return dict(zip(level_names(len(columns)), columns.values(), strict=True))
    if plan.has_several_heads and set(plan.tasks) <= set(columns):
        return {head: columns[head] for head in plan.tasks}
    if not plan.has_several_heads and len(columns) == 1:
        return next(iter(columns.values()))
    wanted = f"the label columns {', '.join(plan.tasks)}" if plan.has_several_heads else "one label column"
    raise DataError(
        f"`Examples` must have {wanted}; got {', '.join(map(repr, columns)) or 'none'}. Or pass `labels` as well, such as "
        f"examples.labels['NAME']."
    )
