"""Every builder answers every bad argument: one table of values, run over all builders that take the argument."""

import inspect
import json

import keras
import numpy as np
import pytest

from kerasbert import (
    Binary,
    ConfigError,
    Multiclass,
    Multilabel,
    build_binary,
    build_head,
    build_multiclass,
    build_multilabel,
    build_multitask,
)

BUILDERS = {
    "build_binary": lambda config, **options: build_binary(**{"encoder": config, **options}),
    "build_multiclass": lambda config, **options: build_multiclass(**{"num_classes": 3, "encoder": config, **options}),
    "build_multilabel": lambda config, **options: build_multilabel(**{"num_labels": 3, "encoder": config, **options}),
    "build_multitask": lambda config, **options: build_multitask(
        **{"heads": {"a": Multiclass(3)}, "encoder": config, **options}
    ),
    "build_head": lambda config, **options: build_head(**{"task": Multiclass(3), "hidden_size": 8, **options}),
}
FUNCTIONS = {function.__name__: function for function in (build_binary, build_multiclass, build_multilabel, build_multitask, build_head)}  # fmt: skip

NAN, INFINITY = float("nan"), float("inf")
OPEN_RATE = r"`{argument}` must be a number in \(0, 1\]; got"
DROPOUT = r"`dropout` must be a number in \[0, 1\); got"
LAYERS = r"-3 to 2 \(0 \(embeddings\) to 2 \(last block\), or -3 to -1 from the end\); got"
CLASSES = r"`num_classes` must be an integer from 2 to 1000000 \(or a list of names\); got"
LABELS = r"`num_labels` must be an integer from 1 to 1000000 \(or a list of names\); got"
LENGTH = r"`max_length` must be an integer from 3 to 40 \(the encoder's positions\); got"
NAMES = r"`label_names`"
HEADS = r"`heads` must be a dict of head name -> Binary, Multiclass or Multilabel; got"
UNITS = r"`hidden_units` must be"
ENCODER = r"`encoder` must be the name or folder of a checkpoint, a BertConfig"
NAME = r"`name` must be a name of letters, digits, '_', '\.' and '-'; got"

# argument -> [(value, error, message)]
BAD = {
    "num_classes": [
        (0, ConfigError, CLASSES + " 0"),
        (1, ConfigError, CLASSES + " 1"),
        (-1, ConfigError, CLASSES + " -1"),
        (10**9, ConfigError, CLASSES + " 1000000000"),
        (2.0, TypeError, CLASSES + " 2.0 of type float"),
        (NAN, TypeError, CLASSES + " nan"),
        (True, TypeError, CLASSES + " True of type bool"),
        ("3", TypeError, CLASSES + " '3' of type str"),
        (None, TypeError, CLASSES + " None of type NoneType"),
        ([], ConfigError, NAMES + " must hold at least one name"),
        (["a"], ConfigError, r"`num_classes` must be at least 2 names; got \['a'\]"),
        (["a", "a"], ConfigError, NAMES + " must differ by more than case and space; got 'a' and 'a'"),
        (["a", "A "], ConfigError, NAMES + " must differ by more than case and space; got 'a' and 'A '"),
        (["a", ""], ConfigError, NAMES + " must not be blank"),
        (["a", 1], TypeError, NAMES + " must be texts; got 1 of type int"),
    ],
    "num_labels": [
        (0, ConfigError, LABELS + " 0"),
        (-1, ConfigError, LABELS + " -1"),
        (2.0, TypeError, LABELS + " 2.0 of type float"),
        (True, TypeError, LABELS + " True"),
        ("3", TypeError, LABELS + " '3'"),
        (None, TypeError, LABELS + " None"),
        ([], ConfigError, NAMES + " must hold at least one name"),
        (["a", "a"], ConfigError, NAMES + " must differ"),
    ],
    "label_names": [
        ("ab", TypeError, NAMES + " must be a list of names; got 'ab'"),
        (["a"], ConfigError, NAMES + " of a binary head must be 2 names, negative and positive; got 1"),
        (["a", "b", "c"], ConfigError, NAMES + " of a binary head must be 2 names, negative and positive; got 3"),
        (["a", "a"], ConfigError, NAMES + " must differ"),
        (None, TypeError, NAMES + " must be a list of names; got None"),
        (2, TypeError, NAMES + " must be a list of names; got 2"),
    ],
    "heads": [
        ({}, TypeError, HEADS + " {}"),
        (None, TypeError, HEADS + " None"),
        ([Binary()], TypeError, HEADS),
        ({"a": "binary"}, TypeError, r"`heads\['a'\]` must be Binary\(...\), Multiclass\(...\) or Multilabel\(...\); got"),
        ({1: Binary()}, ConfigError, "`heads` must have names of letters, digits and '_' that no layer has; got 1"),
        ({"a/b": Binary()}, ConfigError, "`heads` must have names of letters, digits and '_' .* got 'a/b'"),
        ({"../a": Binary()}, ConfigError, "`heads` must have names of letters, digits and '_' .* got '../a'"),
        ({"encoder": Binary()}, ConfigError, "`heads` must have names .* that no layer has; got 'encoder'"),
    ],
    "task": [
        ("binary", TypeError, r"`task` must be Binary\(...\), Multiclass\(...\) or Multilabel\(...\); got 'binary'"),
        (None, TypeError, r"`task` must be .* got None"),
    ],
    "hidden_size": [
        (0, ConfigError, "`hidden_size` must be an integer from 1 to 1000000; got 0"),
        (8.0, TypeError, "`hidden_size` must be an integer from 1 to 1000000; got 8.0 of type float"),
        (None, TypeError, "`hidden_size` must be an integer .* got None"),
    ],
    "encoder": [
        (3, TypeError, ENCODER + ".*got 3 of type int"),
        (None, TypeError, ENCODER + ".*got None"),
        ("./nowhere", ConfigError, "`encoder`: the folder './nowhere' does not exist"),
        ("", ConfigError, "`encoder`: the folder '' does not exist"),
        ({"hidden_size": 0}, ConfigError, "`hidden_size` must be an integer from 1"),
        ({"hidden_size": "8"}, TypeError, "`hidden_size` must be an integer from 1 .* got '8'"),
        ({"model_type": "llama"}, ConfigError, "`model_type` must be one of"),
    ],
    "layers": [
        ([13], ConfigError, LAYERS + " 13"),
        (3, ConfigError, LAYERS + " 3"),
        ([-14], ConfigError, LAYERS + " -14"),
        ([], ConfigError, r"`layers` must name at least one hidden state, 0 \(embeddings\) to 2 \(last block\)"),
        ([1, 1], ConfigError, "`layers` must be distinct hidden states"),
        ([2, -1], ConfigError, "`layers` must be distinct hidden states"),
        ("last", TypeError, "`layers` must be an integer or a list of integers; got 'last'"),
        (1.0, TypeError, "`layers` must be an integer or a list of integers; got 1.0"),
        (True, TypeError, "`layers` must be an integer or a list of integers; got True"),
        ([1.5], TypeError, LAYERS + " 1.5"),
        ({1: 2}, TypeError, "`layers` must be an integer or a list of integers"),
    ],
    "combine": [
        ("sum", ConfigError, "`combine` must be one of 'attention', 'concat', 'max', 'mean', 'weighted'; got 'sum'"),
        ("men", ConfigError, "Did you mean 'mean'"),
        (None, ConfigError, "`combine` must be one of .* got None"),
    ],
    "combine_before_pooling": [
        (1, TypeError, "`combine_before_pooling` must be True or False; got 1 of type int"),
        (None, TypeError, "`combine_before_pooling` must be True or False; got None"),
    ],
    "pooling": [
        ("means", ConfigError, "`pooling` must be one of .* got 'means'. Did you mean 'mean'"),
        (3, TypeError, "`pooling` must be a name, a pooling layer, or a Keras layer with .*; got 3"),
        (keras.layers.GlobalAveragePooling1D, TypeError, "`pooling` must be a name, a pooling layer, or a Keras layer"),
        (keras.layers.GlobalAveragePooling1D(), ConfigError, "the call of GlobalAveragePooling1D takes"),
    ],
    "window_pooling": [
        ("means", ConfigError, "`window_pooling` must be one of 'attention', 'max', 'mean'; got 'means'"),
        ("cls", ConfigError, "`window_pooling` must be one of 'attention', 'max', 'mean'; got 'cls'"),
        (3, TypeError, "`pooling` must be a name, a pooling layer, or a Keras layer with .*; got 3"),
    ],
    "hidden_units": [
        ([0], ConfigError, UNITS + " an integer from 1 to 1000000; got 0"),
        ([-5], ConfigError, UNITS + " an integer from 1 to 1000000; got -5"),
        ([2.5], TypeError, UNITS + " an integer from 1 to 1000000; got 2.5"),
        (256, TypeError, UNITS + r" a list of integers, such as \(256,\); got 256"),
        ("256", TypeError, UNITS + " a list of integers"),
        (None, TypeError, UNITS + " a list of integers"),
    ],
    "hidden_activation": [
        ("rellu", ConfigError, "`hidden_activation` must be the name of a Keras activation, .* Did you mean 'relu'"),
        (None, ConfigError, "`hidden_activation` must be the name of a Keras activation"),
        (keras.activations.relu, ConfigError, "`hidden_activation` must be the name of a Keras activation"),
        ("serialize", ConfigError, "`hidden_activation` must be the name of a Keras activation"),
    ],
    "dropout": [
        (NAN, ConfigError, DROPOUT + " nan"),
        (-0.1, ConfigError, DROPOUT + " -0.1"),
        (1, ConfigError, DROPOUT + " 1"),
        (2, ConfigError, DROPOUT + " 2"),
        ("0.1", TypeError, DROPOUT + " '0.1' of type str"),
        (None, TypeError, DROPOUT + " None"),
        (True, TypeError, DROPOUT + " True"),
    ],
    "activation": [
        ("tanh", ConfigError, "`activation` must be .* for a .* head; got 'tanh'"),
        (3, ConfigError, "`activation` must be .* got 3"),
    ],
    "preprocessing": [
        (True, ConfigError, "`preprocessing` must be a Tokenizer where `encoder` is no name or folder.* BertConfig"),
        (None, TypeError, "`preprocessing` must be True, False or a Tokenizer; got None"),
        (1, TypeError, "`preprocessing` must be True, False or a Tokenizer; got 1"),
        ("bert", TypeError, "`preprocessing` must be True, False or a Tokenizer; got 'bert'"),
    ],
    "max_length": [
        (0, ConfigError, LENGTH + " 0"),
        (1, ConfigError, LENGTH + " 1"),
        (2, ConfigError, LENGTH + " 2"),
        (41, ConfigError, LENGTH + " 41"),
        (513, ConfigError, LENGTH + " 513"),
        (8.0, TypeError, LENGTH + " 8.0 of type float"),
        ("8", TypeError, LENGTH + " '8'"),
        (True, TypeError, LENGTH + " True"),
    ],
    "learning_rate": [
        (0, ConfigError, OPEN_RATE + " 0"),
        (-0.1, ConfigError, OPEN_RATE + " -0.1"),
        (2, ConfigError, OPEN_RATE + " 2"),
        (NAN, ConfigError, OPEN_RATE + " nan"),
        (INFINITY, ConfigError, OPEN_RATE + " inf"),
        ("1e-4", TypeError, OPEN_RATE + " '1e-4' of type str"),
        (None, TypeError, OPEN_RATE + " None"),
    ],
    "compile": [
        (1, TypeError, "`compile` must be True or False; got 1 of type int"),
        ("no", TypeError, "`compile` must be True or False; got 'no'"),
        (None, TypeError, "`compile` must be True or False; got None"),
    ],
    "name": [
        ("../x", ConfigError, NAME + r" '\.\./x'"),
        ("a/b", ConfigError, NAME + " 'a/b'"),
        ("", ConfigError, NAME + " ''"),
        ("a\x1b[31m", ConfigError, NAME),
        (3, TypeError, NAME + " 3 of type int"),
        (None, TypeError, NAME + " None"),
    ],
}  # fmt: skip
BAD["head_learning_rate"] = BAD["learning_rate"]
# What goes with one task and not with another.
PAIRS = {
    ("build_binary", "softmax"): r"must be 'sigmoid' or 'linear' for a binary head; got 'softmax'\. .*num_classes=2",
    ("build_multiclass", "sigmoid"): r"must be 'softmax' or 'linear' for a multiclass head; .*use build_multilabel",
    ("build_multilabel", "softmax"): r"must be 'sigmoid' or 'linear' for a multilabel head; .*use build_multiclass",
    ("build_head", "sigmoid"): r"must be 'softmax' or 'linear' for a multiclass head; .*use build_multilabel",
}
EVERY = [
    pytest.param(builder, argument, *row, id=f"{builder}-{argument}-{row[0]!r:.20}")
    for builder, function in FUNCTIONS.items()
    for argument in inspect.signature(function).parameters
    for row in BAD[argument]
]
every_builder = pytest.mark.parametrize("builder", BUILDERS)


@pytest.mark.parametrize(("builder", "argument", "value", "error", "message"), EVERY)
def test_bad_value(builder, argument, value, error, message, tiny_config):
    with pytest.raises(error, match=message.replace("{argument}", argument)):
        BUILDERS[builder](tiny_config, **{argument: value})


@pytest.mark.parametrize(("builder", "activation"), PAIRS)
def test_activation_of_another_task(builder, activation, tiny_config):
    with pytest.raises(ConfigError, match="`activation` " + PAIRS[builder, activation]):
        BUILDERS[builder](tiny_config, activation=activation)


def test_every_argument_has_rows():
    arguments = {name for function in FUNCTIONS.values() for name in inspect.signature(function).parameters}
    assert arguments == set(BAD) and all(BAD.values())
    assert len(EVERY) > 300


@every_builder
def test_unknown_keyword_gets_the_close_match(builder, tiny_config):
    with pytest.raises(TypeError, match=rf"{builder}\(\) has no argument 'dropuot'; .* Did you mean 'dropout'"):
        BUILDERS[builder](tiny_config, dropuot=0.1)


@every_builder
def test_nothing_of_the_callers_is_changed(builder, tiny_config):
    given = {"hidden_units": [4, 3], "heads": {"a": Multiclass(3), "b": Binary()}, "layers": [-1, 0]}
    config = tiny_config.to_dict()
    known = inspect.signature(FUNCTIONS[builder]).parameters
    options = {name: value for name, value in given.items() if name in known}
    before = json.dumps([config, options], default=repr)
    BUILDERS[builder](config, **options)
    assert json.dumps([config, options], default=repr) == before


@every_builder
def test_one_seed_one_model(builder, tiny_config):
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        weights.append(BUILDERS[builder](tiny_config).get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


@every_builder
def test_read_only_arrays_and_no_rows(builder, tiny_config):
    model = BUILDERS[builder](tiny_config)
    shapes = {tensor.name: (2, 8 if builder == "build_head" else 5) for tensor in model.inputs}
    arrays = {name: np.ones(shape, "float32" if builder == "build_head" else "int32") for name, shape in shapes.items()}
    for array in arrays.values():
        array.setflags(write=False)
    given = arrays if len(arrays) > 1 else next(iter(arrays.values()))
    assert all(np.isfinite(part).all() for part in keras.tree.flatten(model.predict(given, verbose=0)))


@pytest.mark.parametrize("builder", [name for name in BUILDERS if name != "build_head"])
def test_texts_of_no_tokens_are_finite(builder, tiny_config):
    inputs = {name: np.zeros((2, 0), "int32") for name in ("input_ids", "attention_mask", "token_type_ids")}
    found = keras.tree.flatten(BUILDERS[builder](tiny_config)(inputs))
    assert all(np.isfinite(np.asarray(part)).all() and len(part) == 2 for part in found)


@every_builder
def test_inside_a_distribution_strategy(builder, tiny_config):
    import tensorflow as tf

    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = BUILDERS[builder](tiny_config)
    assert model.count_params() == BUILDERS[builder](tiny_config).count_params()


def test_class_weight_goes_with_class_ids_only(tiny_config):
    heads = {"topic": Multiclass(3), "flags": Multilabel(2)}
    with pytest.raises(ConfigError, match=r"`class_weight` must be None for a model with .* and .* heads"):
        build_multitask(heads, encoder=tiny_config).fit({}, {}, class_weight={0: 1.0})
