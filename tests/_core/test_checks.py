import pytest

from kerasbert._core import checks
from kerasbert._core.errors import ConfigError


def test_choice_names_argument_choices_value_and_near_miss():
    message = r"`pooling` must be one of 'max', 'mean'; got 'means'. Did you mean 'mean'\?"
    with pytest.raises(ConfigError, match=message):
        checks.check_choice("pooling", "means", ["mean", "max"])


@pytest.mark.parametrize("value", [2.0, True, "3", None], ids=repr)
def test_int_refuses_other_types(value):
    with pytest.raises(TypeError, match=r"`n` must be an integer >= 1; got .* of type"):
        checks.check_int("n", value, 1)


@pytest.mark.parametrize("value", [0, 6], ids=repr)
def test_int_names_its_range(value):
    with pytest.raises(ConfigError, match=rf"`n` must be an integer from 1 to 5; got {value}\."):
        checks.check_int("n", value, 1, 5)


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.0, 2.0, float("inf")], ids=repr)
def test_number_names_its_interval(value):
    with pytest.raises(ConfigError, match=r"`dropout` must be a number in \[0, 1\); got"):
        checks.check_number("dropout", value, 0, 1, open_maximum=True)


def test_number_refuses_text():
    with pytest.raises(TypeError, match=r"`rate` must be a number in \[0, 1\]; got '0.1' of type str"):
        checks.check_number("rate", "0.1", 0, 1)


def test_bool_refuses_one():
    with pytest.raises(TypeError, match="`compile` must be True or False; got 1 of type int"):
        checks.check_bool("compile", 1)


@pytest.mark.parametrize("value", ["one text", b"one", {"a": 1}, 5], ids=repr)
def test_texts_refuses_what_is_no_list(value):
    with pytest.raises(TypeError, match="`texts` must be a list of texts; got"):
        checks.check_texts("texts", value)


def test_shorten_keeps_messages_short():
    assert len(checks.shorten("x" * 1000)) == 80


def test_unknown_keyword_gets_the_near_miss():
    @checks.suggest_keywords
    def build(*, pooling="mean"): ...

    with pytest.raises(
        TypeError, match=r"build\(\) has no argument 'poling'; it takes `pooling`. Did you mean 'pooling'\?"
    ):
        build(poling="max")


@pytest.mark.parametrize(
    ("text", "position"), [("", None), ("a\U0001f600", None), ("\udc00", 0), ("ab\ud800c", 2)], ids=ascii
)
def test_half_of_a_surrogate_pair_is_found(text, position):
    assert checks.half_surrogate(text) == position
