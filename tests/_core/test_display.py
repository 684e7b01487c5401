"""What results show of themselves, however large they are."""

import dataclasses
import sys

import numpy as np
import pytest

import kerasbert as kb
from kerasbert._core.display import MAX_ROWS, MAX_WIDTH, Displayed, brief_repr, html_table
from kerasbert._core.errors import ConfigError

MANY = 20_000


class Result(Displayed):
    """A result of many long lines and rows."""

    def _lines(self):
        return ["x" * 1000, "a\x1b[2Jb\n", "third", "fourth"]

    def _rows(self):
        return [{"label": "<script>", "f1": 0.5, "texts": None}, *({"label": str(n), "f1": n / 100} for n in range(99))]


def test_a_representation_is_three_lines_of_printable_letters():
    lines = repr(Result()).splitlines()
    assert len(lines) == 3 and max(map(len, lines)) == MAX_WIDTH and lines[1] == "a [2Jb "


def test_a_notebook_shows_a_table_that_is_escaped_and_cut():
    shown = Result()._repr_html_()
    assert "<td>&lt;script&gt;</td><td>0.5000</td><td>–</td>" in shown and "<script" not in shown
    assert shown.count("<tr>") == MAX_ROWS + 1 and f"{100 - MAX_ROWS} more rows" in shown


def test_a_frame_has_every_row():
    pandas = pytest.importorskip("pandas")
    frame = Result().to_frame()
    assert frame.shape == (100, 3) and frame["f1"][4] == 0.03 and isinstance(frame, pandas.DataFrame)


def test_a_frame_without_pandas_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"`to_frame` needs pandas; pip install 'kerasbert\[pandas\]'"):
        Result().to_frame()


@dataclasses.dataclass
class Fields:
    """A dataclass of a value."""

    value: object
    __repr__ = brief_repr


@pytest.mark.parametrize(
    "value, shown",
    [
        (np.zeros((3, 2), "float32"), "float32 (3, 2)"),
        (list(range(100)), "list of 100"),
        ([1, 2], "[1, 2]"),
        ({"label": ["x"] * 100}, "{'label': list of 100}"),
        ({number: number for number in range(100)}, "dict of 100"),
        ("long " * 100, "'long " + "long " * 10 + "l..."),
        (np.float64(0.5), "np.float64(0.5)"),
        (None, "None"),
    ],
)
def test_a_field_is_told_in_a_few_words(value, shown):
    assert repr(Fields(value)) == f"Fields(value={shown})"


def large():
    texts = [f"good card {number}" for number in range(MANY)]
    names = [f"label {number}" for number in range(1000)]
    labels = np.arange(MANY) % 1000
    yield kb.data.Examples(texts, None, {"label": list(texts)})
    yield kb.data.LabelCells(texts, "data.csv", range(MANY), "line")
    yield kb.data.TokenArrays.from_lists([[2, 5, 3]] * MANY)
    yield kb.data.make_batches(kb.data.TokenArrays.from_lists([[2, 5, 3]] * 100), labels[:100])
    yield kb.Multiclass.of(names)
    yield kb.data.parse_tree({name: [f"{name} {place}" for place in range(5)] for name in names})
    yield kb.evaluation.score_predictions(labels, labels, names)
    yield kb.evaluation.EarlyExit(np.zeros((900, 3)), np.zeros(900), 0.5)
    yield kb.export.Export("path", {"differences": {name: 0.5 for name in names}})
    state = np.zeros((1, 40, 384))
    yield kb.encoders.EncoderOutput(last_hidden_state=state, hidden_states=(state,) * 13)
    yield kb.evaluation.BaselineScores({"accuracy": 0.5, "other": texts}, {})
    row = {"layer": 1, "weight": 1.0, "score": 0.5, "milliseconds": 2.0}
    yield kb.evaluation.LayerReport((row,) * 100, {"score": 0.5, "milliseconds": 2.0}, (), "accuracy", 10)


@pytest.mark.parametrize("result", list(large()), ids=lambda value: type(value).__name__)
def test_no_representation_is_long(result):
    assert len(repr(result)) <= 3 * MAX_WIDTH + 2 and repr(result).count("\n") <= 2


def test_a_table_of_no_rows_is_empty():
    assert html_table("<t>", []) == "<p>&lt;t&gt;</p><table><thead><tr></tr></thead><tbody></tbody></table>"
