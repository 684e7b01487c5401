import hashlib

import numpy as np

from kerasbert.monitoring.vector_sample import VectorSample, row_keys

TEXTS = ["b", "a", "c", "a", "d", "b", "a"]


def of_texts(texts, size):
    vectors = np.array([[ord(text[0]), 0.1] for text in texts], np.float32).reshape(-1, 2)
    return VectorSample.of(size, row_keys(texts), vectors, texts)


def test_keys_are_hashes_of_the_very_characters():
    digest = hashlib.blake2b(b"Good", digest_size=8).digest()
    assert row_keys(["Good"])[0] == int.from_bytes(digest, "little")
    assert len(set(row_keys(["good", "Good", " good", "\ud800"]))) == 4 and len(row_keys([])) == 0


def test_the_smallest_keys_are_kept_with_how_often_each_text_came():
    sample = of_texts(TEXTS, 3)
    ordered = sorted("abcd", key=lambda text: row_keys([text])[0])[:3]
    assert sample.texts == tuple(ordered) and sample.counts.tolist() == [TEXTS.count(text) for text in ordered]
    assert sample.vectors[:, 0].tolist() == [ord(text) for text in ordered] and sample.vectors.dtype == np.float16


def test_counts_stay_exact_where_parts_are_merged():
    whole, parts = of_texts(TEXTS, 2), of_texts(TEXTS[:3], 2) + of_texts(TEXTS[3:], 2)
    assert parts.texts == whole.texts and parts.counts.tolist() == whole.counts.tolist()
    assert np.array_equal(parts.vectors, whole.vectors) and np.array_equal(parts.keys, whole.keys)


def test_a_sample_is_as_likely_to_hold_a_text_as_any_other():
    texts = [str(number) for number in range(4000)]
    kept = [int(text) for text in of_texts(texts, 2000).texts]
    # Half of the texts: of the first 2,000 about 1,000, by the hypergeometric distribution give or take 16.
    assert 900 < sum(number < 2000 for number in kept) < 1100


def test_vectors_beyond_half_precision_are_held_at_its_end():
    sample = VectorSample.of(1, row_keys(["a"]), np.array([[1e9, -1e9]], np.float32))
    assert sample.vectors.tolist() == [[65504, -65504]] and sample.texts is None


def test_a_sample_of_size_0_is_empty():
    sample = of_texts(TEXTS, 0)
    assert len(sample) == len(sample + sample) == 0 and sample.kind == (0, 2, True)
