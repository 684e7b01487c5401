"""Answers as plain values, which JSON, Parquet and every pickle carry: of a text its labels and their scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert.production.prediction_rows import rows_of
from kerasbert.saving.answers import Answers


def plain_answers(
    classifier: Answers, probabilities: Mapping[str, np.ndarray], *, top: int | None = None
) -> list[dict[str, Any]]:
    """Turn probabilities into one plain value for each text: the rows of `rows_of` without the text, and not rounded.

    Args:
        classifier: whose probabilities they are.
        probabilities: head name -> (n, units), as `Answers.probabilities` gives them.
        top: see `rows_of`.

    Returns:
        n dicts `{"labels": [name, ...], "scores": {name: probability}}`, without scores at 0; for several heads `{"heads": {head: such a dict}}`.
    """
    texts = [""] * len(next(iter(probabilities.values())))
    rows = rows_of(classifier, texts, probabilities, top=top, digits=None)
    return [{name: value for name, value in row.items() if name != "text"} for row in rows]
