import pytest

from kerasbert import Binary, DataError, Multilabel
from kerasbert.labels.level_vocabulary import LevelTree
from kerasbert.reading.row_labels import labels_reader

HEADS = {
    "p": Binary.vocabulary(["p"], names=["no", "yes"]),
    "q": Multilabel.vocabulary(["q"], names=["a", "b"], delimiter=";"),
}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"p": "maybe", "q": "a"}, "row 3: the label 'maybe' is unknown; the labels are 'no', 'yes'"),
        ({"p": None, "q": "a"}, "row 3: the label is missing"),
        ({"p": "no", "q": "a;c"}, "row 3: the label 'c' is unknown"),
    ],
    ids=["unknown", "missing", "one of several"],
)
def test_every_head_is_asked(cells, words):
    labels_reader(HEADS)({"p": "yes", "q": ""}, "row 2", "")
    with pytest.raises(DataError, match=words):
        labels_reader(HEADS)(cells, "row 3", "")


def test_levels_belong_together():
    tree = LevelTree(["label", "sub"], {"x": ["x1"], "y": ["y1"]})
    check = labels_reader(tree.levels, tree)
    check({"label": None, "sub": "x1"}, "row 1", "")
    with pytest.raises(DataError, match="row 2: 'x1' is a subclass of 'x', not of 'y'"):
        check({"label": "y", "sub": "x1"}, "row 2", "")
    with pytest.raises(DataError, match="row 3: the class is missing"):
        check({"label": "", "sub": None}, "row 3", "")
