"""The pictures of a monitor page: labels that moved, and labels and accuracy by time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert.evaluation.report.drawing import INK, MUTED, RULE, SERIES, new_figure, plain
from kerasbert.monitoring.drift_check import AccuracyFacts, LabelShare
from kerasbert.monitoring.monitor_report import Bucket
from kerasbert.objectives.exact_intervals import wilson_interval

WIDTH = 6.6
ROW_HEIGHT, MARGIN = 0.3, 0.95
# Names of times that fit side by side.
MOST_TICKS = 12


def draw_shares(shares: Sequence[LabelShare], before: Mapping[str, float]) -> Any:
    """Draw the share of each label, predicted and true, in the reference and in the window.

    Args:
        shares: of the labels.
        before: label -> share of the reference's texts that it is predicted for.
    """
    figure = new_figure(WIDTH, MARGIN + ROW_HEIGHT * len(shares))
    axes = figure.add_subplot()
    for place, share in enumerate(shares):
        if share.interval is not None:
            axes.plot([100 * end for end in share.interval], [place] * 2, color=SERIES[1], alpha=0.35, linewidth=5)
        then = 100 * before[share.label]
        axes.plot([then, 100 * share.predicted], [place] * 2, color=RULE, linewidth=1.2, zorder=1)
        if share.interval is not None:
            axes.plot(100 * share.reference, place, "|", color=INK, markersize=11)
        axes.plot(then, place, "o", color=MUTED, markerfacecolor="none", markersize=6)
        axes.plot(100 * share.predicted, place, "o", color=SERIES[1], markersize=6)
    axes.plot([], [], "o", color=MUTED, markerfacecolor="none", label="predicted in the reference")
    axes.plot([], [], "o", color=SERIES[1], label="predicted now")
    if any(share.interval is not None for share in shares):
        axes.plot([], [], "|", color=INK, markersize=11, label="true in the reference")
        axes.plot([], [], color=SERIES[1], alpha=0.35, linewidth=5, label="true now, 95 % interval")
    axes.set_yticks(range(len(shares)), [plain(share.label) for share in shares])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(shares) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("% of texts")
    axes.yaxis.grid(False)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def draw_labels_by_time(
    buckets: Sequence[Bucket], head: str, places: Sequence[int], reference: Mapping[int, float], num_shaded: int
) -> Any:
    """Draw the share of predicted labels by time, their share in the reference dashed, and how many texts came.

    Args:
        buckets: the times.
        head: whose labels are drawn.
        places: of the labels, at most six.
        reference: place of a label -> its share in the reference.
        num_shaded: how many of them, from the first, have a confidence interval; more would hide each other.
    """
    figure = new_figure(WIDTH, 3.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    times = np.arange(len(buckets))
    sizes = np.array([bucket.profile.num_rows for bucket in buckets])
    for number, (colour, place) in enumerate(zip(SERIES, places, strict=False)):
        counts = np.array([bucket.profile.heads[head].num_predicted[place] for bucket in buckets])
        low, high = wilson_interval(counts, sizes)
        if number < num_shaded:
            upper.fill_between(times, 100 * low, 100 * high, color=colour, alpha=0.12, linewidth=0)
        name = buckets[0].profile.heads[head].label_names[place]
        width = 1.6 if number < num_shaded else 0.9
        upper.plot(times, 100 * counts / sizes, "-o", color=colour, markersize=3, linewidth=width, label=plain(name))
        upper.axhline(100 * reference[place], color=colour, linestyle="--", linewidth=0.9)
    _mark_alarms(upper, buckets)
    upper.set_ylabel("% of texts")
    upper.set_ylim(bottom=0)
    lower.bar(times, sizes, color=MUTED, width=0.7)
    lower.set_ylabel("texts")
    _name_times(lower, buckets)
    figure.legend(*upper.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def draw_accuracy_by_time(buckets: Sequence[Bucket], facts: Sequence[AccuracyFacts | None]) -> Any:
    """Draw the accuracy on labelled texts by time, and the estimated one, with 95 % intervals; the reference's dashed."""
    figure = new_figure(WIDTH, 2.7)
    axes = figure.add_subplot()
    kinds = (("accuracy", "interval", "labelled texts"), ("estimated", "estimated_interval", "estimated, all texts"))
    for colour, (name, ends, label) in zip(SERIES, kinds, strict=False):
        known = [
            (time, getattr(one, name), getattr(one, ends))
            for time, one in enumerate(facts)
            if one is not None and getattr(one, name) is not None
        ]
        if known:
            times, values, intervals = zip(*known, strict=True)
            low, high = np.array(intervals).T
            axes.fill_between(times, low, high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(times, values, "-o", color=colour, markersize=3.5, label=label)
    reference = next((one.reference for one in facts if one is not None and one.reference is not None), None)
    if reference is not None:
        axes.axhline(reference, color=MUTED, linestyle="--", linewidth=0.9, label="reference")
    axes.set_ylabel("accuracy")
    _name_times(axes, buckets)
    figure.legend(loc="outside upper left", ncols=3)
    return figure


def _mark_alarms(axes: Any, buckets: Sequence[Bucket]) -> None:
    for time, bucket in enumerate(buckets):
        if bucket.check is not None and bucket.check.alarm:
            axes.axvspan(time - 0.4, time + 0.4, color=SERIES[1], alpha=0.1, linewidth=0)


def _name_times(axes: Any, buckets: Sequence[Bucket]) -> None:
    step = -(-len(buckets) // MOST_TICKS)
    shown = range(0, len(buckets), step)
    axes.set_xticks(shown, [plain(buckets[place].name) for place in shown], rotation=30, ha="right")
    axes.set_xlim(-0.6, len(buckets) - 0.4)
    axes.xaxis.grid(False)
