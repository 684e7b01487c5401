import numpy as np
import pytest

from kerasbert.reading import text_sketch
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import SIZE, sketch_texts, texts_in_sketch


def keys(number, seed=0):
    return np.random.default_rng(seed).integers(0, 2**64, number, dtype=np.uint64)


def test_of_few_texts_every_one_is_found():
    sketch = sketch_texts(text_keys(["good", "bad", "fine"]))
    found = texts_in_sketch(sketch, text_keys(["GOOD ", "fine", "late", "lost"]))
    assert found == (4, 2) and found.share == 0.5


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_of_many_texts_the_share_is_estimated(share):
    trained, others = keys(50_000), keys(50_000, seed=1)
    count = 20_000
    asked = np.concatenate([trained[: int(share * count)], others[: count - int(share * count)]])
    found = texts_in_sketch(sketch_texts(trained), asked)
    # A sample of about 400, of whose others 1,024 of 65,536 agree by chance.
    assert 300 < found.tested < 520 and found.share == pytest.approx(share, abs=0.1)


def test_a_sketch_is_small_whatever_it_is_of_and_holds_no_whole_key():
    sketch = sketch_texts(keys(10 * SIZE))
    assert len(sketch["keys"]) <= 3000 and set(sketch) == {"largest", "keys"}


def test_keys_are_taken_in_parts(monkeypatch):
    whole = sketch_texts(keys(5000))
    monkeypatch.setattr(text_sketch, "KEYS_AT_ONCE", 700)
    assert sketch_texts(keys(5000)) == whole


def test_no_text_and_a_broken_sketch_tell_nothing():
    assert texts_in_sketch(sketch_texts(keys(0)), keys(3)) == (3, 0)
    for broken in ({}, {"largest": "x", "keys": ""}, {"largest": "ff", "keys": "?"}, {"largest": "1" * 99, "keys": ""}):
        found = texts_in_sketch(broken, keys(3))
        assert found == (0, 0) and found.share == 0.0
