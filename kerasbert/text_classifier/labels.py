"""The validation data of `fit`."""

from typing import Any

from kerasbert._core.checks import check_texts, shorten

# Texts, labels and perhaps second texts.
Validation = tuple[Any, ...]


def checked_validation(validation: Any) -> tuple[list[str], Any, list[str] | None] | None:
    """Return the `validation` of `fit` as texts, labels and second texts, each of which can be read again.

    Raises:
        TypeError: when it is no tuple of two or three, or its texts are no column of texts.
    """
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
