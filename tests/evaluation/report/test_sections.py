from kerasbert.evaluation.report.sections import SHORT_TEXT, TextsOfPage
from kerasbert.labels.cells import LabelCells

TEXTS = ["first", "second " * 100]


def test_texts_are_named_by_their_lines_or_by_their_number():
    cells = LabelCells(["a", "b"], "data.csv", [2, 5], "line")
    assert TextsOfPage.of(TEXTS, None, {"other": ["a", "b"], "label": cells}).place(2) == "line 5"
    assert TextsOfPage.of(TEXTS, None, ["a", "b"]).place(2) == "text 2"
    # Cells of other data say nothing of these texts.
    assert TextsOfPage.of(TEXTS, None, cells.take([0])).place(1) == "text 1"


def test_a_long_text_is_shortened_and_its_second_text_too():
    given = TextsOfPage.of(TEXTS, ["one", "two " * 100], ["a", "b"])
    found = given.describe(2, SHORT_TEXT)
    assert len(found["text"]) <= SHORT_TEXT and found["text"].endswith("…") and len(found["pair"]) <= SHORT_TEXT
    assert given.describe(1) == {"text": "first", "pair": "one", "place": "text 1"}
