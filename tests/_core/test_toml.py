import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kerasbert._core.toml import to_key, to_toml

TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
PLAIN = some.recursive(
    some.booleans() | some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(TEXTS, PLAIN)
def test_what_is_written_is_read_back(key, value):
    assert tomllib.loads(f"{to_key(key)} = {to_toml(value)}") == {key: value}


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), b"bytes", [None]], ids=str)
def test_what_toml_has_not(value):
    with pytest.raises(TypeError, match="TOML has no value for"):
        to_toml(value)
