"""A profile as bytes: a safetensors file whose header says what its arrays count."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.json_files import check_form, is_count, parse_json_object
from kerasbert._core.names import PACKAGE
from kerasbert.monitoring.profile import (
    MOST_CONFUSED,
    NUM_LENGTH_BINS,
    NUM_PROBABILITY_BINS,
    HeadProfile,
    Profile,
)
from kerasbert.monitoring.vector_sample import VectorSample
from kerasbert.tasks.table import TASKS

FORMAT_VERSION = 1
KEY = "profile"
# Counts are written as the smallest of these that holds them.
COUNT_TYPES = (np.uint8, np.uint16, np.uint32, np.uint64)
# What stands behind the name of an array of which only the counts above zero are written.
PLACES, VALUES = ".places", ".values"
HEADER_FORM = {
    "format_version": int,
    "fingerprint": str,
    **{name: is_count for name in Profile.COUNTS},
    "heads": [{"name": str, "task": str, "labels": [str], "units": is_count}],
    "vocabulary_size": is_count,
    "scope": bool,
    "scope_of?": str,
    "sample_size": is_count,
    "texts": ([str], None),
    "others?": dict,
}


def profile_to_bytes(profile: Profile, others: Mapping[str, Any] | None = None) -> bytes:
    """Write a profile as bytes; equal profiles give equal bytes.

    Args:
        profile: the profile.
        others: plain data that is kept with it.
    """
    from safetensors.numpy import save

    header = {
        "format_version": FORMAT_VERSION,
        "fingerprint": profile.fingerprint,
        **{name: getattr(profile, name) for name in Profile.COUNTS},
        "heads": [
            {"name": name, "task": head.task, "labels": head.label_names, "units": len(head.probabilities)}
            for name, head in profile.heads.items()
        ],
        "vocabulary_size": len(profile.token_counts),
        "scope": profile.scope is not None,
        "scope_of": profile.scope_of,
        "sample_size": profile.sample.size,
        "texts": profile.sample.texts,
        "others": dict(others or {}),
    }
    arrays = {"keys": profile.sample.keys, "vectors": profile.sample.vectors}
    for name, counts in _counts(profile).items():
        arrays |= _packed(name, counts)
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(save(plain, metadata={PACKAGE: json.dumps({KEY: header}, ensure_ascii=True, sort_keys=True)}))


def profile_from_bytes(content: bytes, origin: str) -> tuple[Profile, dict[str, Any]]:
    """Read what `profile_to_bytes` wrote: the profile, and the plain data beside it.

    Args:
        content: of a file.
        origin: named in messages, such as the quoted path of the file.

    Raises:
        ArtifactError: when it is cut, changed, of a newer version, or its numbers contradict each other.
    """
    try:
        header, arrays = _opened(content)
        version = header.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ArtifactError(
                f"{origin} has format_version {version}; this kerasbert reads up to {FORMAT_VERSION}. Install the kerasbert "
                f"that wrote it."
            )
        check_form(header, HEADER_FORM, origin)
        return _profile(header, arrays), dict(header.get("others", {}))
    except ArtifactError:
        raise
    except Exception as error:  # the library has an error class of its own, and headers may hold anything
        raise ArtifactError(
            f"{origin} is no readable profile ({type(error).__name__}: {shorten(str(error), 200)}); copy it again, or make "
            f"it again."
        ) from error


def _counts(profile: Profile) -> dict[str, np.ndarray]:
    """Return the arrays of counts by the names that they have in a file."""
    counts = {name: getattr(profile, name) for name in Profile.ARRAYS} | {"counts": profile.sample.counts}
    for place, head in enumerate(profile.heads.values()):
        counts |= {f"heads.{place}.{name}": array for name, array in head.arrays.items()}
    return {name: array for name, array in counts.items() if array is not None}


def _packed(name: str, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return counts in few bytes: all of them, or those above zero with their places."""
    flat = counts.reshape(-1)
    largest = int(flat.max(initial=0))
    kind = next(one for one in COUNT_TYPES if largest <= np.iinfo(one).max)
    places = np.flatnonzero(flat)
    if len(places) * (4 + np.dtype(kind).itemsize) < len(flat) * np.dtype(kind).itemsize and len(flat) < 2**32:
        return {name + PLACES: places.astype(np.uint32), name + VALUES: flat[places].astype(kind)}
    return {name: flat.astype(kind)}


def _opened(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from safetensors.numpy import load

    arrays = load(content)
    length = int.from_bytes(content[:8], "little")
    metadata = parse_json_object(content[8 : 8 + length], "its header").get("__metadata__", {})
    return parse_json_object(metadata[PACKAGE].encode(), "its header")[KEY], arrays


def _profile(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Profile:
    def counts(name: str, *shape: int) -> np.ndarray:
        return _unpacked(arrays, name, shape)

    heads = {}
    for place, own in enumerate(header["heads"]):
        heads[own["name"]] = _head(own, lambda name, *shape, place=place: counts(f"heads.{place}.{name}", *shape))
    keys, vectors, texts = arrays["keys"], arrays["vectors"], header["texts"]
    sample = VectorSample(
        header["sample_size"], keys, counts("counts", len(keys)), vectors, None if texts is None else tuple(texts)
    )
    profile = Profile(
        fingerprint=header["fingerprint"],
        **{name: header[name] for name in Profile.COUNTS},
        lengths=counts("lengths", NUM_LENGTH_BINS),
        token_counts=counts("token_counts", header["vocabulary_size"]),
        heads=heads,
        sample=sample,
        scope=counts("scope", NUM_PROBABILITY_BINS) if header["scope"] else None,
        scope_of=header.get("scope_of", ""),
    )
    _check(profile)
    return profile


def _head(own: Mapping[str, Any], counts: Any) -> HeadProfile:
    labels, units, bins = len(own["labels"]), own["units"], NUM_PROBABILITY_BINS
    several = TASKS[own["task"]].rules.several
    return HeadProfile(
        task=own["task"],
        label_names=tuple(own["labels"]),
        num_predicted=counts("num_predicted", labels),
        probabilities=counts("probabilities", units, bins),
        confidence=counts("confidence", bins),
        num_true=counts("num_true", labels),
        confusion=None if labels > MOST_CONFUSED else counts("confusion", labels, *((2, 2) if several else (labels,))),
        true_probabilities=counts("true_probabilities", units, bins),
        judged_confidence=counts("judged_confidence", 2, bins),
    )


def _unpacked(arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name in arrays:
        return np.ascontiguousarray(arrays[name].reshape(shape).astype(np.int64))
    flat = np.zeros(shape, np.int64).reshape(-1)
    flat[arrays[name + PLACES]] = arrays[name + VALUES]
    return flat.reshape(shape)


def _check(profile: Profile) -> None:
    """Raise a ConfigError where numbers contradict each other."""
    sample, rows = profile.sample, profile.num_rows
    facts = {
        "lengths": int(profile.lengths.sum()) == rows,
        "token_counts": int(profile.token_counts.max(initial=0)) <= rows,
        "tokens": profile.num_unknown_tokens <= profile.num_tokens and profile.num_truncated <= rows,
        "keys": sample.keys.dtype == np.uint64 and bool(np.all(sample.keys[1:] > sample.keys[:-1])),
        "sample": len(sample) <= sample.size and int(sample.counts.sum()) <= rows,
        "vectors": sample.vectors.dtype == np.float16
        and sample.vectors.shape[:1] == sample.keys.shape
        and bool(np.isfinite(sample.vectors).all()),
        "texts": sample.texts is None or len(sample.texts) == len(sample),
        "scope": profile.scope is None or int(profile.scope.sum()) == rows,
    }
    for name, head in profile.heads.items():
        is_whole = bool((head.probabilities.sum(axis=1) == rows).all()) and int(head.confidence.sum()) == rows
        facts[f"the answers of {name!r}"] = is_whole and head.num_labelled <= rows
    wrong = next((name for name, holds in facts.items() if not holds), None)
    if wrong is not None:
        raise ConfigError(f"{wrong} do not go with its {rows} texts")
