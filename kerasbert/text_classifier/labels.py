"""Labels and validation data as `fit` takes them."""

from typing import Any

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import DataError
from kerasbert.labels.hierarchy import level_names
from kerasbert.reading.examples import Examples
from kerasbert.text_classifier.settings import Settings

# Texts, labels and perhaps second texts.
Validation = tuple[Any, ...]


def checked_validation(validation: Any) -> tuple[list[str], Any, list[str] | None] | None:
    """The `validation` of `fit` as texts, labels and second texts, each of which can be read again."""
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise TypeError(
            f"`validation` must be (texts, labels) or (texts, labels, text_pairs); got {shorten(validation)} of type "
            f"{type(validation).__name__}."
        )
    texts, labels, pairs = (*validation, None)[:3]
    pairs = None if pairs is None else check_texts("text_pairs of validation", pairs)
    return check_texts("texts of validation", texts), labels, pairs


def labels_of_examples(examples: Examples, settings: Settings) -> Any:
    """The labels of examples as `fit` takes them: the only column, or a column of the name of each head.

    Those of a hierarchy are taken from the class down.
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
