"""What may stand for texts and labels, at every call that takes them: one column, of whatever library, read once."""

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import kerasbert as kb
from kerasbert.text_classifier.labels import checked_validation

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]
LABELS = ["a", "b", "a", "b"]
# To train on, where the texts above are to judge by.
OTHERS = ["fine card", "new parcel", "thank you", "late parcel"]


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    return kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, verbose=False).fit(TEXTS * 4, LABELS * 4)


def untrained(folder):
    return kb.TextClassifier("binary", encoder=folder, epochs=1, verbose=False)


# Every call that takes texts, and beside them labels where it takes some.
CALLS = {
    "fit": lambda c, f, texts, labels: untrained(f).fit(texts, labels),
    "validation": lambda c, f, texts, labels: untrained(f).fit(OTHERS, LABELS, validation=(texts, labels)),
    "find_learning_rate": lambda c, f, texts, labels: untrained(f).find_learning_rate(texts, labels, steps=10),
    "predict": lambda c, f, texts, labels: c.predict(texts),
    "predict_proba": lambda c, f, texts, labels: c.predict_proba(texts),
    "evaluate": lambda c, f, texts, labels: c.evaluate(texts, labels),
    "score": lambda c, f, texts, labels: c.score(texts, labels),
    "encode": lambda c, f, texts, labels: c.tokenizer_.encode(texts),
    "pairs": lambda c, f, texts, labels: c.tokenizer_.encode(TEXTS, texts),
    "extract_features": lambda c, f, texts, labels: kb.extract_features(c, texts),
    "probe": lambda c, f, texts, labels: kb.probe(c, texts, labels, folds=2, layers=[-1], verbose=False),
    "score_baseline": lambda c, f, texts, labels: kb.evaluation.score_baseline("binary", texts, labels, TEXTS, LABELS),
    "read_examples": lambda c, f, texts, labels: kb.data.read_examples((texts, labels)),
}
FRAME = {"text": TEXTS, "id": [1, 2, 3, 4]}
WRONG = {
    "pandas frame": (
        pandas.DataFrame(FRAME),
        r"frame of type DataFrame with the columns \['text', 'id'\].*df\['text'\]",
    ),
    "one column": (pandas.DataFrame({"words": TEXTS}), r"frame of type DataFrame .* such as df\['words'\]"),
    "polars frame": (polars.DataFrame(FRAME), r"frame of type DataFrame .* such as df\['text'\]"),
    "arrow table": (pyarrow.table(FRAME), r"frame of type Table .* such as df\['text'\]"),
    "two dimensions": (np.array([TEXTS, TEXTS]), r"one dimension; got ndarray of shape \(2, 4\).* array\[:, 0\]"),
    "set": (set(TEXTS), "of type set. A set has no order: write a list"),
    "dict": ({"text": TEXTS}, "of type dict. Give one column of it: write a list"),
    "text": ("good card", r"got one text 'good card'. Write \[text\] for a single one"),
    "number": (3, "must be a list of texts; got 3 of type int"),
}


def named(call, words):
    return {"read_examples": f"{words}|must be a path"}.get(call, words)


@pytest.mark.parametrize(("texts", "words"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_column_of_texts(call, texts, words, fitted, tiny_folder):
    if call == "read_examples" and not hasattr(texts, "shape"):
        pytest.skip("a source of another kind")
    with pytest.raises(TypeError, match=words):
        CALLS[call](fitted, tiny_folder, texts, LABELS)


LABELLED = {name: call for name, call in CALLS.items() if name in ("fit", "validation", "evaluate", "score", "probe")}
WRONG_LABELS = {
    "pandas frame": (pandas.DataFrame({"label": LABELS}), r"one column of labels; got a DataFrame .* df\['label'\]"),
    "arrow table": (pyarrow.table({"y": LABELS}), r"one column of labels; got a Table .* df\['y'\]"),
    "set": (set(LABELS), "must be a list of labels, one for each text; got .* of type set"),
    "dict": ({"label": LABELS}, "must be a list of labels, one for each text; got .* of type dict"),
    "text": ("abab", "must be a list of labels, one for each text; got 'abab' of type str"),
}


@pytest.mark.parametrize(("labels", "words"), WRONG_LABELS.values(), ids=WRONG_LABELS)
@pytest.mark.parametrize("call", LABELLED)
def test_what_is_no_column_of_labels(call, labels, words, fitted, tiny_folder):
    with pytest.raises(TypeError, match=words):
        CALLS[call](fitted, tiny_folder, TEXTS, labels)


COLUMNS = {
    "tuple": tuple,
    "array": np.array,
    "objects": lambda cells: np.array(cells, dtype=object),
    "generator": lambda cells: (cell for cell in cells),
    "series": lambda cells: pandas.Series(cells, index=range(70, 70 + len(cells))),
    "categories": lambda cells: pandas.Series(cells, dtype="category"),
    "polars": polars.Series,
    "arrow": pyarrow.array,
    "chunks": lambda cells: pyarrow.chunked_array([cells[:1], cells[1:]]),
    "dictionary": lambda cells: pyarrow.array(cells).dictionary_encode(),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_every_kind_of_column_gives_the_same(column, fitted):
    expected = fitted.predict_proba(TEXTS)
    np.testing.assert_array_equal(fitted.predict_proba(column(TEXTS)), expected)
    assert fitted.evaluate(column(TEXTS), column(LABELS)) == fitted.evaluate(TEXTS, LABELS)


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_fit_reads_each_column_once(column, tiny_folder):
    # Most texts are cut and one is in both parts, so that the guards look at the texts again.
    texts, held_out = [f"{text} good bad late" for text in TEXTS] * 3, ["new", "good card good bad late"]
    classifier = kb.TextClassifier("binary", encoder=tiny_folder, max_length=4, epochs=1, verbose=False)
    with pytest.warns(kb.KerasbertWarning) as told:
        classifier.fit(column(texts), column(LABELS * 3), validation=(column(held_out), column(["a", "b"])))
    said = " ".join(str(one.message) for one in told)
    assert "12 of 12 training texts are longer than 4 tokens" in said
    assert "such as 'good card good bad late' (text 2)" in said


def test_probe_takes_series_of_any_index(fitted):
    index = [9, 7, 5, 3, 8, 6, 4, 2]
    texts, labels = pandas.Series(TEXTS * 2, index=index), pandas.Series(LABELS * 2, index=index)
    report = kb.probe(
        fitted, texts, labels, sublabels=pandas.Series([*"ccddccdd"], index=index), folds=2, layers=[-1], verbose=False
    )
    assert report.num_texts == 8


def test_labels_by_level_are_series_of_any_index(tiny_folder):
    index = [9, 7, 5, 3, 8, 6, 4, 2]
    below = pandas.Series(["a1", "b1", None, "b2", "a1", "b1", "a2", "b2"], index=index)
    labels = {"class": pandas.Series(LABELS * 2, index=index), "subclass": below}
    fitted = kb.TextClassifier("hierarchical", encoder=tiny_folder, epochs=1, verbose=False).fit(TEXTS * 2, labels)
    lists = {level: cells.tolist() for level, cells in labels.items()}
    assert fitted.evaluate(TEXTS * 2, labels) == fitted.evaluate(TEXTS * 2, lists)


def test_batches_are_made_of_tokens():
    with pytest.raises(
        TypeError, match=r"`token_arrays` must be what `Tokenizer.encode` gives; got .*tokenizer.encode\(texts\)"
    ):
        kb.data.make_batches(TEXTS, np.zeros(4))


@pytest.mark.parametrize("validation", [3, "ab", (TEXTS,), (TEXTS, LABELS, None, None)], ids=str)
def test_validation_that_is_no_tuple_of_columns(validation):
    with pytest.raises(
        TypeError, match=r"`validation` must be \(texts, labels\) or \(texts, labels, text_pairs\); got"
    ):
        checked_validation(validation)


def test_validation_labels_of_another_number(tiny_folder):
    with pytest.raises(kb.DataError, match="`labels` of `validation` must have one row for each text; got 2 for 4"):
        untrained(tiny_folder).fit(OTHERS, LABELS, validation=(TEXTS, ["a", "b"]))
