"""Label columns for tests."""

from kerasbert.tasks.table import TASKS


def filled(task, cells, **options):
    """The vocabulary of a column of cells, and the numbers of each row."""
    vocabulary = TASKS[task].vocabulary(["tags"], **options)
    rows = [vocabulary.numbers({"tags": cell}, f"row {number}") for number, cell in enumerate(cells, start=1)]
    for row in rows:
        vocabulary.count(row)
    return vocabulary, rows
