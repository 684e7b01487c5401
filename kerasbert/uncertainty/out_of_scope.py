"""A score for texts that belong to none of the labels, and the threshold from which they are rejected."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self, final

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import DataError
from kerasbert._core.json_files import check_form, is_number, is_share
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.uncertainty.combination import (
    cross_fitted,
    standardise,
    weights_with_examples,
    weights_without_examples,
)
from kerasbert.uncertainty.energy import energies
from kerasbert.uncertainty.fitted import FittedPart
from kerasbert.uncertainty.reference import LayerReference, bank_rows, references_from

# Share of texts in scope that is kept where nobody says otherwise.
KEEP = 0.95
# Texts that are scored at a time: each is compared with every neighbour.
AT_ONCE = 512
ENERGY, DISTANCE, NEIGHBOUR, EXAMPLE = "energy", "mahalanobis", "neighbour", "example"
# Fewer texts out of scope say too little of others.
LEAST_EXAMPLES = 10
FORM = {
    "fingerprint": str,
    "layers": [int],
    "components": [str],
    "middle": [is_number],
    "spread": [is_number],
    "weights": [is_number],
    "threshold": is_number,
    "keep": is_share,
    "kept_interval": [is_share],
    "num_reference": int,
    "num_validation": int,
    "num_examples": int,
}


class ScopeStates(NamedTuple):
    """What is read of n texts.

    Args:
        logits: head or level name -> (n, units), of those that have logits.
        pooled: hidden state -> (n, d), the mean over the tokens.
    """

    logits: Mapping[str, Any]
    pooled: Mapping[int, Any]


class Groups(NamedTuple):
    """The groups of reference texts: labels, and of independent labels the texts that have none.

    Args:
        names: G names for messages.
        members: bool (n, G).
    """

    names: list[str]
    members: np.ndarray


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class OutOfScope(FittedPart):
    """Scores how far texts are from all that a classifier has labels for.

    The score is a weighted sum of several, each standardised over validation texts in scope: the energy of each head's
    logits, the Mahalanobis distance in the last hidden state to the nearest group of reference texts, and in several hidden
    states the distance to the nearest reference text and the similarity to the nearest text out of scope, where some were
    given.

    Args:
        fingerprint: of the weights that it was fitted on.
        references: of the hidden states that are read.
        components: names of the scores that are added up, such as `"neighbour/6"`.
        middle: (k,), their means over texts in scope.
        spread: (k,), their standard deviations.
        weights: (k,).
        threshold: the score above which a text is rejected.
        keep: the share of texts in scope that was to be kept.
        kept_interval: 95 % interval of the share that is kept.
        num_reference: reference texts.
        num_validation: validation texts.
        num_examples: texts out of scope that were given.

    Example:
        >>> numbers = np.zeros(1), np.ones(1), np.ones(1)
        >>> part = OutOfScope("", (), ("energy/probabilities",), *numbers, 2.0, 0.95, (0.9, 0.98), 100, 60)
        >>> part.rejects(np.array([1.0, 3.0])).tolist()
        [False, True]
    """

    fingerprint: str
    references: tuple[LayerReference, ...]
    components: tuple[str, ...]
    middle: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    threshold: float
    keep: float
    kept_interval: tuple[float, float]
    num_reference: int
    num_validation: int
    num_examples: int = 0

    name = "out_of_scope"

    def __repr__(self) -> str:
        low, high = self.kept_interval
        return (
            f"OutOfScope(threshold={self.threshold:.3g}, keep={self.keep:g}, 95 % interval {low:.3f} to {high:.3f} on "
            f"{self.num_validation:,} texts, {self.num_bytes / 1e6:.1f} MB)"
        )

    @classmethod
    def fit(
        cls,
        outputs: Outputs,
        reference: ScopeStates,
        y_true: ByHead,
        validation: ScopeStates,
        examples: ScopeStates | None = None,
        *,
        fingerprint: str,
        keep: float = KEEP,
        max_neighbours: int = 15_000,
    ) -> Self:
        """Fit on what was read of texts.

        Args:
            outputs: of the classifier.
            reference: of texts that show what is in scope, such as those that were trained on.
            y_true: head or level -> their encoded labels.
            validation: of texts in scope that were not trained on.
            examples: of texts out of scope; None: there are none.
            fingerprint: of the weights.
            keep: share of texts in scope to keep, in (0, 1).
            max_neighbours: reference texts that are kept for each hidden state, >= 1.

        Raises:
            ConfigError: when a number is out of its range.
            DataError: when a label has no reference text, there are too few validation texts for `keep`, or fewer than 10
                examples.
        """
        check_number("keep", keep, 0, 1, open_minimum=True, open_maximum=True)
        check_int("max_neighbours", max_neighbours, 1)
        check_enough(_number_of(validation), keep)
        if examples is not None and _number_of(examples) < LEAST_EXAMPLES:
            raise DataError(
                f"`out_of_scope_texts` must be at least {LEAST_EXAMPLES} texts, or None; got {_number_of(examples)}."
            )
        groups = groups_of(outputs, y_true)
        references = _fit_references(reference, groups, examples, max_neighbours)
        names = component_names(outputs, validation.logits, references)
        inside = raw_scores(outputs, validation, references, names)
        outside = None if examples is None else raw_scores(outputs, examples, references, names, themselves=True)
        weigh = weights_without_examples if outside is None else weights_with_examples
        held_out = cross_fitted(inside, outside, weigh)
        middle, spread = standardise(inside)
        given = [(scores - middle) / spread for scores in (inside, outside) if scores is not None]
        weights = weigh(*given)
        threshold, interval = keeping_threshold(held_out, keep)
        used = np.flatnonzero(np.abs(weights) > 1e-6)
        components = tuple(names[place] for place in used)
        return cls(
            fingerprint,
            _used(references, components),
            components,
            middle[used],
            spread[used],
            weights[used],
            threshold,
            float(keep),
            interval,
            int(groups.members.any(axis=1).sum()),
            len(inside),
            0 if outside is None else len(outside),
        )

    @property
    def layers(self) -> tuple[int, ...]:
        """The hidden states that are read."""
        return tuple(one.layer for one in self.references)

    @property
    def num_bytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays().values())

    def scores(self, outputs: Outputs, states: ScopeStates, xp: Any = np) -> Any:
        """Score texts, (n,): 0 is the mean of texts in scope, higher is farther out.

        Args:
            outputs: of the classifier.
            states: of the texts.
            xp: NumPy, or `keras.ops` in an exported graph.
        """
        if xp is np:
            return (raw_scores(outputs, states, self.references, self.components) - self.middle) @ self._scale
        found = _raw_scores(outputs, states, self.references, self.components, xp)
        middle, scale = self.middle.astype("float32"), self._scale.astype("float32")
        return sum((one - middle[place]) * scale[place] for place, one in enumerate(found))

    def rejects(self, scores: np.ndarray) -> np.ndarray:
        """Return which texts are rejected by their scores, bool (n,)."""
        return np.asarray(scores) > self.threshold

    @property
    def _scale(self) -> np.ndarray:
        return np.asarray(self.weights / self.spread)

    def to_plain(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "layers": list(self.layers),
            "components": list(self.components),
            "middle": self.middle.tolist(),
            "spread": self.spread.tolist(),
            "weights": self.weights.tolist(),
            "threshold": self.threshold,
            "keep": self.keep,
            "kept_interval": list(self.kept_interval),
            "num_reference": self.num_reference,
            "num_validation": self.num_validation,
            "num_examples": self.num_examples,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"layer_{one.layer}/{name}": array for one in self.references for name, array in one.arrays().items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        check_form(plain, FORM, "it")
        references = references_from(plain["layers"], arrays)
        middle, spread, weights = (np.array(plain[name], np.float64) for name in ("middle", "spread", "weights"))
        shape = (len(plain["components"]),)
        if any(array.shape != shape for array in (middle, spread, weights)) or not (spread > 0).all():
            raise ValueError("it must have a mean, a positive spread and a weight for each component")
        low, high = plain["kept_interval"]
        part = cls(
            plain["fingerprint"],
            references,
            tuple(plain["components"]),
            middle,
            spread,
            weights,
            threshold=float(plain["threshold"]),
            keep=float(plain["keep"]),
            kept_interval=(float(low), float(high)),
            **{name: plain[name] for name in ("num_reference", "num_validation", "num_examples")},
        )
        known = component_names(outputs, outputs.tasks, references)
        if not set(part.components) <= set(known):
            raise ValueError(f"its components must be among {known}; got {list(part.components)}")
        return part


def usual_layers(num_hidden_layers: int) -> tuple[int, ...]:
    """Return the hidden states that are read: the last, the embeddings, and two between them.

    Example:
        >>> usual_layers(6)
        (6, 4, 2, 0)
    """
    between = {round(num_hidden_layers * share / 3) for share in (1, 2)}
    return tuple(sorted({0, num_hidden_layers, *between}, reverse=True))


def check_enough(number: int, keep: float) -> None:
    """Raise a DataError for too few validation texts to keep a share of the texts in scope.

    So many are needed that one of them may lie above the threshold.
    """
    least = math.ceil(round(keep / (1 - keep), 9))
    if number < least:
        raise DataError(
            f"`validation` must hold at least {least} texts to keep {keep:g} of the texts in scope; got {number}. Give more, or "
            f"a lower `keep`; {number} texts allow up to {number / (number + 1):.3g}."
        )


def keeping_threshold(scores: np.ndarray, keep: float) -> tuple[float, tuple[float, float]]:
    """Return the score up to which texts in scope are kept, and the 95 % interval of the share that it really keeps.

    The ceil((n + 1) keep)-th smallest of n scores: on average over validation sets at least `keep` of other texts lie at or
    below it, whatever the distribution; the share has a beta distribution.

    Reference:
        Wilks, "Determination of Sample Sizes for Setting Tolerance Limits", 1941; Vovk, Gammerman and Shafer, "Algorithmic
        Learning in a Random World", 2005.
    """
    from scipy.stats import beta

    place = math.ceil(round((len(scores) + 1) * keep, 9))
    low, high = beta.ppf([0.025, 0.975], place, len(scores) + 1 - place)
    return float(np.sort(scores)[place - 1]), (float(low), float(high))


def groups_of(outputs: Outputs, y_true: ByHead) -> Groups:
    """Group texts by their labels: those of every head, of a hierarchy those of the deepest level.

    Raises:
        DataError: when a label has no text.
    """
    heads = list(outputs.tasks)[-1:] if outputs.hierarchy is not None else list(outputs.tasks)
    names: list[str] = []
    columns: list[np.ndarray] = []
    for head in heads:
        task = outputs.tasks[head]
        known = task.known(y_true[head])
        flags = np.zeros((len(known), len(task.label_names)), bool)
        flags[known] = task.flags(y_true[head][known])
        empty = [name for name, column in zip(task.label_names, flags.T, strict=True) if not column.any()]
        if empty:
            raise DataError(
                f"`texts` must hold at least one text of every label, or its texts would be taken for out of scope; "
                f"{len(empty)} of {len(task.label_names)} have none, such as {empty[0]!r}."
            )
        names, columns = [*names, *task.label_names], [*columns, flags]
        without = known & ~flags.any(axis=1)
        if without.any():
            names, columns = [*names, "none"], [*columns, without[:, None]]
    return Groups(names, np.concatenate(columns, axis=1))


def component_names(
    outputs: Outputs, logits: Mapping[str, Any], references: Sequence[LayerReference]
) -> tuple[str, ...]:
    """Return the names of all scores that can be computed."""
    last = max((one.layer for one in references), default=0)
    return (
        *(f"{ENERGY}/{head}" for head in outputs.tasks if head in logits),
        f"{DISTANCE}/{last}",
        *(f"{NEIGHBOUR}/{one.layer}" for one in references if one.neighbours is not None),
        *(f"{EXAMPLE}/{one.layer}" for one in references if one.examples is not None),
    )


def raw_scores(
    outputs: Outputs,
    states: ScopeStates,
    references: Sequence[LayerReference],
    names: Sequence[str],
    *,
    themselves: bool = False,
) -> np.ndarray:
    """Compute scores by name, float64 (n, k); `themselves`: the texts are the examples out of scope."""
    if themselves:
        return np.stack(_raw_scores(outputs, states, references, names, np, themselves=True), axis=1).astype(np.float64)
    parts = []
    for start in range(0, max(_number_of(states), 1), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        some = ScopeStates(
            {head: values[rows] for head, values in states.logits.items()},
            {layer: values[rows] for layer, values in states.pooled.items()},
        )
        parts.append(np.stack(_raw_scores(outputs, some, references, names, np), axis=1))
    return np.concatenate(parts).astype(np.float64)


def _raw_scores(
    outputs: Outputs,
    states: ScopeStates,
    references: Sequence[LayerReference],
    names: Sequence[str],
    xp: Any,
    *,
    themselves: bool = False,
) -> list[Any]:
    by_layer = {str(one.layer): one for one in references}
    found = []
    for name in names:
        kind, _, where = name.partition("/")
        if kind == ENERGY:
            found.append(energies({where: outputs.tasks[where]}, states.logits, xp)[0])
            continue
        reference = by_layer[where]
        vectors = states.pooled[reference.layer]
        if kind == DISTANCE:
            found.append(reference.distances(vectors, xp))
        elif kind == NEIGHBOUR:
            found.append(reference.neighbour_distances(vectors, xp))
        else:
            found.append(reference.example_similarities(vectors, xp, themselves=themselves))
    return found


def _fit_references(
    reference: ScopeStates, groups: Groups, examples: ScopeStates | None, limit: int
) -> tuple[LayerReference, ...]:
    # A text whose label is not known shows nothing.
    known = groups.members.any(axis=1)
    members = groups.members[known]
    rows = bank_rows(members, limit)
    given = {} if examples is None else examples.pooled
    return tuple(
        LayerReference.fit(layer, vectors[known], members, rows, given.get(layer))
        for layer, vectors in reference.pooled.items()
    )


def _used(references: Sequence[LayerReference], components: Sequence[str]) -> tuple[LayerReference, ...]:
    """Leave out the hidden states, and the banks, that no component reads."""
    kept = []
    for one in references:
        reads = {kind: f"{kind}/{one.layer}" in components for kind in (DISTANCE, NEIGHBOUR, EXAMPLE)}
        if any(reads.values()):
            neighbours = one.neighbours if reads[NEIGHBOUR] else None
            examples = one.examples if reads[EXAMPLE] else None
            kept.append(dataclasses.replace(one, neighbours=neighbours, examples=examples))
    return tuple(kept)


def _number_of(states: ScopeStates) -> int:
    return len(next(iter((states.pooled or states.logits).values())))
