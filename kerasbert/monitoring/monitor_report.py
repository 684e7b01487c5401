"""`MonitorReport`: what `monitor_texts` has found, for people, programs and Prometheus."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

from kerasbert._core.display import Displayed
from kerasbert.monitoring.drift_check import KINDS, DriftCheck
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.reference import Reference


@final
@dataclasses.dataclass(frozen=True)
class Bucket:
    """The texts of one time.

    Args:
        name: of the time, such as `"2026-01-31"`.
        profile: of its texts.
        check: comparison with the reference; None for fewer than two texts.
    """

    name: str
    profile: Profile
    check: DriftCheck | None


@final
@dataclasses.dataclass(frozen=True, repr=False)
class MonitorReport(Displayed):
    """New texts beside the reference of a classifier.

    Args:
        check: of all texts.
        window: profile of all texts.
        reference: what they were compared with.
        buckets: the times, in order; none where times were not told, or all texts are of one time.
        false_alarm_rate: of an alarm of either kind.
        time_bucket: what a time is, such as `"day"`; None without buckets.
    """

    check: DriftCheck
    window: Profile
    reference: Reference
    buckets: Sequence[Bucket]
    false_alarm_rate: float
    time_bucket: str | None

    @property
    def alarm(self) -> bool:
        """Whether all texts together, or those of a time, give an alarm."""
        return self.check.alarm or bool(self.alarms)

    @property
    def alarms(self) -> list[Bucket]:
        """The times that give an alarm by themselves."""
        return [bucket for bucket in self.buckets if bucket.check is not None and bucket.check.alarm]

    @property
    def telling(self) -> DriftCheck:
        """The check that tells why: that of all texts, or the surest of a time where only times give an alarm."""
        if self.check.alarm or not self.alarms:
            return self.check
        return min((bucket.check for bucket in self.alarms if bucket.check), key=lambda one: one.p_value)

    @property
    def verdict(self) -> str:
        """What has been found, a sentence."""
        if not self.alarm:
            return KINDS["same"]
        if self.check.alarm:
            return KINDS[self.check.kind]
        names = [bucket.name for bucket in self.alarms]
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"Some times differ from the reference, {listed}; all texts together do not."

    @property
    def advice(self) -> list[str]:
        """What to do next, a sentence each, the most urgent first; empty without an alarm."""
        return list(self.telling.advice) if self.alarm else []

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, as JSON has it."""
        profile = self.reference.profile
        return {
            "alarm": self.alarm,
            "verdict": self.verdict,
            "advice": self.advice,
            "false_alarm_rate": self.false_alarm_rate,
            "check": self.check.to_dict(),
            "texts": facts_of(self.window),
            "reference": {
                "made": self.reference.made,
                "source": self.reference.source,
                "fingerprint": profile.fingerprint,
                **facts_of(profile),
            },
            "time_bucket": self.time_bucket,
            "buckets": [
                {
                    "name": bucket.name,
                    "texts": facts_of(bucket.profile),
                    "check": None if bucket.check is None else bucket.check.to_dict(),
                }
                for bucket in self.buckets
            ],
        }

    def to_html(self) -> str:
        """Return a page for people: one file that loads nothing. Needs `pip install 'kerasbert[report]'`.

        Raises:
            ConfigError: when matplotlib or Jinja2 is missing.
        """
        from kerasbert.monitoring.monitor_page import monitor_page

        return monitor_page(self)

    def to_prometheus(self) -> str:
        """Return the figures in Prometheus's text format, for a file that its node exporter reads."""
        from kerasbert.monitoring.prometheus import metrics_text

        return metrics_text(self)

    def _lines(self) -> Sequence[str]:
        alarms = [bucket.name for bucket in self.alarms]
        times = f"alarm on {', '.join(alarms)}" if alarms else f"{len(self.buckets)} times, none gives an alarm"
        state = "ALARM" if self.alarm else "no alarm"
        first = (
            f"MonitorReport: {state}; {self.window.num_rows:,} texts against {self.reference.profile.num_rows:,}, p = "
            f"{self.check.p_value:.4f}"
        )
        return [first, self.verdict, *([times] if self.buckets else [])]

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        return self.check._rows()


def facts_of(profile: Profile) -> dict[str, Any]:
    """Return what can be said of texts in a few numbers."""
    return {
        "num_texts": profile.num_rows,
        "median_length": profile.length_quantile(0.5),
        "length_of_95_percent": profile.length_quantile(0.95),
        "truncated_share": profile.truncated_share,
        "unknown_word_share": profile.unknown_share,
        "predicted": {
            name: dict(zip(head.label_names, head.num_predicted.tolist(), strict=True))
            for name, head in profile.heads.items()
        },
        "num_labelled": {name: head.num_labelled for name, head in profile.heads.items()},
        "num_right": {name: head.num_right for name, head in profile.heads.items()},
    }
