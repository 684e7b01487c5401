"""Every malformed data file is refused by file and line, with what is accepted."""

import random

import malformed_data as corpus
import pytest

from kerasbert import DataError, KerasBertError
from kerasbert.labels.encode import collect_label_names
from kerasbert.reading.readers import read_examples

EVERY = [pytest.param(case, seed, id=f"{case.name}-{seed}") for case in corpus.CASES.values() for seed in corpus.SEEDS]


def read_with_labels(path, message):
    # Only where a case is about labels; the others need no label column.
    if "label" in message and "it has" not in message:
        return collect_label_names(read_examples(path, label_columns="label").labels["label"])
    return read_examples(path)


@pytest.mark.parametrize(("case", "seed"), EVERY)
def test_malformed_file(case, seed, tmp_path):
    path = tmp_path / f"data{case.suffix}"
    message = case.write(random.Random(seed), path)
    with pytest.raises(case.error, match=f"{path.name.replace('*', '.')}.*{message}") as caught:
        read_with_labels(path, message)
    assert isinstance(caught.value, (KerasBertError, TypeError))
    assert len(str(caught.value)) < 400 + len(str(path))


def test_no_case_is_lost():
    counts = {name: len(getattr(corpus, name.upper())) for name in corpus.COUNTS}
    assert counts == corpus.COUNTS and sum(counts.values()) == len(corpus.CASES)


def test_unreadable_file(tmp_path, monkeypatch):
    # By a stand-in: the administrator, who may run the tests, reads everything.
    path = tmp_path / "data.csv"
    path.write_text("text\na\n")
    monkeypatch.setattr("builtins.open", lambda *given: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(DataError, match="data.csv cannot be read: Permission denied"):
        read_examples(path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "compression": "zstd"},
        {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"},
    ],
    ids=["dictionary", "compressed", "prefixes"],
)
def test_parquet_that_unpacks_to_too_much(options, tmp_path, monkeypatch):
    import pyarrow
    import pyarrow.parquet

    from kerasbert.reading import _files

    table = pyarrow.table({"text": ["a" * 1000] * 3000})
    pyarrow.parquet.write_table(table, tmp_path / "data.parquet", **options)
    monkeypatch.setattr(_files, "ALWAYS_READ", 10**6)
    monkeypatch.setattr(_files, "MOST_TIMES", 100)
    with pytest.raises(DataError, match="unpacks to .* or more; at most 1000000 are read of it. Leave out what"):
        read_examples(tmp_path / "data.parquet")


@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_bit_of_parquet_is_text_or_our_error(seed, tmp_path):
    import pyarrow
    import pyarrow.parquet

    path, rng = tmp_path / "data.parquet", random.Random(seed)
    pyarrow.parquet.write_table(pyarrow.table({"text": [corpus.sentence(rng) for _ in range(20)]}), path)
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    try:
        read = read_examples(path).texts
    except (KerasBertError, TypeError) as error:
        read = [str(error)]
    assert all(isinstance(text, str) for text in read)
