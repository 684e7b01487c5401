import re

import pytest

from kerasbert import ConfigError
from kerasbert.production.batch_options import batch_options, pair_length, text_length


def test_sizes_are_those_of_beam():
    assert batch_options(len) == {"min_batch_size": 2048, "max_batch_size": 8192}
    assert batch_options(len, max_batch_size=10) == {"min_batch_size": 10, "max_batch_size": 10}
    assert batch_options(len, min_batch_size=3) == {"min_batch_size": 3, "max_batch_size": 8192}


def test_a_weight_bounds_the_characters():
    expected = {"min_batch_size": 500, "max_batch_size": 500, "element_size_fn": len}
    assert batch_options(len, max_batch_weight=500) == expected


def test_buckets_go_with_the_seconds_that_a_stream_waits():
    found = batch_options(len, max_batch_duration_secs=0.5, batch_bucket_boundaries=[10, 50])
    assert found["batch_length_fn"] is len and found["batch_bucket_boundaries"] == [10, 50]
    assert found["max_batch_duration_secs"] == 0.5


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_batch_size": 0}, ConfigError, "`max_batch_size` must be an integer >= 1; got 0"),
        ({"min_batch_size": 2.0}, TypeError, "`min_batch_size` must be an integer >= 1; got 2.0"),
        ({"min_batch_size": 9, "max_batch_size": 4}, ConfigError, "at most `max_batch_size`; got 9 and 4"),
        ({"max_batch_weight": 0}, ConfigError, "`max_batch_weight` must be an integer >= 1"),
        ({"max_batch_weight": 9, "max_batch_size": 4}, ConfigError, "goes without `max_batch_size`"),
        ({"max_batch_weight": 9, "max_batch_duration_secs": 4}, ConfigError, "goes without `max_batch_duration_secs`"),
        ({"max_batch_duration_secs": 0}, ConfigError, "`max_batch_duration_secs` must be a number in (0, inf]"),
        ({"batch_bucket_boundaries": [1]}, ConfigError, "goes with `max_batch_duration_secs`"),
        (
            {"batch_bucket_boundaries": [5, 1], "max_batch_duration_secs": 1},
            ConfigError,
            "must be ascending numbers of characters such as [100, 400]; got [5, 1]",
        ),
        ({"batch_bucket_boundaries": [], "max_batch_duration_secs": 1}, ConfigError, "must be ascending numbers"),
        ({"batch_bucket_boundaries": [0], "max_batch_duration_secs": 1}, ConfigError, "an integer >= 1; got 0"),
    ],
)
def test_what_cannot_be_followed_is_refused(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        batch_options(len, **options)


def test_lengths_are_those_of_the_texts():
    assert text_length("abc") == text_length(("key of any length", "abc")) == 3
    assert pair_length(("abc", "de")) == pair_length((7, ("abc", "de"))) == 5
    assert text_length(None) == pair_length("abc") == 1
