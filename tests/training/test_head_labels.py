"""Labels of `finetune`, of the rate test, of the secondary classifier and of streams, before the first step."""

import types

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.labels.counts import LabelCounts
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.head_labels import check_head_labels, sampled_labels

TOKENS = TokenArrays.from_lists([[2, 5 + row % 3, 3] for row in range(12)])
IDS = np.arange(12) % 3
FLAGS = np.arange(12) % 2
ROWS = np.eye(3)[IDS] + np.eye(3)[(IDS + 1) % 3]


def batches(labels, **options):
    return kb.data.make_batches(TOKENS, labels, shuffle=True, **options)


@pytest.fixture(scope="module")
def several(tiny_config):
    heads = {"spam": kb.Binary(), "topic": kb.Multiclass(3), "tags": kb.Multilabel(3)}
    return kb.build_multitask(heads, encoder=tiny_config)


def of_several(**other):
    return {"spam": FLAGS, "topic": IDS, "tags": ROWS, **other}


REFUSED = {
    "1 to 3": (
        of_several(topic=IDS + 1),
        "labels of `train` of the head 'topic' must be class ids from 0 to 2.*got 3 in row 3",
    ),
    "-1": (of_several(topic=IDS - 1), "'topic' .*got -1 in row 1 .*Leave rows without a label out"),
    "-100": (of_several(topic=np.where(IDS == 2, -100, IDS)), "'topic' .*got -100 in row 3"),
    "1.5": (of_several(topic=IDS + 0.5), "'topic' .*got 0.5 in row 1"),
    "flags of 2": (of_several(spam=FLAGS + 1), "'spam' must be 0 or 1.*got 2 in row 2"),
    "soft rows": (of_several(tags=ROWS * 0.5), "'tags' .*soft_labels=True"),
    "ids for rows": (of_several(tags=IDS), r"'tags' .*shape \(batch, 3\); got shape \(12,\)"),
    "no topic": ({"spam": FLAGS, "tags": ROWS}, "must have the heads .*topic.*; got spam, tags"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_finetune_refuses_labels_that_do_not_fit(name, several):
    labels, message = REFUSED[name]
    with pytest.raises(kb.DataError, match=message):
        kb.finetune(several, batches(labels), epochs=1, verbose=False)


def test_validation_labels_are_checked_too(several):
    with pytest.raises(kb.DataError, match="labels of `validation` of the head 'topic' .*got 3 in row 3"):
        kb.finetune(several, batches(of_several()), batches(of_several(topic=IDS + 1)), epochs=1, verbose=False)


def test_the_rate_test_refuses_them(several):
    with pytest.raises(kb.DataError, match="labels of `train` of the head 'topic' .*got 3 in row 3"):
        kb.find_learning_rate(several, batches(of_several(topic=IDS + 1)))


def test_every_form_is_read_as_one(several):
    labels = of_several(topic=np.eye(3)[IDS], spam=FLAGS.astype(bool))
    read = check_head_labels(several, batches(labels), "labels")
    assert read["topic"].tolist() == IDS.tolist() and read["spam"].tolist() == FLAGS[:, None].tolist()
    assert read["tags"].tolist() == ROWS.tolist()


@pytest.mark.parametrize("balance", ["auto", "balanced"])
def test_one_hot_rows_and_flat_flags_train(balance, several):
    labels = of_several(topic=np.eye(3)[IDS])
    history = kb.finetune(several, batches(labels), batches(labels), epochs=1, balance=balance, verbose=False).history
    assert np.isfinite(history["loss"]).all() and history["val_topic_accuracy"][0] <= 1


def test_a_hierarchy_knows_minus_one_and_nothing_below(tiny_config):
    model = kb.build_hierarchical({"a": ["x", "y"], "b": ["z"]}, encoder=tiny_config)
    read = check_head_labels(model, batches({"class": FLAGS, "subclass": IDS - 1}), "labels")
    assert read["subclass"].tolist() == (IDS - 1).tolist()
    with pytest.raises(kb.DataError, match="labels of the head 'class' .*-1 where unknown.*got 2 in row 2"):
        check_head_labels(model, batches({"class": FLAGS * 2, "subclass": IDS}), "labels")


def test_labels_of_a_sample_are_those_of_its_rows(several):
    train = batches(IDS, sampling="balanced")
    assert sampled_labels(train, {"a": IDS})["a"].tolist() == IDS[train.rows(0)].tolist()


def stream(counts, task=None):
    store = types.SimpleNamespace(heads={} if task is None else {"label": types.SimpleNamespace(task=task)})
    return types.SimpleNamespace(labels=LabelCounts(np.array(counts), sum(counts)), store=store)


STREAMS = {
    "as many": ([3, 4, 5], "multiclass", None),
    "no task told": ([3, 4, 5], None, None),
    "fewer": (
        [3, 4],
        "multiclass",
        "must be those of a multiclass head of 3 labels; the cache holds 2 of a multiclass head",
    ),
    "another task": ([3, 4, 5], "multilabel", "the cache holds 3 of a multilabel head. Build the model for"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_cache_is_of_the_model_s_labels(name, tiny_config):
    counts, task, message = STREAMS[name]
    model = kb.build_multiclass(3, encoder=tiny_config)
    if message is None:
        assert list(check_head_labels(model, stream(counts, task), "labels")) == ["probabilities"]
        return
    with pytest.raises(kb.DataError, match=message):
        check_head_labels(model, stream(counts, task), "labels")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_batches_are_not_made_of_labels_that_are_missing(bad):
    with pytest.raises(kb.DataError, match=f"`labels` must be finite numbers; got {bad} in row 2"):
        batches(np.append([0, bad], IDS[2:]))


def test_the_secondary_classifier_refuses_ids_out_of_range(tiny_config):
    first = kb.build_multiclass(["a", "b"], encoder=tiny_config)
    model = kb.build_secondary(first, {"a": ["x", "y"], "b": ["z"]})
    train = kb.data.make_batches(TOKENS, {"class": FLAGS, "subclass": IDS + 1})
    with pytest.raises(kb.DataError, match="labels of `train` of the head 'subclass' .*got 3 in row 3"):
        kb.train_secondary(model, train)
