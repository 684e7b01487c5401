import dataclasses

import pytest
from trained_classifiers import LABELS, TEXTS

from kerasbert.monitoring import monitor_texts, prometheus

parser = pytest.importorskip("prometheus_client.parser")


def test_prometheus_reads_every_figure_back(watched):
    report = monitor_texts(watched, TEXTS * 2, LABELS * 2)
    families = {one.name: one for one in parser.text_string_to_metric_families(report.to_prometheus())}
    assert all(one.type == "gauge" and one.documentation for one in families.values())
    value = {name: one.samples[0].value for name, one in families.items() if len(one.samples) == 1}
    assert value["kerasbert_monitor_alarm"] == 0 and value["kerasbert_monitor_texts"] == 16
    assert value["kerasbert_monitor_p_value"] == pytest.approx(report.check.p_value, rel=1e-9)
    shares = {one.labels["label"]: one.value for one in families["kerasbert_monitor_label_share"].samples}
    assert shares == pytest.approx({one.label: one.predicted for one in report.check.shares}, rel=1e-9)
    assert value["kerasbert_monitor_accuracy"] == pytest.approx(report.check.accuracy[0].accuracy, rel=1e-9)
    tests = {one.labels["test"] for one in families["kerasbert_monitor_test_p_value"].samples}
    assert tests == {one.name for one in report.check.tests}


@pytest.mark.parametrize("label", ['a "quoted" one', "back\\slash", "line\nbreak", "späm{x}=1,"], ids=repr)
def test_names_of_labels_are_escaped(watched, label):
    report = monitor_texts(watched, TEXTS)
    share = dataclasses.replace(report.check.shares[0], label=label)
    report = dataclasses.replace(report, check=dataclasses.replace(report.check, shares=[share]))
    families = parser.text_string_to_metric_families(report.to_prometheus())
    (found,) = next(one for one in families if one.name == "kerasbert_monitor_label_share").samples
    assert found.labels == {"head": "probabilities", "label": label}


def test_each_metric_is_told_once(watched):
    text = monitor_texts(watched, TEXTS).to_prometheus()
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    assert len(set(names)) == len(names) and text.endswith("\n")
    assert prometheus.metrics_text(monitor_texts(watched, TEXTS)) == text
