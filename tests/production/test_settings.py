"""What cannot be asked of the predictions of files."""

import pytest

import kerasbert as kb
from kerasbert.production.settings import ScoreSettings

REFUSED = {
    "format": ({"format": "xml"}, "`format` must be one of 'csv', 'jsonl', 'parquet'; got 'xml'"),
    "rows": ({"rows_per_shard": 0}, "`rows_per_shard` must be an integer >= 1; got 0"),
    "top": ({"top": -1}, "`top` must be an integer >= 0; got -1"),
    "input": ({"input_format": "xlsx"}, "`input_format` must be one of 'csv', 'jsonl', 'tsv', 'txt'; got 'xlsx'"),
    "keep": ({"keep": "id"}, "`keep` must be a list of column names; got 'id'"),
    "keep numbers": ({"keep": [1]}, "`keep` must be a list of column names; got \\[1\\]"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_out_of_its_range(options, message):
    with pytest.raises((kb.ConfigError, TypeError), match=message):
        ScoreSettings(**options)


def test_the_text_is_kept_unless_other_columns_are_named():
    assert ScoreSettings().keeps_text("text") and ScoreSettings(keep=["text"]).keeps_text("text")
    assert not ScoreSettings(keep=["id"]).keeps_text("text")
    assert ScoreSettings(keep=["id", "text", "id"]).other_columns("text") == ["id"]
