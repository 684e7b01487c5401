import numpy as np
import pytest
from trained_classifiers import TEXTS, trained

from kerasbert.monitoring.answering import MULTIPLE, TOKENS_AT_ONCE, answer_each, equal_batches
from kerasbert.tokenization.token_arrays import TokenArrays


def test_the_shape_of_a_batch_follows_from_the_length_of_its_texts_alone():
    lengths = np.random.default_rng(0).integers(2, 100, 300)
    tokens = TokenArrays.from_lists([[1] * length for length in lengths])
    seen = []
    for rows, size, padded in equal_batches(tokens):
        assert all(-(-lengths[row] // MULTIPLE) * MULTIPLE == padded for row in rows)
        assert len(rows) <= size == max(1, TOKENS_AT_ONCE // padded)
        seen += rows.tolist()
    assert sorted(seen) == list(range(300))


@pytest.mark.parametrize("way", ["truncate", "windows"])
def test_answers_do_not_depend_on_the_texts_beside_and_are_those_of_the_model(tiny_folder, way):
    classifier = trained("multitask" if way == "truncate" else "multiclass", tiny_folder, long_texts=way).trained_
    texts = TEXTS * 3 + ["good card", "late " * 20]
    together, vectors = answer_each(classifier, classifier.tokenizer.encode(texts))
    for place in (0, 7, len(texts) - 1):
        alone, vector = answer_each(classifier, classifier.tokenizer.encode([texts[place]]))
        assert all(np.array_equal(alone[head][0], together[head][place]) for head in together)
        assert np.array_equal(vector[0], vectors[place])
    for head, expected in classifier.probabilities(texts).items():
        np.testing.assert_allclose(together[head], expected, atol=1e-6)


def test_no_text_gives_no_answer(tiny_folder):
    classifier = trained("multiclass", tiny_folder).trained_
    probabilities, vectors = answer_each(classifier, classifier.tokenizer.encode([]))
    assert probabilities["probabilities"].shape == (0, 3) and len(vectors) == 0
