"""The HTML page of a monitor: the verdict, what to do next, what has changed, and since when."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert._version import __version__
from kerasbert.evaluation.paired import format_p_value
from kerasbert.evaluation.report.drawing import check_installed, house_style, svg_of
from kerasbert.evaluation.report.page import render_page
from kerasbert.monitoring.drift_check import KINDS, DriftCheck, DriftTest, LabelShare, Moved
from kerasbert.monitoring.monitor_pictures import draw_accuracy_by_time, draw_labels_by_time, draw_shares
from kerasbert.monitoring.monitor_report import Bucket, MonitorReport

TEMPLATE = Path(__file__).parent / "monitor.html"
# Labels of a picture of shares, and of one by time.
MOST_SHARES, MOST_LINES, MOST_SHADED = 15, 5, 2
HEADLINES = {
    "same": "No change is seen",
    "labels": "The shares of labels have changed",
    "input": "The texts have changed",
    "other_text": "This is another kind of text",
    "accuracy": "The accuracy has changed",
}


def monitor_page(report: MonitorReport) -> str:
    """Render a report as HTML.

    Raises:
        ConfigError: when matplotlib or Jinja2 is missing.
    """
    check_installed()
    check = report.telling
    with house_style():
        content = {
            "title": _title(report),
            "lead": _lead(report),
            "alarm": report.alarm,
            "advice": report.advice,
            "tiles": _tiles(report),
            "times": _times(report) if report.buckets else None,
            "where": _where(report),
            "tests": [_shown(test) for test in check.tests],
            "heads": [_head(name, check, _predicted_before(report, name)) for name in report.window.heads],
            "words": [one for test in check.tests if test.name == "words" for one in test.moved],
            "slices": check.slices,
            "facts": _facts(report),
            "promise": _promise(report),
            "version": __version__,
        }
    return render_page(content, TEMPLATE)


def _title(report: MonitorReport) -> str:
    if report.alarm and not report.check.alarm:
        return f"Some {report.time_bucket}s differ, all texts together do not"
    return HEADLINES[report.check.kind if report.check.alarm else "same"]


def _lead(report: MonitorReport) -> str:
    reference = report.reference
    verdict = "" if report.verdict == f"{_title(report)}." else f" {report.verdict}"
    return (
        f"{report.window.num_rows:,} new texts beside the {reference.profile.num_rows:,} of the reference ({reference.source}, "
        f"{reference.made}).{verdict}"
    )


def _where(report: MonitorReport) -> str:
    """Say which texts the tables are of, where they are those of one time."""
    name = next((bucket.name for bucket in report.buckets if bucket.check is report.telling), None)
    return "" if name is None else f" on {name}"


def _tiles(report: MonitorReport) -> list[dict[str, str]]:
    window, reference, check = report.window, report.reference.profile, report.check
    tiles = [
        _tile("p-value", format_p_value(check.p_value), f"alarm at {check.level:.3g} or below"),
        _tile("new texts", f"{window.num_rows:,}", f"{reference.num_rows:,} in the reference"),
    ]
    for facts in check.accuracy:
        where = "" if facts.head == SINGLE_HEAD else f" of {facts.head}"
        before = "" if facts.reference is None else f"; {facts.reference:.3f} in the reference"
        if facts.accuracy is not None:
            meaning = f"on the {facts.labelled:,} texts with known labels{before}"
            tiles.append(_tile(f"accuracy{where}", f"{facts.accuracy:.3f}", meaning, facts.interval))
        elif facts.estimated is not None:
            meaning = f"from confidences, where no label is known{before}"
            tiles.append(
                _tile(f"estimated accuracy{where}", f"{facts.estimated:.3f}", meaning, facts.estimated_interval)
            )
    for title, name in (("cut texts", "truncated_share"), ("unknown words", "unknown_share")):
        now, before = getattr(window, name), f"{getattr(reference, name):.1%} in the reference"
        tiles.append(_tile(title, f"{now:.1%}", before))
    return tiles


def _tile(title: str, value: str, meaning: str, interval: tuple[float, float] | None = None) -> dict[str, str]:
    ends = "" if interval is None else f"{interval[0]:.3f} – {interval[1]:.3f}"
    return {"title": title, "value": value, "meaning": meaning, "interval": ends}


def _shown(test: DriftTest) -> dict[str, Any]:
    head = None if test.head == SINGLE_HEAD else test.head
    return {**{name: getattr(test, name) for name in DriftTest.__dataclass_fields__}, "head": head}


def _predicted_before(report: MonitorReport, head: str) -> dict[str, float]:
    """Return the share of the reference's texts that each label is predicted for."""
    profile = report.reference.profile
    known = profile.heads[head]
    return dict(zip(known.label_names, (known.num_predicted / profile.num_rows).tolist(), strict=True))


def _head(name: str, check: DriftCheck, before: Mapping[str, float]) -> dict[str, Any]:
    """Tell of the labels of a head: a picture of those that moved most, and a table of those that surely moved."""
    moved: Sequence[Moved] = [
        one for test in check.tests if test.name == "labels" and test.head == name for one in test.moved
    ]
    shares = _most_moved([share for share in check.shares if share.head == name], before, [one.name for one in moved])
    sentence = (
        f"{len(moved)} labels have surely moved, {moved[0].name} most." if moved else "No label has surely moved."
    )
    picture = {
        "title": "Labels in the reference and now",
        "sentence": sentence if len(moved) != 1 else f"{moved[0].name} has surely moved.",
        "caption": "From the hollow point to the full one: how often a label is predicted. Where the bar lies, its true share "
        "lies now with 95\u00a0% confidence, corrected for what the classifier takes for what; the stroke is where it lay.",
        "svg": _svg(draw_shares(shares, before), _told(shares, before)),
    }
    return {"name": name, "picture": picture, "moved": moved}


def _most_moved(shares: Sequence[LabelShare], before: Mapping[str, float], first: Sequence[str]) -> list[LabelShare]:
    """Return the labels of a picture: those that surely moved, then those with the largest difference."""
    ranks = {label: rank for rank, label in enumerate(first)}
    ordered = sorted(
        shares, key=lambda one: (ranks.get(one.label, len(ranks)), -abs(one.predicted - before[one.label]))
    )
    return ordered[:MOST_SHARES]


def _told(shares: Sequence[LabelShare], before: Mapping[str, float]) -> str:
    listed = "; ".join(f"{one.label} {before[one.label]:.1%} and {one.predicted:.1%}" for one in shares)
    return f"Share of texts that a label is predicted for in the reference and now: {listed}."


def _times(report: MonitorReport) -> dict[str, Any]:
    buckets, bucket = report.buckets, report.time_bucket
    alarms = len(report.alarms)
    sentence = f"{alarms} of {len(buckets)} {bucket}s give an alarm by themselves." if alarms else ""
    pictures = [_labels_by_time(report, head) for head in report.window.heads]
    accuracy = _accuracy_by_time(report)
    return {
        "sentence": sentence or f"No {bucket} of {len(buckets)} gives an alarm by itself.",
        "bucket": bucket,
        "pictures": pictures + ([accuracy] if accuracy else []),
        "rows": [_row(one) for one in buckets],
    }


def _row(bucket: Bucket) -> dict[str, Any]:
    check = bucket.check
    return {
        "name": bucket.name,
        "num_texts": bucket.profile.num_rows,
        "p_value": None if check is None else check.p_value,
        "alarm": check is not None and check.alarm,
        "verdict": "too few texts to compare" if check is None else KINDS[check.kind],
    }


def _labels_by_time(report: MonitorReport, head: str) -> dict[str, Any]:
    shares = [share for share in report.check.shares if share.head == head]
    places = {share.label: place for place, share in enumerate(shares)}
    moved = [
        one.name
        for check in (report.telling, *(bucket.check for bucket in report.alarms))
        if check is not None
        for test in check.tests
        if test.name == "labels" and test.head == head
        for one in test.moved
    ]
    by_name, known = _predicted_before(report, head), report.reference.profile.heads[head]
    chosen = [places[one.label] for one in _most_moved(shares, by_name, list(dict.fromkeys(moved)))[:MOST_LINES]]
    before = {place: by_name[known.label_names[place]] for place in chosen}
    names = ", ".join(known.label_names[place] for place in chosen)
    where = "" if head == SINGLE_HEAD else f" of {head}"
    return {
        "title": f"Predicted labels{where}, {report.time_bucket} by {report.time_bucket}",
        "sentence": f"The labels that differ most: {names}.",
        "caption": "Dashed is the share that was predicted in the reference, shaded the 95\u00a0% confidence interval. A "
        f"{report.time_bucket} that gives an alarm by itself is marked.",
        "svg": _svg(
            draw_labels_by_time(report.buckets, head, chosen, before, min(max(len(set(moved)), 1), MOST_SHADED)),
            f"Share of texts predicted as {names}, by time.",
        ),
    }


def _accuracy_by_time(report: MonitorReport) -> dict[str, Any] | None:
    """Draw the accuracy of the first head by time; None where nothing is known of it."""
    facts = [bucket.check.accuracy[0] if bucket.check is not None else None for bucket in report.buckets]
    if not any(one is not None and (one.accuracy is not None or one.estimated is not None) for one in facts):
        return None
    head = next(iter(report.window.heads))
    where = "" if head == SINGLE_HEAD else f" of {head}"
    return {
        "title": f"Accuracy{where}, {report.time_bucket} by {report.time_bucket}",
        "sentence": _accuracy_sentence(facts),
        "caption": "The estimate takes texts of one confidence to be right as often as they were in the reference; on a new "
        "kind of text it is too high. Shaded are 95\u00a0% confidence intervals.",
        "svg": _svg(draw_accuracy_by_time(report.buckets, facts), "Accuracy by time."),
    }


def _accuracy_sentence(facts: Sequence[Any]) -> str:
    labelled = sum(one.labelled for one in facts if one is not None)
    return f"{labelled:,} texts have known labels." if labelled else "No labels are known: it is estimated."


def _facts(report: MonitorReport) -> Mapping[str, str] | list[tuple[str, str]]:
    reference, profile = report.reference, report.reference.profile
    known = next(iter(profile.heads.values()))
    return [
        ("classifier", profile.fingerprint[:16]),
        ("reference", f"{profile.num_rows:,} texts, {reference.source}, {reference.made}"),
        ("labels of the reference", f"{known.num_labelled:,} texts have known ones"),
        ("median length in tokens", f"{report.window.length_quantile(0.5)}; {profile.length_quantile(0.5)} in the reference"),
        ("vectors compared", f"{len(report.window.sample):,} and {len(profile.sample):,}"),
        ("false alarms", f"{np.format_float_positional(100 * report.false_alarm_rate, trim='-')} % of pages without a change"),
    ]  # fmt: skip


def _promise(report: MonitorReport) -> str:
    rate = np.format_float_positional(100 * report.false_alarm_rate, trim="-")
    start = f"Where the texts come from where the reference came from, independently of each other, {rate}\u00a0% of such pages "
    if report.buckets:
        return start + (
            f"or fewer give an alarm: all texts together are tested at half of that rate, and each {report.time_bucket} at its "
            "part of the other half."
        )
    return start + "give an alarm, whatever the number of texts."


def _svg(figure: Any, alt: str) -> Any:
    from markupsafe import Markup

    return Markup(svg_of(figure, alt))
