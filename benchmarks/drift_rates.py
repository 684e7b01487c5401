"""How often drift checks alarm: without a change, after one label's share was doubled, and on another kind of text.

    python benchmarks/drift_rates.py FOLDER DATA null --resamples 1000
    python benchmarks/drift_rates.py FOLDER DATA references
    python benchmarks/drift_rates.py FOLDER DATA power --picture docs/pictures/drift_power.png
    python benchmarks/drift_rates.py FOLDER DATA other

FOLDER is a saved multi-label classifier of DATA/goemotions, a folder with train.jsonl, dev.jsonl and test.jsonl, of which each
line has `text` and `labels`. DATA also holds sms_spam/train.jsonl and movie_reviews/train.jsonl. Texts are computed once and kept
in `--cache`.

- null: reference and window are drawn from one pool, without replacement, anew each time: the held-out texts (dev and test)
  with a reference of 5,000, and all of GoEmotions with a reference of 5,426.
- references: one reference meets many windows, as in use: the share of its windows that alarm, for 20 references.
- power: a window in which one label's share is doubled, from the held-out texts, with a reference of the others. The bound
  tests the true labels of the same texts, as if every prediction were right; the limit tests the probability of the one
  label that has changed, as if that were known.
- other: windows of 50 texts of two other collections, against the dev set.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from drift_texts import Texts, answered

import kerasbert as kb
from kerasbert.monitoring.combination import combined_p_value
from kerasbert.monitoring.comparison import compare_profiles
from kerasbert.monitoring.counting import count_heads
from kerasbert.monitoring.drift_check import DriftCheck
from kerasbert.monitoring.drift_tests import MIDDLES, WEIGHTS, label_p_values, label_weights
from kerasbert.monitoring.permutation import score_p_values, share_p_values
from kerasbert.monitoring.profile import HeadProfile

SIZES = (100, 300, 1000, 3000, 10000)
RATE = 0.05
HELD_OUT_REFERENCE, REFERENCE = 5000, 5426
GOALS = ((500, 0.10), (1000, 0.036))


class Rates:
    """Draws windows and counts alarms.

    Args:
        options: of the command.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.random = options, np.random.default_rng(options.seed)
        self.trained = kb.load(options.classifier).trained_
        self.names = next(iter(self.trained.outputs.tasks.values())).label_names
        self.dev, self.test = (self.texts(f"goemotions/{split}", "labels") for split in ("dev", "test"))
        self.held_out = self.dev + self.test

    def texts(self, name: str, labels: str | None = None) -> Texts:
        """The texts of a file below DATA."""
        return answered(self.trained, self.options.data / f"{name}.jsonl", self.options.cache, labels)

    def check(self, reference: Texts, window: Texts) -> DriftCheck:
        """Compare two samples of texts."""
        return compare_profiles(
            reference.profile(labelled=True), window.profile(), false_alarm_rate=RATE, tokenizer=self.trained.tokenizer
        )

    def null(self) -> None:
        """Print the rates of false alarms."""
        everything = self.held_out + self.texts("goemotions/train", "labels")
        for name, pool, size in (
            ("all of GoEmotions", everything, REFERENCE),
            ("held-out texts", self.held_out, HELD_OUT_REFERENCE),
        ):
            print(
                f"{name}: {len(pool):,}, reference of {size:,}\n{'window':>8}{'alarms':>8}{'rate':>8}  of the single tests"
            )
            for window in SIZES:
                if size + window > len(pool):
                    continue
                checks = [self._split(pool, size, window) for _ in range(self.options.resamples)]
                alarms = sum(check.alarm for check in checks)
                single = {
                    one.name: np.mean([check.tests[place].p_value <= RATE for check in checks])
                    for place, one in enumerate(checks[0].tests)
                }
                parts = "  ".join(f"{test} {share:.3f}" for test, share in single.items())
                print(f"{window:8,}{alarms:8}{alarms / len(checks):8.3f}  {parts}", flush=True)

    def references(self, windows: int = 50, size: int = 1000, references: int = 20) -> None:
        """Print how unlike the rates of single references are."""
        pool, rates = self.held_out + self.texts("goemotions/train", "labels"), []
        for _ in range(references):
            order = self.random.permutation(len(pool))
            reference, rest = pool.take(order[:REFERENCE]), order[REFERENCE:]
            draws = (self.random.choice(rest, size, replace=False) for _ in range(windows))
            rates.append(np.mean([self.check(reference, pool.take(draw)).alarm for draw in draws]))
        print(
            f"{references} references, {windows} windows of {size:,} texts each: rate {np.mean(rates):.3f} on average,"
        )
        print(
            f"of single references {np.quantile(rates, [0, 0.25, 0.5, 0.75, 1]).round(3)} (smallest, quartiles, largest)"
        )

    def power(self) -> None:
        """Print the power at the goals, and of every label at every size; draw the picture."""
        for size, share in GOALS:
            print(
                f"windows of {size:,}, labels with about {share:.1%}: R2 of probability and truth, verdict, label test, known label, true labels"
            )
            for label in np.argsort(np.abs(self.shares - share))[:3]:
                found = [self._doubled(int(label), size, whole=True) for _ in range(self.options.resamples)]
                both = self.held_out.probabilities[:, label], self.labels[:, label]
                seen = f"R2 {np.corrcoef(*both)[0, 1] ** 2:.2f}"
                print(
                    f"  {self.names[label]:16}{self.shares[label]:6.1%}  {seen}{_row(np.mean(found, axis=0))}",
                    flush=True,
                )
        curves: dict[int, list[tuple[float, np.ndarray]]] = {}
        print(f"{'label':16}{'share':>7}{'window':>8}  label test, known label, true labels")
        for size in SIZES[:-1]:
            for label in np.argsort(self.shares):
                if 2 * self.shares[label] > 1 or 2 * self.shares[label] * size > self.labels[:, label].sum():
                    continue
                found = [self._doubled(int(label), size, whole=False) for _ in range(self.options.resamples // 2)]
                power = np.mean(found, axis=0)[1:]
                curves.setdefault(size, []).append((self.shares[label], power))
                print(f"{self.names[label]:16}{self.shares[label]:7.1%}{size:8,}" + _row(power), flush=True)
        if self.options.picture:
            draw(curves, self.options.picture)

    def other(self) -> None:
        """Print how often other collections alarm, and are named."""
        reference = self.dev.profile(labelled=True)
        for name in ("sms_spam/train", "movie_reviews/train", "goemotions/test"):
            texts = self.texts(name)
            checks = []
            for _ in range(100):
                window = texts.take(self.random.choice(len(texts), 50, replace=False)).profile()
                checks.append(
                    compare_profiles(reference, window, false_alarm_rate=RATE, tokenizer=self.trained.tokenizer)
                )
            alarms, named = (sum(rule(check) for check in checks) for rule in (_alarms, _is_other))
            print(
                f"{name}: {alarms} of 100 windows of 50 texts alarm, {named} are named another kind of text", flush=True
            )

    @property
    def labels(self) -> np.ndarray:
        """The true labels of the held-out texts, (n, C)."""
        return self.held_out.labels

    @property
    def shares(self) -> np.ndarray:
        """Of the labels, among the held-out texts, (C,)."""
        return np.asarray(self.labels.mean(axis=0))

    def _split(self, pool: Texts, size: int, window: int) -> DriftCheck:
        rows = self.random.permutation(len(pool))[: size + window]
        return self.check(pool.take(rows[:size]), pool.take(rows[size:]))

    def _doubled(self, label: int, size: int, *, whole: bool) -> Sequence[bool]:
        """Double a label's share in one window: does the verdict alarm (if `whole`), the label test, the limit, the bound?"""
        rows = self.random.permutation(len(self.labels))
        has = self.labels[rows, label] == 1
        count = self.random.binomial(size, 2 * self.shares[label])
        drawn = np.concatenate([rows[has][:count], rows[~has][: size - count]])
        rest = np.setdiff1d(rows, drawn)
        # As many with the label as there would be without a change.
        rest = self._thinned(rest, label)
        verdict = whole and self.check(self.held_out.take(rest), self.held_out.take(drawn)).alarm
        return [verdict, *self._tests(rest, drawn, label)]

    def _thinned(self, rest: np.ndarray, label: int) -> np.ndarray:
        """A reference in which the label is as frequent as in all texts, by chance."""
        has = self.labels[rest, label] == 1
        size = min(HELD_OUT_REFERENCE, int(has.sum() / self.shares[label]))
        count = min(self.random.binomial(size, self.shares[label]), int(has.sum()))
        choose: Callable[..., np.ndarray] = self.random.choice
        return np.concatenate(
            [choose(rest[has], count, replace=False), choose(rest[~has], size - count, replace=False)]
        )

    def _tests(self, reference: np.ndarray, window: np.ndarray, label: int) -> list[bool]:
        first, second = self._answers(reference), self._answers(window)
        weight = WEIGHTS["labels"] / sum(value for name, value in WEIGHTS.items() if name not in ("scope", "accuracy"))
        p_values = label_p_values(first, len(reference), second, len(window))
        test = combined_p_value(p_values, label_weights(first, second)) <= RATE * weight
        known = score_p_values(first.probabilities[label], second.probabilities[label], MIDDLES).item() <= RATE
        hits = [self.labels[rows].sum(axis=0) for rows in (reference, window)]
        true = share_p_values(hits[0], len(reference), hits[1], len(window))
        return [test, known, combined_p_value(true) <= RATE]

    def _answers(self, rows: np.ndarray) -> HeadProfile:
        """What is counted of the answers about some texts."""
        head, texts = self.held_out.head, self.held_out
        answers = {head: texts.probabilities[rows]}, {head: texts.predicted[rows]}
        return count_heads(texts.outputs, *answers, None, np.zeros(0, np.int64))[head]


def draw(curves: dict[int, list[tuple[float, np.ndarray]]], file: Path) -> None:
    """Draw power over share, a panel for each size of window."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(curves), figsize=(3 * len(curves), 3), sharey=True, layout="constrained")
    for panel, (size, points) in zip(panels, curves.items(), strict=True):
        shares, powers = np.array([share for share, _ in points]), np.array([power for _, power in points])
        for column, name, marker in (
            (2, "true labels (bound)", "s"),
            (1, "known label (limit)", "^"),
            (0, "label test", "o"),
        ):
            panel.plot(100 * shares, powers[:, column], marker, markersize=4, label=name, alpha=0.8)
        panel.set(xscale="log", ylim=(-0.03, 1.03), title=f"{size:,} texts", xlabel="share of the label, %")
        panel.xaxis.set_major_formatter("{x:g}")
        panel.axhline(0.95, color="grey", linewidth=0.8, linestyle=":")
    panels[0].set_ylabel("alarms when it doubles")
    panels[0].legend(fontsize="x-small", loc="upper left")
    figure.savefig(file, dpi=110)


def _row(values: np.ndarray) -> str:
    return "".join(f"{value:8.3f}" for value in values)


def _alarms(check: DriftCheck) -> bool:
    return check.alarm


def _is_other(check: DriftCheck) -> bool:
    return check.kind == "other_text"


def main() -> None:
    """Run one of the experiments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classifier", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("experiment", choices=["null", "references", "power", "other"])
    parser.add_argument(
        "--resamples", type=int, default=200, help="windows of each row, half as many of the curve (default: 200)"
    )
    parser.add_argument("--picture", type=Path, help="of the power")
    parser.add_argument("--cache", type=Path, default=Path(".drift_rates"), help="folder (default: .drift_rates)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    options = parser.parse_args()
    getattr(Rates(options), options.experiment)()


if __name__ == "__main__":
    main()
