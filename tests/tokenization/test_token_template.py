import types

import numpy as np
import pytest

from kerasbert.tokenization.token_template import TemplatePart, assemble, template_of

FIRST, SECOND, THIRD = TemplatePart(2, None, 0), TemplatePart(3, None, 0), TemplatePart(3, None, 1)
PAIR = [FIRST, TemplatePart(None, 0, 0), SECOND, TemplatePart(None, 1, 1), THIRD]


def pieces(*texts):
    return np.array([number for text in texts for number in text]), np.cumsum([0, *map(len, texts)])


def test_the_template_of_a_pair():
    probe = types.SimpleNamespace(
        ids=[2, 10, 11, 3, 12, 3], sequence_ids=[None, 0, 0, None, 1, None], type_ids=[0, 0, 0, 0, 1, 1]
    )
    assert template_of(probe) == PAIR


def test_texts_between_special_tokens():
    found = assemble([FIRST, TemplatePart(None, 0, 0), SECOND], [pieces([10, 11, 12], [], [13])], 4)
    assert found.input_ids.tolist() == [2, 10, 11, 3, 2, 3, 2, 13, 3]
    assert found.offsets.tolist() == [0, 4, 6, 9] and found.is_truncated.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([10, 11, 12, 13], [20], [2, 10, 11, 12, 3, 20, 3]),
        ([10], [20, 21, 22, 23], [2, 10, 3, 20, 21, 22, 3]),
        ([10, 11, 12], [20, 21, 22], [2, 10, 11, 3, 20, 21, 3]),
    ],
    ids=["first longer", "second longer", "as long"],
)
def test_the_longer_text_of_a_pair_is_cut_first(first, second, expected):
    found = assemble(PAIR, [pieces(first), pieces(second)], 7)
    assert found.input_ids.tolist() == expected
    assert found.token_type_ids.tolist() == [0] * (expected.index(3) + 1) + [1] * (6 - expected.index(3))
