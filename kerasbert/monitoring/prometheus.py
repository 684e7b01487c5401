"""The figures of a monitor in Prometheus's text format."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kerasbert.monitoring.monitor_report import MonitorReport

Labels = Mapping[str, str]


class Gauge(NamedTuple):
    """A figure that goes up and down.

    Args:
        name: without the prefix.
        help: what it is.
        samples: its labels and its value, for each combination of labels.
    """

    name: str
    help: str
    samples: Iterable[tuple[Labels, float]]


def metrics_text(report: MonitorReport) -> str:
    """Return a report in the text format, version 0.0.4.

    Example:
        >>> print(_text(Gauge("texts", "Texts.", [({"head": 'a"b'}, 3.0)])))
        # HELP kerasbert_monitor_texts Texts.
        # TYPE kerasbert_monitor_texts gauge
        kerasbert_monitor_texts{head="a\\"b"} 3

    Reference:
        https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    return "\n".join(_text(gauge) for gauge in _gauges(report)) + "\n"


def _gauges(report: MonitorReport) -> Iterable[Gauge]:
    window, reference, check = report.window, report.reference.profile, report.check
    yield Gauge("alarm", "1 where something has changed, else 0.", [({}, float(report.alarm))])
    yield Gauge("p_value", "Of no change in all texts together.", [({}, check.p_value)])
    yield Gauge("false_alarm_rate", "How often texts without a change give an alarm.", [({}, report.false_alarm_rate)])
    yield Gauge("alarming_times", "Times that give an alarm by themselves.", [({}, len(report.alarms))])
    yield Gauge("texts", "Texts that were compared.", [({}, window.num_rows)])
    yield Gauge("reference_texts", "Texts of the reference.", [({}, reference.num_rows)])
    both = {"window": window, "reference": reference}
    for name, told in (("truncated_share", "texts that are not read to the end"), ("unknown_share", "unknown tokens")):
        samples = [({"of": of}, float(getattr(profile, name))) for of, profile in both.items()]
        yield Gauge(name, f"Share of {told}.", samples)
    yield Gauge(
        "test_p_value",
        "Of one comparison, before the correction for the others.",
        [({"test": one.name, "head": one.head or ""}, one.p_value) for one in check.tests],
    )
    yield Gauge(
        "test_effect",
        "Size of the change that one comparison sees.",
        [({"test": one.name, "head": one.head or ""}, one.effect) for one in check.tests],
    )
    of_label = [({"head": one.head, "label": one.label}, one) for one in check.shares]
    yield Gauge("label_share", "Share of texts that a label is predicted for.", [(o, s.predicted) for o, s in of_label])
    yield Gauge("label_reference_share", "Share of the reference's texts.", [(o, s.reference) for o, s in of_label])
    yield Gauge(
        "label_estimated_share",
        "True share, estimated from predictions and the reference's confusion matrix.",
        [(own, share.estimated) for own, share in of_label if share.estimated is not None],
    )
    facts = [({"head": one.head}, one) for one in check.accuracy]
    yield Gauge(
        "accuracy", "On texts with known labels.", [(o, f.accuracy) for o, f in facts if f.accuracy is not None]
    )
    yield Gauge(
        "estimated_accuracy",
        "On all texts, estimated from confidences.",
        [(own, one.estimated) for own, one in facts if one.estimated is not None],
    )


def _text(gauge: Gauge) -> str:
    name = f"kerasbert_monitor_{gauge.name}"
    lines = [f"# HELP {name} {gauge.help}", f"# TYPE {name} gauge"]
    return "\n".join([*lines, *(f"{name}{_labels(labels)} {_number(value)}" for labels, value in gauge.samples)])


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return f"{value:.10g}"
