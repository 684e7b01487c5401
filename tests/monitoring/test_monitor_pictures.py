import pytest
from test_monitor_report import LABELS, SAME, report_of

from kerasbert.monitoring import AccuracyFacts, LabelShare
from kerasbert.monitoring.monitor_pictures import draw_accuracy_by_time, draw_labels_by_time, draw_shares

pytest.importorskip("matplotlib")


def words(figure):
    figure.draw_without_rendering()
    texts = [one.get_text() for axes in figure.axes for one in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return texts + [one.get_text() for legend in figure.legends for one in legend.get_texts()]


def test_each_label_has_a_row():
    shares = [LabelShare("a $", "head", 0.2, 0.3, 0.25, (0.2, 0.3)), LabelShare("b", "head", 0.1, 0.1)]
    told = words(draw_shares(shares, {"a $": 0.2, "b": 0.1}))
    assert {r"a \$", "b", "true now, 95 % interval", "predicted in the reference"} <= set(told)
    assert "true now, 95 % interval" not in words(draw_shares(shares[1:], {"b": 0.1}))


def test_times_have_names_sizes_and_marks():
    report = report_of(LABELS, SAME, LABELS, None)
    figure = draw_labels_by_time(report.buckets, "probabilities", [0, 2], {0: 0.3, 2: 0.1}, 1)
    upper, lower = figure.axes
    assert [bar.get_height() for bar in lower.patches] == [10, 10, 10] and len(upper.patches) == 1
    assert {"day 0", "day 1", "day 2", "x", "z"} <= set(words(figure)) and len(upper.collections) == 1


def test_accuracy_by_time_leaves_out_what_is_not_known():
    report = report_of(SAME, SAME, SAME, None)
    facts = [AccuracyFacts("head", 0.9, 5, 0.8, (0.4, 0.9), 0.85, (0.8, 0.9)), AccuracyFacts("head", 0.9, 0), None]
    told = words(draw_accuracy_by_time(report.buckets, facts))
    assert {"labelled texts", "estimated, all texts", "reference"} <= set(told)
    assert "labelled texts" not in words(draw_accuracy_by_time(report.buckets, facts[1:]))
