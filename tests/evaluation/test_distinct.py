import numpy as np
import pytest

from kerasbert.evaluation.distinct import count_distinct, count_distinct_texts
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer


@pytest.mark.parametrize("dim", [1, 8, 384])
@pytest.mark.parametrize("number", [1, 3, 500])
def test_rounding_makes_no_new_vector(dim, number):
    random = np.random.default_rng(0)
    different = random.normal(size=(number, dim)).astype("float32")
    copies = different[random.integers(0, number, 2000)]
    noise = 1e-7 * np.linalg.norm(copies, axis=1, keepdims=True) * random.normal(size=copies.shape) / np.sqrt(dim)
    assert count_distinct(np.concatenate([different, copies + noise])) == number


@pytest.mark.parametrize("apart", [1e-3, 1e-2, 1.0])
def test_small_differences_count(apart):
    vectors = np.ones((3000, 384)) + apart * np.random.default_rng(0).normal(size=(3000, 384))
    assert count_distinct(vectors) == 3000


def test_the_scale_may_be_given():
    centred = np.array([[1e-7, 0.0], [-1e-7, 0.0]])
    assert count_distinct(centred) == 2 and count_distinct(centred, scale=1.0) == 1
    assert count_distinct(np.zeros((4, 2))) == 1 and count_distinct(np.zeros((0, 2))) == 0


@pytest.mark.parametrize("way", ["truncate", "windows"])
def test_texts_differ_by_their_tokens(way, tiny_folder):
    tokens = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts(way))
    same = ["good card", "Good  CARD", "my card"]
    long = ["good " * 6 + "card", "good " * 6 + "bad"]  # the seventh word is cut, or in a window of its own
    assert count_distinct_texts(tokens, same + long) == {"truncate": 3, "windows": 4}[way]
