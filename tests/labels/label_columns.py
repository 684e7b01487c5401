"""Label columns for tests."""

from kerasbert.labels.vocabulary import LabelVocabulary


def filled(task, cells, **options):
    """The vocabulary of a column of cells, and the numbers of each row."""
    vocabulary = LabelVocabulary(task, ["tags"], **options)
    rows = [vocabulary.numbers({"tags": cell}, f"row {number}") for number, cell in enumerate(cells, start=1)]
    for row in rows:
        vocabulary.count(row)
    return vocabulary, rows
