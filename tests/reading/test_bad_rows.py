import pytest

from kerasbert import ConfigError, DataError
from kerasbert.reading.bad_rows import BadRows


def test_rows_are_counted_and_listed(tmp_path):
    bad = BadRows("skip", tmp_path / "bad.txt")
    for line in range(30):
        bad.add(f"a.csv, line {line}", DataError("is\nragged."))
    assert (bad.count, len(bad.first), bad.describe()) == (
        30,
        20,
        "30 rows were left out, such as a.csv, line 0: is\nragged.",
    )
    assert (tmp_path / "bad.txt").read_text().split("\n")[29:] == ["a.csv, line 29: is ragged.", ""]
    assert BadRows("skip").describe() == "no row was left out"


@pytest.mark.parametrize("kind", [DataError, TypeError])
def test_the_first_one_stops_with_its_kind_of_error(kind):
    with pytest.raises(kind, match=r"^a.csv, line 3: is ragged. Do this.$"):
        BadRows("stop", hint=" Do this.").add("a.csv, line 3", kind("is ragged."))
    with pytest.raises(
        kind, match=r"^a.csv, line 3: is ragged. on_error='skip' \(--on-error skip\) leaves such rows out.$"
    ):
        BadRows("stop").add("a.csv, line 3", kind("a.csv, line 3: is ragged."))


def test_an_unknown_policy():
    with pytest.raises(ConfigError, match="`on_error` must be one of 'skip', 'stop'; got 'ignore'"):
        BadRows("ignore")
