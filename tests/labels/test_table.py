"""The table of label forms in docs/data.md, cell by cell."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from kerasbert import KerasBertError, KerasbertWarning
from kerasbert.tasks.table import TASKS

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def table():
    """(expression, task, what the page says) of every cell."""
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    first = lines.index("| labels | binary | multiclass | multilabel |") + 2
    for line in lines[first:]:
        if not line.startswith("|"):
            return
        expression, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        yield from ((expression.strip("`"), task, cell) for task, cell in zip(TASKS, cells, strict=True))


ROWS = list(table())


def labels_of(expression):
    pandas = pytest.importorskip("pandas")
    return eval(expression, {"np": np, "pd": pandas})


def written(read):
    """Names and array as the page writes them."""
    if read.array.ndim == 2 and read.array.shape[1] > 1:
        rows = ["".join(str(int(flag)) for flag in row) for row in read.array]
    else:
        rows = [str(int(number)) for number in read.array.reshape(-1)]
    return f"{', '.join(read.names)} → {' '.join(rows)}"


@pytest.mark.parametrize(("expression", "task", "expected"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_form_is_read_as_the_page_says(expression, task, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KerasbertWarning)
        if "→" in expected:
            assert written(TASKS[task].read(labels_of(expression))) == expected
        else:
            with pytest.raises((KerasBertError, TypeError), match=expected):
                TASKS[task].read(labels_of(expression))


def test_the_table_is_there():
    assert len(ROWS) >= 60
