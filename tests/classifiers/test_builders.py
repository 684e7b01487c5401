"""One battery over every builder."""

import json

import keras
import numpy as np
import pytest

from kerasbert import (
    Binary,
    ConfigError,
    Multiclass,
    Multilabel,
    TFBertModel,
    build_binary,
    build_head,
    build_multiclass,
    build_multilabel,
    build_multitask,
)
from kerasbert.optimizers import AdamW

BUILDS = {
    "binary": lambda **options: build_binary(label_names=["no", "yes"], **options),
    "multiclass": lambda **options: build_multiclass(["a", "b", "c"], **options),
    "multilabel": lambda **options: build_multilabel(4, **options),
    "multitask": lambda **options: build_multitask(
        {"topic": Multiclass(3), "flags": Multilabel(2), "spam": Binary()}, **options
    ),
}
LABELS = {
    "binary": np.array([[0.0], [1.0]], "float32"),
    "multiclass": np.array([0, 2]),
    "multilabel": np.array([[0, 1, 0, 1], [0, 0, 0, 0]], "float32"),
    "multitask": {"topic": np.array([0, 2]), "flags": np.ones((2, 2), "float32"), "spam": np.array([[0.0], [1.0]])},
}
every_builder = pytest.mark.parametrize("task", BUILDS)


def outputs(model, inputs):
    return [np.array(value) for value in keras.tree.flatten(model(inputs))]


def close(one, other):
    return all(np.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


@every_builder
def test_trains_saves_and_loads_as_a_keras_model(task, tiny_config, tiny_inputs, tmp_path):
    model = BUILDS[task](encoder=tiny_config)
    history = model.fit(tiny_inputs, LABELS[task], epochs=10, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert close(outputs(model, tiny_inputs), outputs(again, tiny_inputs))
    again.fit(tiny_inputs, LABELS[task], verbose=0)
    assert again.optimizer.get_config() == model.optimizer.get_config()


# Of several heads Keras makes the sums of their losses inside the step, which takes a second trace.
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_the_training_step_is_traced_once(task, tiny_config, tiny_inputs, monkeypatch):
    traced, compute_loss = [], keras.Model.compute_loss
    monkeypatch.setattr(
        keras.Model, "compute_loss", lambda *args, **kwargs: traced.append(1) or compute_loss(*args, **kwargs)
    )
    BUILDS[task](encoder=tiny_config).fit(tiny_inputs, LABELS[task], epochs=2, verbose=0)
    assert len(traced) == 1


@every_builder
def test_label_names_travel(task, tiny_config, tmp_path):
    model = BUILDS[task](encoder=tiny_config)
    model.save(tmp_path / "model.keras")
    for other in (keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)):
        assert {n: h.label_names for n, h in other.heads.items()} == {n: h.label_names for n, h in model.heads.items()}


@every_builder
def test_config_is_json_and_summary_prints(task, tiny_config, capsys):
    model = BUILDS[task](encoder=tiny_config)
    json.dumps(model.get_config())
    model.summary()
    assert "encoder" in capsys.readouterr().out


@every_builder
def test_one_seed_gives_equal_weights(task, tiny_config):
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        models.append(BUILDS[task](encoder=tiny_config))
    assert close(models[0].get_weights(), models[1].get_weights())


@every_builder
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_probabilities_are_float32_in_half_precision(task, policy, tiny_config, tiny_inputs):
    keras.config.set_dtype_policy(policy)
    model = BUILDS[task](encoder=tiny_config)
    model.fit(tiny_inputs, LABELS[task], verbose=0)
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in outputs(model, tiny_inputs))


def test_float16_keeps_its_loss_scale_through_saving(tiny_config, tiny_inputs, tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    model = BUILDS["binary"](encoder=tiny_config)
    model.fit(tiny_inputs, LABELS["binary"], verbose=0)
    model.save(tmp_path / "model.keras")
    keras.config.set_dtype_policy("float32")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again.optimizer, keras.optimizers.LossScaleOptimizer)


@every_builder
def test_all_padding_row_is_finite(task, tiny_config, tiny_inputs):
    inputs = {**tiny_inputs, "attention_mask": np.array([[1, 1, 1, 1], [0, 0, 0, 0]], "int32")}
    assert all(np.isfinite(value).all() for value in outputs(BUILDS[task](encoder=tiny_config), inputs))


@every_builder
def test_compile_false_leaves_it_uncompiled(task, tiny_config):
    assert not BUILDS[task](encoder=tiny_config, compile=False).compiled


def test_two_rates_and_no_decay_on_biases(tiny_config):
    model = build_multilabel(2, encoder=tiny_config, learning_rate=1e-4, head_learning_rate=1e-3)
    assert isinstance(model.optimizer, AdamW)
    assert model.optimizer.rate_factors == {"encoder/": 1.0, "": pytest.approx(10.0)}
    model.optimizer.build(model.trainable_variables)
    decayed = [v.path for v, d in zip(model.trainable_variables, model.optimizer._decayed, strict=True) if d]
    assert decayed and not [path for path in decayed if path.endswith(("bias", "beta", "gamma"))]


def test_blocks_above_the_highest_layer_are_not_built(tiny_config):
    assert build_binary(encoder=tiny_config, layers=1).encoder.config.num_hidden_layers == 1


def test_several_layers_are_joined(tiny_config):
    model = build_binary(encoder=tiny_config, layers=(-1, 0), combine="concat")
    assert model.head.output_layer.kernel.shape == (2 * tiny_config.hidden_size, 1)


LEARNED = {
    "weighted": ("multiclass", {"combine": "weighted", "pooling": "multihead_attention"}),
    "weighted first": ("binary", {"combine": "weighted", "combine_before_pooling": True, "pooling": "last"}),
    "attention": ("multitask", {"combine": "attention", "pooling": "mean"}),
    "attention first": ("multilabel", {"combine": "attention", "combine_before_pooling": True, "pooling": "attention"}),
}


@pytest.mark.parametrize(("task", "options"), LEARNED.values(), ids=LEARNED)
def test_learned_combinations_train_save_and_load(task, options, tiny_config, tiny_inputs, tmp_path):
    model = BUILDS[task](encoder=tiny_config, layers=(0, 1), **options)
    before = [np.array(weight) for weight in model.features.trainable_variables]
    model.fit(tiny_inputs, LABELS[task], epochs=2, verbose=0)
    assert model.encoder.config.num_hidden_layers == 1
    after = {weight.path: np.array(weight) for weight in model.features.trainable_variables}
    moved = [path for (path, value), old in zip(after.items(), before, strict=True) if not np.array_equal(value, old)]
    # A shift of all scores leaves a softmax as it is: the bias of the keys never moves.
    assert [path for path in after if path not in moved and "key/bias" not in path] == []
    model.save(tmp_path / "model.keras")
    assert close(outputs(model, tiny_inputs), outputs(keras.models.load_model(tmp_path / "model.keras"), tiny_inputs))


@pytest.mark.parametrize("combine", ["weighted", "attention"])
def test_a_learned_combination_needs_several_layers(combine, tiny_config):
    with pytest.raises(ConfigError, match=f"`combine` must be .* with one hidden state, where '{combine}' has nothing"):
        build_binary(encoder=tiny_config, layers=1, combine=combine)


def test_the_pooler_cannot_be_combined_first(tiny_config):
    with pytest.raises(ConfigError, match="`combine_before_pooling` must be False with pooling='pooler'"):
        build_binary(encoder=tiny_config, pooling="pooler", combine_before_pooling=True)


def test_learned_mix_is_not_decayed(tiny_config):
    model = build_binary(encoder=tiny_config, layers=(0, 1, 2), combine="weighted")
    model.optimizer.build(model.trainable_variables)
    decayed = [v.path for v, d in zip(model.trainable_variables, model.optimizer._decayed, strict=True) if d]
    assert not [path for path in decayed if "combination" in path]


@pytest.mark.parametrize("pooling", ["cls", "last", "pooler", "max", "attention", "multihead_attention"])
def test_every_pooling_builds(pooling, tiny_folder, tiny_inputs):
    assert build_multiclass(3, encoder=tiny_folder, pooling=pooling)(tiny_inputs).shape == (2, 3)


def test_weights_of_an_encoder_are_copied(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    model = build_binary(encoder=encoder)
    model.fit(tiny_inputs, LABELS["binary"], verbose=0)
    fresh = build_binary(encoder=encoder)
    assert np.array_equal(fresh.encoder.embeddings.get_weights()[0], encoder.embeddings.get_weights()[0])


def test_caller_data_is_not_changed(tiny_config):
    heads, layers, units = {"a": Multiclass(2)}, [-1, 0], [3]
    build_multitask(heads, encoder=tiny_config, layers=layers, hidden_units=units)
    assert (list(heads), layers, units) == (["a"], [-1, 0], [3])


BAD = {
    "pooling": ("means", "`pooling` must be one of"),
    "combine": ("sum", "`combine` must be one of 'attention', 'concat', 'max', 'mean', 'weighted'; got 'sum'"),
    "layers": ([3], r"`layers` must be an integer from -3 to 2 .*0 \(embeddings\) to 2"),
    "max_length": (41, "`max_length` must be an integer from 3 to 40 .*; got 41"),
    "dropout": (1.0, r"`dropout` must be a number in \[0, 1\); got 1"),
    "learning_rate": (0, r"`learning_rate` must be a number in \(0, 1\]; got 0"),
    "head_learning_rate": (float("nan"), r"`head_learning_rate` must be a number in \(0, 1\]; got nan"),
    "activation": ("softmax", "`activation` must be 'sigmoid' or 'linear' for a binary head; got 'softmax'"),
}


@pytest.mark.parametrize("argument", BAD)
def test_bad_arguments_are_named(argument, tiny_config):
    value, message = BAD[argument]
    with pytest.raises(ConfigError, match=message):
        build_binary(encoder=tiny_config, **{argument: value})


@pytest.mark.parametrize("length", [0, 1, 2], ids=repr)
def test_max_length_has_room_for_a_token(length, tiny_config):
    with pytest.raises(ConfigError, match=f"`max_length` must be an integer from 3 to 40 .*; got {length}"):
        build_binary(encoder=tiny_config, max_length=length)


@every_builder
def test_unknown_keyword_gets_the_near_miss(task, tiny_config):
    with pytest.raises(TypeError, match=r"has no argument 'poolling'; it takes .* Did you mean 'pooling'\?"):
        BUILDS[task](encoder=tiny_config, poolling="max")


def test_unknown_encoder_type():
    with pytest.raises(
        TypeError, match="`encoder` must be the name or folder of a checkpoint, a BertConfig.*got 3 of type int"
    ):
        build_binary(encoder=3)


@pytest.mark.parametrize("name", ["encoder", "a b", "input_ids"], ids=repr)
def test_head_names(name, tiny_config):
    with pytest.raises(ConfigError, match="`heads` must have names of letters, digits and '_'"):
        build_multitask({name: Multiclass(2)}, encoder=tiny_config)


@pytest.mark.parametrize("heads", [{}, None, ["a"], {"a": 3}], ids=repr)
def test_heads_are_a_dict_of_tasks(heads, tiny_config):
    with pytest.raises(TypeError, match="`heads"):
        build_multitask(heads, encoder=tiny_config)


def test_head_alone_learns_from_vectors():
    vectors, labels = np.eye(4, 8, dtype="float32"), np.array([0, 1, 2, 0])
    model = build_head(Multiclass(3), 8, dropout=0.0, learning_rate=0.1)
    model.fit(vectors, labels, epochs=30, verbose=0)
    assert model.predict(vectors, verbose=0).argmax(1).tolist() == labels.tolist()


def test_head_refuses_another_task():
    with pytest.raises(TypeError, match="`task` must be Binary"):
        build_head("multiclass", 8)
