"""What is frozen stays frozen: the list of trainable weights before equals that after, for every builder."""

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pooling import AttentionPooling
from kerasbert.saving.folder import load_trained

TREE = {"a": ["a1", "a2"], "b": ["b1", "b2"]}
BUILDERS = {
    "binary": lambda **own: kb.build_binary(pooling="attention", hidden_units=(4,), **own),
    "multiclass": lambda **own: kb.build_multiclass(3, pooling="multihead_attention", hidden_units=(4,), **own),
    "multilabel": lambda **own: kb.build_multilabel(
        3, pooling="attention", layers=(1, 2), combine="attention", hidden_units=(4,), **own
    ),
    "windows": lambda **own: kb.build_multiclass(
        3, pooling="attention", window_pooling="attention", hidden_units=(4,), **own
    ),
    "multitask": lambda **own: kb.build_multitask(
        {"x": kb.Multiclass(2), "y": kb.Binary()}, pooling="attention", hidden_units=(4,), **own
    ),
    "hierarchical": lambda **own: kb.build_hierarchical(TREE, pooling="attention", hidden_units=(4,), **own),
    "layerwise": lambda **own: kb.build_layerwise(kb.Multiclass(3), pooling="attention", hidden_units=(4,), **own),
}


def features_of(model):
    return [layer for layer in model.layers if layer.name.startswith("features")]


def heads_of(model):
    return [model.hierarchy] if model.hierarchy is not None else list(model.trained_heads.values())


FROZEN = {
    "encoder": lambda model: [model.encoder],
    "block": lambda model: [model.encoder.blocks[0]],
    "embeddings": lambda model: [model.encoder.embeddings],
    "inside a block": lambda model: [model.encoder.blocks[1].attention.query_key_value],
    "features": features_of,
    "pooling": lambda model: [features.pooling for features in features_of(model)],
    "inside a pooling": lambda model: [list(features.pooling._layers)[0] for features in features_of(model)],
    "head": heads_of,
    "inside a head": lambda model: [
        head.hidden_layers[0] for head in heads_of(model) if hasattr(head, "hidden_layers")
    ],
    "whole model": lambda model: [model],
}
# Files take longer than configs.
ON_DISK = ("encoder", "inside a pooling", "inside a head", "whole model")


def trainable(model):
    return [weight.path for weight in model.trainable_weights]


def saved_and_loaded(model, folder):
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


def in_a_folder(model, folder, tiny_folder):
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=model.max_length)
    kb.TrainedClassifier(model, tokenizer).save(folder / "saved")
    return load_trained(folder / "saved").model


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_way_of_passing_a_model_on_keeps_what_is_frozen(builder, tiny_config, tiny_folder, tmp_path):
    all_weights = trainable(BUILDERS[builder](encoder=tiny_config))
    for name, parts in FROZEN.items():
        model = BUILDERS[builder](encoder=tiny_config)
        for part in parts(model):
            part.trainable = False
        expected = trainable(model)
        assert len(expected) < len(all_weights), name
        later = {
            "clone_model": keras.models.clone_model(model),
            "from_config": Classifier.from_config(model.get_config()),
        }
        if name in ON_DISK:
            (tmp_path / name).mkdir()
            later["load_model"] = saved_and_loaded(model, tmp_path / name)
            later["saved folder"] = in_a_folder(model, tmp_path / name, tiny_folder)
        assert {way: trainable(one) for way, one in later.items()} == dict.fromkeys(later, expected), name


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_frozen_encoder_given_to_a_builder_stays_frozen(builder, tiny_config):
    encoder = kb.TFBertModel(tiny_config, trainable=False)
    model = BUILDERS[builder](encoder=encoder)
    assert not [weight for weight in model.trainable_weights if weight.path.startswith("encoder/")]
    assert model.trainable_weights


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_frozen_block_given_to_a_builder_stays_frozen(builder, tiny_config):
    encoder = kb.TFBertModel(tiny_config)
    encoder.blocks[0].trainable = False
    model = BUILDERS[builder](encoder=encoder)
    assert [block.trainable for block in model.encoder.blocks] == [False, True]
    assert not [path for path in trainable(model) if path.startswith("encoder/layer_0")]


@pytest.mark.parametrize(
    "build",
    [
        lambda **own: kb.build_multiclass(3, **own),
        lambda **own: kb.build_layerwise(kb.Multiclass(3), **own),
    ],
    ids=["multiclass", "layerwise"],
)
def test_a_frozen_pooling_given_to_a_builder_stays_frozen(build, tiny_config):
    model = build(encoder=tiny_config, pooling=AttentionPooling(trainable=False))
    assert not [path for path in trainable(model) if path.startswith("features")]


@pytest.mark.parametrize("freeze", ["encoder", "embeddings", 1], ids=str)
def test_what_finetune_froze_stays_frozen(freeze, tiny_config, tmp_path):
    model = kb.build_multiclass(2, encoder=tiny_config)
    tokens = kb.data.TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]])
    batches = kb.data.make_batches(tokens, np.array([0, 1]), shuffle=True)
    kb.finetune(model, batches, epochs=1, verbose=False, freeze=freeze)
    loaded = saved_and_loaded(model, tmp_path)
    assert trainable(loaded) == trainable(keras.models.clone_model(model)) == trainable(model)
    assert "encoder/embeddings/word_embeddings/embeddings" not in trainable(model)


def test_weights_do_not_move_after_loading(tiny_config, tiny_inputs, tmp_path):
    model = kb.build_multiclass(3, encoder=tiny_config)
    model.encoder.blocks[0].trainable = False
    loaded = saved_and_loaded(model, tmp_path)
    before = [block.get_weights() for block in loaded.encoder.blocks]
    loaded.fit(tiny_inputs, np.array([0, 2]), epochs=2, verbose=0)
    after = [block.get_weights() for block in loaded.encoder.blocks]
    assert all(np.array_equal(*pair) for pair in zip(before[0], after[0], strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(before[1], after[1], strict=True))


def test_truncating_keeps_what_is_frozen(tiny_config):
    model = kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config, hidden_units=(4,))
    model.encoder.embeddings.trainable = False
    model.trained_heads["layer_1"].hidden_layers[0].trainable = False
    smaller = kb.truncate(model, 1)
    assert not smaller.encoder.embeddings.trainable and smaller.encoder.blocks[0].trainable
    assert [path for path in trainable(smaller) if path.startswith("prob")] == [
        "probabilities/logits/kernel",
        "probabilities/logits/bias",
    ]


def test_a_flat_model_brings_its_frozen_parts_into_a_hierarchy(tiny_config):
    flat = kb.build_multiclass(["a", "b"], encoder=tiny_config, hidden_units=(4,))
    flat.encoder.trainable = False
    flat.head.hidden_layers[0].trainable = False
    model = kb.build_hierarchical(TREE, from_model=flat)
    assert {path.split("/")[1] for path in trainable(model)} == {"class_logits", "subclass_logits"}


def test_a_secondary_classifier_trains_its_subclasses_only_after_loading(tiny_config, tmp_path):
    secondary = kb.build_secondary(kb.build_multiclass(["a", "b"], encoder=tiny_config), TREE)
    expected = ["hierarchy/subclass_logits/kernel", "hierarchy/subclass_logits/bias"]
    assert trainable(saved_and_loaded(secondary, tmp_path)) == trainable(secondary) == expected
