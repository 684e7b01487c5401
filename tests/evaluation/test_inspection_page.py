import re

from kerasbert.data import DataInspection, EqualTexts, LengthFacts, Overlap
from kerasbert.evaluation import inspection_page

EQUAL = EqualTexts("<b>good</b>", [2, 5], [["ham"], ["<i>", "spam"]])
FOUND = DataInspection(
    source="/data/a<b>.csv",
    format="CSV",
    options={"delimiter": ";"},
    likely=["delimiter"],
    columns=["text", "label", "<id>"],
    text_column="text",
    text_pair_column=None,
    label_columns=["label"],
    num_texts=10,
    unusable={"count": 1, "first": ["line 9: <bad>"]},
    task="binary",
    labels={"ham": 6, "<i>": 4},
    positive_label="<i>",
    lengths=LengthFacts("enc", 8, 2, 4, 9, 12, {32: 0}, [(6, 8), (12, 2)]),
    num_empty=0,
    num_repeated=1,
    repeated=[EQUAL],
    num_unequal=1,
    unequal=[EQUAL],
    overlap=Overlap("<other>", 5, ["<u>"]),
    notes=["<note>"],
    command=["kerasbert", "train", "a<b>.csv"],
)


def test_everything_is_escaped_and_nothing_is_loaded():
    page = inspection_page(FOUND)
    body = page.split("<body>")[1]
    assert not re.search(r"<(b|i|u|id|note|other|bad)>", body.replace('<i style="', ""))
    assert not re.search(r"https?:|<script|src=\"(?!data:)", page)
    for words in (
        "10 texts, 2 labels",
        "semicolons between cells",
        "1 rows cannot be used",
        "60.0%",
        "5 of the texts (50 %)",
    ):
        assert words in body, words
    assert body.count('class="cut"') == 1 and "texts of the bars in the second colour" in body


def test_what_is_not_known_is_left_out():
    page = inspection_page(
        DataInspection(**{**vars(FOUND), "lengths": None, "overlap": None, "notes": [], "unequal": [], "labels": {}})
    )
    for title in ("Lengths in tokens", "Texts of another file", "What is odd", "Equal texts", "<h2>Labels</h2>"):
        assert title not in page
