import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix
from trained_classifiers import LABELS, SETS, TEXTS, trained

from kerasbert import ConfigError, DataError, TextClassifier, load
from kerasbert.monitoring import Profile, Profiler
from kerasbert.monitoring.profile import LENGTH_EDGES, PROBABILITY_EDGES

LABELS_OF = {
    "binary": ["no", "yes"] * 4,
    "multiclass": LABELS,
    "multilabel": SETS,
    "multitask": {"topic": LABELS, "flags": SETS, "spam": ["no", "yes"] * 4},
    "hierarchical": {"class": LABELS, "subclass": [label + "1" for label in LABELS]},
}
MANY = [f"{one} {other}" for one in TEXTS for other in ("card", "late parcel !", "", "good " * 9)]


def parts_of(profiler, texts, labels, rng, number):
    order = rng.permutation(len(texts))
    for rows in np.array_split(order, number):
        yield profiler.profile([texts[row] for row in rows], [labels[row] for row in rows])


@pytest.mark.parametrize("way", ["truncate", "head_tail", "windows"])
def test_profiles_of_parts_merge_to_the_bit_to_the_profile_of_all(tiny_folder, way):
    classifier = trained("multilabel", tiny_folder, long_texts=way, max_length=16)
    profiler, rng = Profiler(classifier, sample_size=7), np.random.default_rng(0)
    labels = [None if place % 3 else SETS[place % 8] for place in range(len(MANY))]
    whole = profiler.profile(MANY, labels)
    for number in (1, 3, 8, len(MANY)):
        assert Profile.merge(parts_of(profiler, MANY, labels, rng, number)) == whole


def test_texts_and_tokens_are_counted(saved_classifier):
    classifier = load(saved_classifier("multiclass"))
    tokenizer, profile = classifier.tokenizer_, Profiler(classifier).profile(TEXTS)
    ids = [tokenizer.encode_uncut([text]).input_ids[1:-1] for text in TEXTS]
    assert profile.num_rows == 8 and profile.num_tokens == sum(map(len, ids))
    assert profile.num_unknown_tokens == sum(int((one == tokenizer.unknown_id).sum()) for one in ids)
    assert profile.num_truncated == sum(len(one) + 2 > tokenizer.max_length for one in ids) == 1
    lengths = np.histogram([len(one) + 2 for one in ids], [*LENGTH_EDGES, np.inf])[0]
    assert np.array_equal(profile.lengths, lengths)
    assert profile.token_counts.tolist() == [sum(token in one for one in ids) for token in range(len(tokenizer))]


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "multitask", "hierarchical"])
def test_answers_are_counted_as_the_classifier_gives_them(saved_classifier, task):
    classifier = load(saved_classifier(task))
    profile, labels = (
        Profiler(classifier).profile(TEXTS, LABELS_OF[task]),
        classifier.trained_.encode_labels(LABELS_OF[task]),
    )
    probabilities = classifier.trained_.probabilities(TEXTS)
    predicted = classifier.trained_.y_pred(probabilities)
    for head, own in profile.heads.items():
        task_of_head = classifier.model_.heads[head].task
        true_flags, flags = task_of_head.flags(labels[head]), task_of_head.flags(predicted[head])
        assert own.num_predicted.tolist() == flags.sum(axis=0).tolist()
        assert own.num_true.tolist() == true_flags.sum(axis=0).tolist()
        if task_of_head.exclusive:
            ids = range(len(own.label_names))
            expected = confusion_matrix(true_flags.argmax(1), flags.argmax(1), labels=ids)
        else:
            expected = multilabel_confusion_matrix(true_flags, flags)
        assert np.array_equal(own.confusion, expected)
        assert own.num_right == (true_flags == flags).all(axis=1).sum() and own.num_labelled == len(TEXTS)
        edges = [-np.inf, *PROBABILITY_EDGES, np.inf]
        for unit, column in enumerate(probabilities[head].T):
            assert np.array_equal(own.probabilities[unit], np.histogram(column.astype(float), edges)[0])
            has = true_flags[:, len(own.label_names) - task_of_head.units + unit]
            assert np.array_equal(own.true_probabilities[unit], np.histogram(column[has].astype(float), edges)[0])


def test_vectors_are_those_that_the_heads_read(watched):
    sample = Profiler(watched, keep_texts=True).profile(TEXTS).sample
    _, vectors = watched.probabilities_and_vectors(list(sample.texts))
    assert sorted(sample.texts) == sorted(TEXTS)
    np.testing.assert_allclose(sample.vectors.astype(float), vectors, atol=1e-3, rtol=1e-3)


def test_labels_that_are_not_known_are_not_counted(watched):
    known = [label if place < 3 else None for place, label in enumerate(LABELS)]
    profile = Profiler(watched).profile(TEXTS, known)
    (head,) = profile.heads.values()
    assert head.num_labelled == 3 and head.num_true.sum() == 3 and head.num_predicted.sum() == 8
    nothing = Profiler(watched).profile(TEXTS, [None, float("nan"), *[None] * 6])
    assert nothing == Profiler(watched).profile(TEXTS)


def test_answers_that_were_computed_elsewhere_give_the_same_profile(watched):
    probabilities, vectors = watched.probabilities_and_vectors(TEXTS)
    profiler = Profiler(watched)
    given = profiler.profile_answers(TEXTS, probabilities, vectors, labels=LABELS)
    own = profiler.profile(TEXTS, LABELS)
    assert given.num_rows == 8 and np.array_equal(given.token_counts, own.token_counts)
    for name, head in own.heads.items():
        assert np.array_equal(given.heads[name].confusion, head.confusion)
    without = Profiler(watched, sample_size=0).profile_answers(TEXTS, probabilities)
    assert len(without.sample) == 0 and without.num_rows == 8


def test_pairs_are_profiled_as_one_text(tiny_folder):
    seconds = TEXTS[::-1]
    classifier = TextClassifier(encoder=str(tiny_folder), max_length=16, verbose=False, epochs=1)
    profiler = Profiler(classifier_of_pairs(classifier, seconds), keep_texts=True)
    whole = profiler.profile(TEXTS, text_pairs=seconds)
    parts = [profiler.profile([one], text_pairs=[other]) for one, other in zip(TEXTS, seconds, strict=True)]
    assert Profile.merge(parts) == whole and f"{TEXTS[0]}\0{seconds[0]}" in whole.sample.texts


def classifier_of_pairs(classifier, seconds):
    from unittest import mock

    from kerasbert.text_classifier import classifier as module

    with mock.patch.object(module, "run_fitting", lambda settings, fitting, run: fitting.untrained):
        return classifier.fit(TEXTS, LABELS, text_pairs=seconds)


def test_what_cannot_be_profiled_is_refused(watched):
    profiler = Profiler(watched)
    with pytest.raises(DataError, match=r"labels, row 2: .*'nowhere'"):
        profiler.profile(["good", "bad"], [None, "nowhere"])
    with pytest.raises(DataError, match="`labels` must have one row for each text; got 1 for 2 texts"):
        profiler.profile(["good", "bad"], ["x"])
    with pytest.raises(TypeError, match=r"`texts\[0\]` must be a text; got 3"):
        profiler.profile([3])
    with pytest.raises(ConfigError, match="`sample_size` must be an integer >= 0; got -1"):
        Profiler(watched, sample_size=-1)
    with pytest.raises(DataError, match="`vectors` must be given to a Profiler that samples them; or .* sample_size=0"):
        profiler.profile_answers(TEXTS, watched.probabilities(TEXTS))
    with pytest.raises(DataError, match="'vectors' must have a row for each of the 1 texts; got 2"):
        profiler.profile_answers(["a"], watched.probabilities(["a"]), np.zeros((2, 4)))
