from decimal import Decimal

import numpy as np
import pytest

from kerasbert import DataError
from kerasbert.labels.values import is_blank, looks_of, plain_value, to_array

VALUES = {
    "decimal": (Decimal("2.0"), 2),
    "half": (Decimal("0.5"), 0.5),
    "infinity": (Decimal("Infinity"), float("inf")),
    "huge": (Decimal("1e1000000"), float("inf")),
    "array of one": (np.array(3), 3),
    "text": ("a", "a"),
    "list": ([1], [1]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_plain_values(value, expected):
    plain = plain_value(value)
    assert plain == expected and type(plain) is type(expected)


def test_a_decimal_that_is_no_number():
    assert np.isnan(plain_value(Decimal("NaN"))) and np.isnan(plain_value(Decimal("sNaN")))


def test_scalars_of_other_libraries():
    torch, arrow = pytest.importorskip("torch"), pytest.importorskip("pyarrow")
    assert plain_value(torch.tensor(2)) == 2 and plain_value(arrow.scalar(["a"])) == ["a"]


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors():
    torch = pytest.importorskip("torch")
    for tensor in (
        torch.eye(2, requires_grad=True),
        torch.eye(2, dtype=torch.bfloat16),
        torch.eye(2).to_sparse(),
    ):
        assert np.array_equal(to_array(tensor), np.eye(2))
    nested = torch.nested.nested_tensor([torch.tensor([1]), torch.tensor([0, 1])])
    with pytest.raises(DataError, match="labels of type Tensor cannot be read as an array .*; give a list"):
        to_array(nested)


def test_what_is_masked_is_none():
    assert to_array(np.ma.array([1, 2], mask=[0, 1])).tolist() == [1, None]


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b", "\ufeff \u3000", "\x07", "\u3164", "\u2800"], ids=ascii)
def test_blank(name):
    assert is_blank(name) and not is_blank(name + "a")


ALIKE = [("\uff11", "1"), ("e\u0301", "\u00e9"), ("a\u200b", "a"), ("\ufeffa", "A "), ("a\u00a0b", "a b")]


@pytest.mark.parametrize(("one", "other"), ALIKE, ids=ascii)
def test_looks(one, other):
    assert looks_of(one) == looks_of(other) != looks_of(other + "x")


@pytest.mark.parametrize(("one", "other"), [("m\u00b2", "m2"), ("\u00bd", "1/2"), ("\u2460", "1")], ids=ascii)
def test_forms_that_are_meant_are_told_apart(one, other):
    assert looks_of(one) != looks_of(other)
