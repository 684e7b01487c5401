"""Words that set a group of texts apart from the other groups."""

from collections.abc import Sequence

import numpy as np

# Not the halves of contractions: neither the "ve" of "I've" nor the "don" of "don't".
WORD = r"(?u)(?<!['’])\b[^\W\d_]\w+\b(?!['’]t\b)"


def group_terms(texts: Sequence[str], groups: np.ndarray, *, count: int = 8) -> list[list[str]]:
    """Rank the most distinguishing terms of each group by class-based TF-IDF, tf * log(1 + A / f).

    tf is the share of a term in its group, f its frequency over all groups and A the mean number of terms in a group.
    English stop words are left out, and terms whose share is not larger than in the other groups together.

    Reference:
        Grootendorst, "BERTopic", 2022, section 3.3.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(stop_words="english", token_pattern=WORD)
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # no text has a term
        return [[] for _ in range(int(groups.max()) + 1)]
    in_group = np.stack([np.asarray(counts[groups == one].sum(axis=0))[0] for one in range(int(groups.max()) + 1)])
    weights = np.where(is_distinctive(in_group), class_tf_idf(in_group), 0)
    names = vectorizer.get_feature_names_out()
    order = np.argsort(-weights, axis=1, kind="stable")[:, :count]
    return [[str(names[term]) for term in row if weights[one, term] > 0] for one, row in enumerate(order)]


def is_distinctive(counts: np.ndarray) -> np.ndarray:
    """Whether the share of a term is larger in a group than in the others together, bool (groups, terms)."""
    sizes, others = counts.sum(axis=1, keepdims=True), counts.sum(axis=0) - counts
    shares = counts / np.maximum(sizes, 1)
    return np.asarray(shares > others / np.maximum(counts.sum() - sizes, 1))


def class_tf_idf(counts: np.ndarray) -> np.ndarray:
    """Compute class-based TF-IDF of term counts, (groups, terms), of which every term occurs."""
    sizes = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.maximum(sizes, 1) * np.log(1 + sizes.mean() / counts.sum(axis=0)))
