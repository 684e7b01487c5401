"""What texts in scope look like in one hidden state, and how far other texts are from them."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Self, final

import numpy as np

# Share of the mean variance that is added to every direction, so that few texts can be whitened too.
RIDGE = 0.1
# Whole numbers of a byte, to either side of zero.
LARGEST_BYTE = 127


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Bank:
    """Directions of whitened texts, a byte for each number.

    Args:
        directions: int8 (m, d), vectors of length 1 in steps of `step`.
        step: see `directions`.
    """

    directions: np.ndarray
    step: float

    @classmethod
    def of(cls, white: np.ndarray) -> Self:
        """Keep the directions of whitened texts, (m, d)."""
        unit = unit_rows(white)
        step = float(np.abs(unit).max(initial=1e-12)) / LARGEST_BYTE
        return cls(np.round(unit / step).astype(np.int8), step)

    def similarities(self, white: Any, xp: Any = np) -> Any:
        """Compute the cosines of whitened texts (n, d) with those of the bank, (n, m)."""
        # In a graph they stay bytes until they are multiplied.
        bank = self._floats if xp is np else xp.cast(self.directions, "float32") * self.step
        return xp.matmul(unit_rows(white, xp), xp.transpose(bank))

    @functools.cached_property
    def _floats(self) -> np.ndarray:
        """The directions as float32, made once: for one text that takes longer than the product."""
        return self.directions.astype(np.float32) * np.float32(self.step)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class LayerReference:
    """Reference texts in one hidden state: their groups share one covariance, under which distances are measured.

    Args:
        layer: the hidden state, counted from the embeddings.
        centre: (d,), the mean of all texts.
        whitening: (d, d), after which a group has the covariance of a ball.
        means: (G, d), the whitened mean of each group.
        neighbours: reference texts; None where none are sought.
        examples: texts out of scope that were given; None where there are none.
    """

    layer: int
    centre: np.ndarray
    whitening: np.ndarray
    means: np.ndarray
    neighbours: Bank | None = None
    examples: Bank | None = None

    @classmethod
    def fit(
        cls,
        layer: int,
        vectors: np.ndarray,
        members: np.ndarray,
        rows: np.ndarray,
        examples: np.ndarray | None = None,
    ) -> Self:
        """Fit on reference texts.

        Args:
            layer: the hidden state.
            vectors: (n, d), of n reference texts.
            members: bool (n, G), the groups of each text; each text has one, and each group a text.
            rows: int (m,), the texts that are kept as neighbours.
            examples: (e, d), of texts out of scope.
        """
        vectors = np.asarray(vectors, np.float64)
        centre = vectors.mean(axis=0)
        moved, flags = vectors - centre, members.astype(np.float64)
        sizes = flags.sum(axis=0)
        means = (flags.T @ moved) / sizes[:, None]
        # The covariance around the mean of each group, over all memberships.
        spread = (moved * flags.sum(axis=1)[:, None]).T @ moved - (means * sizes[:, None]).T @ means
        whitening = whitening_of(spread / sizes.sum())
        single = [array.astype(np.float32) for array in (centre, whitening, means @ whitening)]
        given = None if examples is None else Bank.of((np.asarray(examples, np.float64) - centre) @ whitening)
        return cls(layer, single[0], single[1], single[2], Bank.of(moved[rows] @ whitening), given)

    def whitened(self, vectors: Any, xp: Any = np) -> Any:
        """Whiten vectors (n, d)."""
        return xp.matmul(vectors - self.centre, self.whitening)

    def distances(self, vectors: Any, xp: Any = np) -> Any:
        """Compute the squared Mahalanobis distance to the nearest group, (n,).

        Reference:
            Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks", 2018,
            equation 2.
        """
        white = self.whitened(vectors, xp)
        products = xp.matmul(white, self.means.T)
        return xp.sum(white * white, axis=1) + xp.min((self.means**2).sum(axis=1) - 2.0 * products, axis=1)

    def neighbour_distances(self, vectors: Any, xp: Any = np) -> Any:
        """Compute 1 - the cosine of a whitened text and its nearest reference text, (n,).

        Reference:
            Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", 2022, section 3.
        """
        assert self.neighbours is not None
        return 1.0 - xp.max(self.neighbours.similarities(self.whitened(vectors, xp), xp), axis=1)

    def example_similarities(self, vectors: Any, xp: Any = np, *, themselves: bool = False) -> Any:
        """Compute the cosine of a whitened text and the nearest text out of scope that was given, (n,).

        Args:
            vectors: (n, d).
            xp: NumPy, or `keras.ops` in an exported graph.
            themselves: whether the texts are the examples, each of which is then compared with the others.
        """
        assert self.examples is not None
        found = self.examples.similarities(self.whitened(vectors, xp), xp)
        if themselves:
            np.fill_diagonal(found, -1.0)
        return xp.max(found, axis=1)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        found = {"centre": self.centre, "whitening": self.whitening, "means": self.means}
        for name, bank in (("neighbours", self.neighbours), ("examples", self.examples)):
            if bank is not None:
                found |= {name: bank.directions, f"{name}_step": np.array([bank.step], np.float32)}
        return found


def whitening_of(covariance: np.ndarray) -> np.ndarray:
    """Return a matrix W with W W^T = the inverse of a covariance (d, d), to whose diagonal a share of its mean is added."""
    dim = len(covariance)
    # Vectors that are all the same have no spread, and no direction is better than another.
    ridge = RIDGE * np.trace(covariance) / dim or 1.0
    values, directions = np.linalg.eigh(covariance + ridge * np.eye(dim))
    return np.asarray(directions / np.sqrt(values))


def unit_rows(vectors: Any, xp: Any = np) -> Any:
    """Scale rows to length 1; a row of zeros stays."""
    return vectors / xp.maximum(xp.sqrt(xp.sum(vectors * vectors, axis=1, keepdims=True)), 1e-12)


def bank_rows(members: np.ndarray, limit: int, seed: int = 0) -> np.ndarray:
    """Choose at most `limit` texts as neighbours, as evenly over the groups as these allow: rows, ascending.

    Args:
        members: bool (n, G).
        limit: >= 1.
        seed: of the choice inside of a group.
    """
    number = len(members)
    if number <= limit:
        return np.arange(number)
    order = np.random.default_rng(seed).permutation(number)
    shuffled = members[order]
    # The place of each text inside of its groups; those that come first in some group are taken first.
    places = np.where(shuffled, np.cumsum(shuffled, axis=0), number + 1).min(axis=1)
    return np.sort(order[np.argsort(places, kind="stable")[:limit]])


def references_from(layers: Sequence[int], arrays: Mapping[str, np.ndarray]) -> tuple[LayerReference, ...]:
    """Return the references of what `arrays` of each gave, under names such as `layer_3/centre`.

    Raises:
        KeyError, ValueError: when an array is missing or has another shape.
    """
    found = []
    for layer in layers:
        own = {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(f"layer_{layer}/")}
        banks = {name: own[name] for name in ("neighbours", "examples") if name in own}
        centre, whitening, means = (np.asarray(own[name], np.float32) for name in ("centre", "whitening", "means"))
        dim = len(centre)
        widths = {array.shape[1:] for array in (whitening, means, *banks.values())}
        if widths != {(dim,)} or len(whitening) != dim or not all(map(len, (means, *banks.values()))):
            raise ValueError(f"the arrays of layer {layer} must all be of width {dim}")
        kept = {name: Bank(array.astype(np.int8), float(own[f"{name}_step"][0])) for name, array in banks.items()}
        found.append(LayerReference(layer, centre, whitening, means, **kept))
    return tuple(found)
