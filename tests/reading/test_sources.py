import pandas
import pytest

from kerasbert import DataError
from kerasbert.data import read_examples
from kerasbert.reading.sources import find_sources, source_of

NAMES = {
    "markup": ("a.xml", b"<a/>", r"must end in one of .csv, .* or one of these and .gz; got 'a.xml'\.$"),
    "older sheet": ("a.ods", b"PK", r"got 'a.ods'\. Save it as .xlsx, or as CSV UTF-8"),
    "packed Parquet": ("a.parquet.gz", b"PAR1", "a.parquet.gz: .parquet is compressed inside; unpack it"),
    "packed sheet": ("a.xlsx.gz", b"PAR1", "a.xlsx.gz: .xlsx is compressed inside; unpack it"),
}  # fmt: skip


@pytest.mark.parametrize("read", [find_sources, read_examples], ids=["stream", "memory"])
@pytest.mark.parametrize(("name", "content", "words"), NAMES.values(), ids=NAMES)
def test_files_of_no_format_are_told_alike(name, content, words, read, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read(tmp_path / name)


def test_a_file_as_it_is_now(tmp_path):
    (tmp_path / "a.TSV.GZ").write_bytes(b"abc")
    file = source_of(tmp_path / "a.TSV.GZ")
    assert (file.suffix, file.is_compressed, file.size) == (".tsv", True, 3)


@pytest.mark.parametrize(
    "sources",
    [pandas.DataFrame({"text": ["a"]}), {"text": ["a"]}, 3, b"a.csv", [3], [None]],
    ids=["frame", "dict", "number", "bytes", "numbers", "nothing"],
)
def test_what_is_no_path(sources):
    with pytest.raises(TypeError, match=r"(?s)`sources` must be a path or pattern, or several; got .* in memory, by"):
        find_sources(sources)
