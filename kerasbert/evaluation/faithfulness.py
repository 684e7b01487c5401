"""Whether the words that an explanation names matter: predictions without them, and from them alone."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

# Shares of the words that are left out or kept, the bins of the paper.
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


class Faithfulness(NamedTuple):
    """How far a label's probability falls without the strongest words, and with them alone, beside random words.

    Each number is a mean over the strongest 1, 5, 10, 20 and 50 % of the words, at least one.

    Args:
        comprehensiveness: fall without these words; higher is better.
        sufficiency: fall with these words alone; lower is better.
        random_comprehensiveness: the same of random words, the mean of the draws.
        random_sufficiency: the same of random words, the mean of the draws.
        draws: random orders of the words.

    Example:
        >>> Faithfulness(0.4, 0.1, 0.1, 0.3, 10).gain
        0.3

    Reference:
        DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", 2020, section 4.2.
    """

    comprehensiveness: float
    sufficiency: float
    random_comprehensiveness: float
    random_sufficiency: float
    draws: int

    @property
    def gain(self) -> float:
        """How much further the probability falls without these words than without random ones."""
        return round(self.comprehensiveness - self.random_comprehensiveness, 12)

    def summary(self) -> str:
        """Say the numbers in a sentence."""
        return (
            f"Without the strongest words the probability falls by {self.comprehensiveness:.4f} (random words "
            f"{self.random_comprehensiveness:.4f}); with them alone by {self.sufficiency:.4f} (random words "
            f"{self.random_sufficiency:.4f})."
        )


def measure_faithfulness(
    predict: Callable[[Sequence[str]], np.ndarray],
    text: str,
    words: Sequence[dict[str, Any]],
    *,
    draws: int,
    seed: int = 0,
) -> Faithfulness:
    """Measure comprehensiveness and sufficiency of attributions.

    Args:
        predict: takes texts and returns the label's probability, (n,).
        text: the text.
        words: of it, with `start`, `end` and `attribution`.
        draws: random orders of the words, >= 1.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    ranked = np.argsort([-word["attribution"] for word in words], kind="stable")
    orders = [ranked, *[random.permutation(len(words)) for _ in range(draws)]]
    sizes = [max(1, math.ceil(share * len(words))) for share in SHARES]
    reduced = [
        (reduced_text(text, words, order[size:]), reduced_text(text, words, order[:size]))
        for order in orders
        for size in sizes
    ]
    different = list(dict.fromkeys([text, *[one for pair in reduced for one in pair]]))
    probabilities = dict(zip(different, predict(different).tolist(), strict=True))
    falls = np.array([[probabilities[text] - probabilities[one] for one in pair] for pair in reduced])
    means = falls.reshape(len(orders), len(sizes), 2).mean(axis=1)  # (orders, 2)
    (without, alone), (random_without, random_alone) = means[0].tolist(), means[1:].mean(axis=0).tolist()
    return Faithfulness(without, alone, random_without, random_alone, draws)


def reduced_text(text: str, words: Sequence[dict[str, Any]], kept: Sequence[int] | np.ndarray) -> str:
    """Return the kept words of a text, by number, with a space in the place of those between them."""
    parts: list[str] = []
    before: int | None = None
    for place in sorted(int(one) for one in kept):
        if before is not None:
            is_next = place == before + 1
            parts.append(text[words[before]["end"] : words[place]["start"]] if is_next else " ")
        parts.append(text[words[place]["start"] : words[place]["end"]])
        before = place
    return "".join(parts)
