import json

import pytest

from kerasbert.monitoring.drift_check import (
    AccuracyFacts,
    DriftCheck,
    DriftTest,
    LabelShare,
    Moved,
    SliceFacts,
)

MOVED = Moved("anger", 0.036, 0.07, 0.034, (0.01, 0.06), 0.001)
CHECK = DriftCheck(
    True,
    0.0004,
    0.05,
    "labels",
    500,
    5426,
    [DriftTest("labels", "labels", 0.0003, True, "change", 0.034, (0.01, 0.06), [MOVED], "Look.", "emotion"),
     DriftTest("words", "words", 0.4, False, "similarity", 0.99, moved=[])],
    ["Look."],
    [LabelShare("anger", "emotion", 0.036, 0.07, 0.06, (0.04, 0.08)), LabelShare("joy", "emotion", 0.03, 0.03)],
    [AccuracyFacts("emotion", 0.43, 0, estimated=0.4, estimated_interval=(0.35, 0.45))],
    [SliceFacts("source", "app", 120, [MOVED])],
    number=3,
)  # fmt: skip


def test_a_check_says_what_happened_in_three_lines():
    assert repr(CHECK).splitlines() == [
        "DriftCheck: ALARM, p = 0.0004 at a false-alarm rate of 0.05; 500 texts against 5,426",
        "The shares of labels have changed; the texts are of the same kind.",
        "labels: anger",
    ]


def test_a_check_is_plain_data_and_comes_back():
    plain = json.loads(json.dumps(CHECK.to_dict(), allow_nan=False))
    assert plain["tests"][0]["moved"][0]["interval"] == [0.01, 0.06] and plain["slices"][0]["value"] == "app"
    back = DriftCheck.from_dict(plain)
    assert back == CHECK and back.tests[0].moved[0].interval == (0.01, 0.06)


def test_a_check_is_a_table_of_its_tests():
    pandas = pytest.importorskip("pandas")
    assert CHECK.to_frame()["test"].tolist() == ["labels", "words"] and isinstance(CHECK.to_frame(), pandas.DataFrame)
    assert "anger" in CHECK._repr_html_()
