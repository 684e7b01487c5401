"""Labels through plain `fit` and its siblings: every form and every way in, by head."""

import keras
import numpy as np
import pytest

import kerasbert as kb

tf = pytest.importorskip("tensorflow")
IDS = np.array([0, 2, 1, 0])
FLAGS = np.array([0, 1, 1, 0])
ROWS = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 1]])
BAD_IDS = np.array([0, 2, 3, 0])


@pytest.fixture(scope="module")
def models(tiny_config):
    """One model of each kind."""
    heads = {"spam": kb.Binary(), "topic": kb.Multiclass(3), "tags": kb.Multilabel(3)}
    return {
        "binary": kb.build_binary(encoder=tiny_config, dropout=0.0),
        "multiclass": kb.build_multiclass(3, encoder=tiny_config, dropout=0.0),
        "multilabel": kb.build_multilabel(3, encoder=tiny_config),
        "several": kb.build_multitask(heads, encoder=tiny_config),
        "hierarchical": kb.build_hierarchical({"a": ["x", "y"], "b": ["z"]}, encoder=tiny_config),
        "layerwise": kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config),
    }


@pytest.fixture
def inputs(tiny_inputs):
    return {name: np.concatenate([rows, rows]) for name, rows in tiny_inputs.items()}


def of_several(**other):
    return {"spam": FLAGS, "topic": IDS, "tags": ROWS, **other}


class Batches(keras.utils.PyDataset):
    def __init__(self, inputs, labels):
        super().__init__()
        self.inputs, self.labels = inputs, labels

    def __len__(self):
        return 2

    def __getitem__(self, index):
        rows = slice(2 * index, 2 * index + 2)
        return {name: part[rows] for name, part in self.inputs.items()}, self.labels[rows]


def generator(inputs, labels):
    yield from (Batches(inputs, labels)[index] for index in range(2))


def dataset(inputs, labels, size=2):
    return tf.data.Dataset.from_tensor_slices((inputs, labels)).batch(size)


FITTING = {
    "binary": FLAGS,
    "binary column": FLAGS[:, None],
    "multiclass": IDS,
    "multiclass one-hot": np.eye(3)[IDS],
    "multilabel": ROWS,
    "several": of_several(),
    "several one-hot": of_several(topic=np.eye(3)[IDS], spam=FLAGS[:, None]),
    "hierarchical": {"class": FLAGS, "subclass": np.array([-1, 2, -1, 1])},
    "layerwise": IDS,
}


@pytest.mark.parametrize("name", FITTING)
def test_labels_that_fit_are_judged_by_every_way_in(name, models, inputs):
    model, labels = models[name.split()[0]], FITTING[name]
    from_arrays = model.evaluate(inputs, labels, batch_size=2, verbose=0, return_dict=True)
    assert model.evaluate(dataset(inputs, labels), verbose=0, return_dict=True) == pytest.approx(from_arrays, rel=1e-4)
    assert all(np.isfinite(value) for value in from_arrays.values())


@pytest.mark.parametrize(
    ("model", "flat", "whole"), [("binary", FLAGS, FLAGS[:, None]), ("multiclass", IDS, np.eye(3)[IDS])]
)
def test_both_forms_train_alike(model, flat, whole, models, inputs):
    models[model].switch_off_dropout()
    start, losses = models[model].get_weights(), []
    for labels in (flat, whole):
        models[model].set_weights(start)
        models[model].train_on_batch(inputs, labels)
        losses.append(models[model].evaluate(inputs, labels, verbose=0))
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    models[model].set_weights(start)


REFUSED = {
    "multiclass": (BAD_IDS, "`y` must be class ids from 0 to 2, .*got 3 in row 3"),
    "multiclass -1": (IDS - 1, "got -1 in row 1 .*Leave rows"),
    "multiclass 1.5": (IDS + 0.5, "got 0.5 in row 1"),
    "multiclass NaN": (np.array([0, np.nan, 1, 2]), "got nan in row 2"),
    "multiclass zeros": (ROWS, r"one-hot rows, .*got \[0, 1, 1\] in row 1"),
    "binary": (FLAGS + 1, "`y` must be 0 or 1, .*got 2 in row 2"),
    "binary one-hot": (
        np.eye(2)[FLAGS],
        r"shape \(batch,\) or \(batch, 1\); got shape \(4, 2\).*build_multiclass\(2\)",
    ),
    "multilabel": (ROWS * 2, r"`y` must be 0 or 1, shape \(batch, 3\); got \[0, 2, 2\] in row 1"),
    "multilabel soft": (ROWS * 0.5, "soft_labels=True"),
    "multilabel ids": (IDS, r"got shape \(4,\).*Class ids are for build_multiclass"),
    "several": (of_several(topic=BAD_IDS), "`y` of the head 'topic' must be .*got 3 in row 3"),
    "several spam": (of_several(spam=FLAGS + 1), "`y` of the head 'spam' must be .*got 2 in row 2"),
    "hierarchical": (
        {"class": FLAGS, "subclass": IDS - 2},
        "`y` of the head 'subclass' .*-1 where unknown.*got -2 in row 1",
    ),
    "hierarchical 3": ({"class": FLAGS, "subclass": BAD_IDS}, "`y` of the head 'subclass' .*got 3 in row 3"),
    "layerwise": (BAD_IDS, "`y` must be class ids from 0 to 2, .*got 3 in row 3"),
}


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
@pytest.mark.parametrize("name", REFUSED)
def test_arrays_that_do_not_fit_are_refused(name, method, models, inputs):
    labels, message = REFUSED[name]
    with pytest.raises(kb.DataError, match=message):
        getattr(models[name.split()[0]], method)(inputs, labels)


@pytest.mark.parametrize("make", [dataset, generator, Batches], ids=["tf.data", "generator", "PyDataset"])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_batches_that_do_not_fit_are_refused_as_they_come(make, method, models, inputs):
    message = "class ids from 0 to 2, .*got 3 in row 1( of batch 2)? "
    with pytest.raises(kb.DataError, match=message):
        getattr(models["multiclass"], method)(make(inputs, BAD_IDS), verbose=0)


OF_DATASETS = [
    "multiclass",
    "multiclass -1",
    "multiclass 1.5",
    "multiclass NaN",
    "multiclass zeros",
    "binary",
    "multilabel",
]
OF_DATASETS += ["binary one-hot", "several", "several spam", "hierarchical", "hierarchical 3", "layerwise"]


@pytest.mark.parametrize("name", OF_DATASETS)
def test_a_dataset_names_what_arrays_name(name, models, inputs):
    labels, message = REFUSED[name]
    with pytest.raises(kb.DataError, match=message.split(" .*Leave")[0].replace(r"\(4, 2\)", r"\(None, 2\)")):
        models[name.split()[0]].evaluate(dataset(inputs, labels, size=4), verbose=0)


@pytest.mark.parametrize("make", [lambda *data: data, dataset, Batches], ids=["arrays", "tf.data", "PyDataset"])
def test_validation_data_is_checked(make, models, inputs):
    with pytest.raises(kb.DataError, match="class ids from 0 to 2, .*got 3 in row"):
        models["multiclass"].fit(inputs, IDS, validation_data=make(inputs, BAD_IDS), verbose=0)


def test_lists_of_numbers_are_arrays_and_names_are_no_labels(models, inputs):
    assert models["multiclass"].evaluate(inputs, IDS.tolist(), verbose=0)[1] >= 0
    with pytest.raises(TypeError, match="`y` must be an array of numbers; .*kerasbert.data.encode_class_ids"):
        models["multiclass"].fit(inputs, ["a", "b", "c", "a"])


def test_names_in_a_dataset_are_no_labels(models, inputs):
    with pytest.raises(
        TypeError, match="`y` must be numbers; got names. Encode them with kerasbert.data.encode_class_ids"
    ):
        models["multiclass"].fit(dataset(inputs, ["a", "b", "c", "a"]), verbose=0)


def test_a_list_with_one_array_is_that_array(models, inputs):
    with pytest.raises(kb.DataError, match="got 3 in row 3"):
        models["multiclass"].evaluate(inputs, [BAD_IDS], verbose=0)


def compiled(config, loss):
    model = kb.build_multilabel(3, encoder=config, compile=False)
    model.compile("sgd", loss=loss)
    return model


def test_what_a_loss_of_the_users_takes_is_left_to_it(tiny_config, inputs):
    soft = compiled(tiny_config, kb.losses.BinaryCrossentropy(soft_labels=True))
    assert np.isfinite(soft.evaluate(inputs, ROWS * 0.5, verbose=0))
    own = compiled(tiny_config, lambda y_true, y_pred: keras.ops.mean((y_true - y_pred) ** 2, axis=-1))
    assert np.isfinite(own.evaluate(inputs, ROWS * 7.5, verbose=0))


def test_keras_losses_are_held_to_their_range(tiny_config, inputs):
    with pytest.raises(kb.DataError, match="numbers from 0 to 1"):
        compiled(tiny_config, "binary_crossentropy").fit(inputs, ROWS * 2, verbose=0)


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_macro_f1", "val_loss"])
@pytest.mark.parametrize("kind", [keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau])
def test_keras_callbacks_know_the_direction_of_the_metrics(kind, monitor, models, inputs):
    models["multiclass"].test_on_batch(inputs, IDS)  # makes the metrics
    callback = kind(monitor=monitor)
    callback.set_model(models["multiclass"])
    callback._set_monitor_op()
    expected = keras.ops.less if monitor == "val_loss" else keras.ops.greater
    assert callback.monitor_op is expected
