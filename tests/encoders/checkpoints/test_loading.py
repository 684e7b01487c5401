import json
import shutil
import sys
import threading

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

from kerasbert import CheckpointError, ConfigError, TFBertModel, TFElectraModel, TFRobertaModel, UnsafeArtifactError
from kerasbert.encoders.checkpoints import open_checkpoint, read_config
from kerasbert.encoders.checkpoints.live import LiveEncoderSource
from kerasbert.encoders.source import load_encoder

from ..reference import random_tensors, toy_config
from .formats import FORMATS, malicious_pickle, safetensors, write_config

CONFIG = toy_config(num_hidden_layers=2, vocab_size=11)
TENSORS = random_tensors(CONFIG)


@pytest.fixture
def folder(tmp_path):
    write_config(tmp_path, CONFIG)
    safetensors(TENSORS, tmp_path)
    return tmp_path


def tensors_of(encoder):
    source = LiveEncoderSource(encoder)
    return {name: source.read(name) for name in source.names()}


def assert_same(found, expected):
    assert sorted(found) == sorted(expected)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_weights(write, tmp_path):
    if "pytorch" in write.__name__:
        pytest.importorskip("torch")
    write_config(tmp_path, CONFIG)
    write(TENSORS, tmp_path)
    assert_same(tensors_of(TFBertModel.from_pretrained(tmp_path)), TENSORS)


def test_safetensors_come_before_pickles(folder):
    (folder / "pytorch_model.bin").write_bytes(malicious_pickle(folder / "sentinel"))
    assert_same(tensors_of(load_encoder(folder)), TENSORS)
    assert not (folder / "sentinel").exists()


def test_cut_layers(folder):
    encoder = TFBertModel.from_pretrained(folder, num_hidden_layers=1)
    assert_same(tensors_of(encoder), {n: v for n, v in TENSORS.items() if not n.startswith("encoder.layer.1.")})


def test_more_layers_than_the_checkpoint_has(folder):
    with pytest.raises(ConfigError, match="`num_hidden_layers` must be an integer from 1 to 2.*; got 3"):
        TFBertModel.from_pretrained(folder, num_hidden_layers=3)


@pytest.mark.parametrize(("stored", "asked", "built"), [(1, None, 1), (1, False, 0), (0, None, 0), (0, True, 0)])
def test_pooler_is_built_iff_there_are_weights_and_it_is_wanted(tmp_path, stored, asked, built):
    write_config(tmp_path, CONFIG)
    safetensors(random_tensors(CONFIG, pooler=bool(stored)), tmp_path)
    encoder = TFBertModel.from_pretrained(tmp_path, add_pooling_layer=asked)
    assert (encoder.pooler is not None) == bool(built)


def test_load_encoder_picks_the_class(tmp_path):
    config = toy_config(model_type="electra", embedding_size=5)
    write_config(tmp_path, config)
    safetensors(random_tensors(config, pooler=False), tmp_path)
    assert type(load_encoder(tmp_path)) is TFElectraModel


def test_another_familys_checkpoint_names_the_right_class(folder):
    with pytest.raises(ConfigError, match="holds a bert checkpoint; load it with TFBertModel"):
        TFRobertaModel.from_pretrained(folder)


def test_config_without_model_type_is_the_class_own(folder):
    values = CONFIG.to_dict()
    del values["model_type"]
    (folder / "config.json").write_text(json.dumps(values))
    assert type(TFRobertaModel.from_pretrained(folder)) is TFRobertaModel
    assert read_config(folder).model_type == "bert"


def test_given_config_replaces_the_file(folder):
    (folder / "config.json").unlink()
    assert_same(tensors_of(TFBertModel.from_pretrained(folder, config=CONFIG)), TENSORS)


def test_hugging_faces_silent_default_forces_nothing(folder):
    (folder / "config.json").write_text(json.dumps({**CONFIG.to_dict(), "output_hidden_states": False}))
    assert len(load_encoder(folder)(np.ones((1, 3), "int32")).hidden_states) == 3


def test_keras_arguments_pass_through(folder):
    encoder = TFBertModel.from_pretrained(folder, name="mine", dtype="mixed_bfloat16", trainable=False)
    assert (encoder.name, encoder.compute_dtype, encoder.trainable_weights) == ("mine", "bfloat16", [])


def test_one_message_lists_all_that_is_missing_or_of_another_shape(folder):
    tensors = {name: value for name, value in TENSORS.items() if "layer.1.output.dense" not in name}
    tensors["pooler.dense.bias"] = np.zeros(5, "float32")
    tensors["encoder.layer.1.extra"] = np.zeros(1, "float32")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="do not fit the config") as caught:
        TFBertModel.from_pretrained(folder)
    rows = [line.split() for line in str(caught.value).splitlines()[1:]]
    assert [row[:2] for row in rows[:2]] == [
        ["missing", f"encoder.layer.1.output.dense.{k}"] for k in ("weight", "bias")
    ]
    assert "wrong shape  pooler.dense.bias: expected (12,), got (5,)" in str(caught.value)
    assert "unexpected   encoder.layer.1.extra" in str(caught.value)


def test_nothing_fits(folder):
    save_file({"model.layers.0.weight": np.zeros(3, "float32")}, folder / "model.safetensors")
    with pytest.raises(
        CheckpointError, match="none of its tensors is one of this encoder's.*\n(.*\n){12}  and 25 more"
    ):
        TFBertModel.from_pretrained(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nonfinite_weights(folder, value):
    tensors = {name: tensor.copy() for name, tensor in TENSORS.items()}
    tensors["encoder.layer.0.attention.self.key.bias"][3] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=": encoder.layer.0.attention.self.key.bias holds NaN or infinity"):
        TFBertModel.from_pretrained(folder)
    loaded = TFBertModel.from_pretrained(folder, allow_nonfinite=True)
    assert_equal_with_nan(tensors_of(loaded), tensors)


def assert_equal_with_nan(found, expected):
    assert all(np.array_equal(found[name], expected[name], equal_nan=True) for name in expected)


def write_vocabulary(folder, lines):
    (folder / "vocab.txt").write_text("".join(f"token{number}\n" for number in range(lines)))


def test_longer_vocabulary_than_embeddings(folder):
    write_vocabulary(folder, 12)
    with pytest.raises(ConfigError, match="12 lines in vocab.txt, vocab_size 11 in config.json, 11 rows"):
        TFBertModel.from_pretrained(folder)


def test_vocab_size_that_is_not_the_rows(folder):
    write_config(folder, CONFIG.replace(vocab_size=13))
    with pytest.raises(ConfigError, match="no vocab.txt, vocab_size 13 in config.json, 11 rows in the embedding table"):
        TFBertModel.from_pretrained(folder)


def test_shorter_vocabulary_is_noticed(folder):
    write_vocabulary(folder, 9)
    with pytest.warns(UserWarning, match="has 9 lines for 11 embedding rows; the last rows are unused"):
        TFBertModel.from_pretrained(folder)


def test_equal_vocabulary_is_silent(folder, recwarn):
    write_vocabulary(folder, 11)
    TFBertModel.from_pretrained(folder)
    assert not [warning for warning in recwarn if "vocab" in str(warning.message)]


def test_config_is_refused_before_anything_is_built(folder, monkeypatch):
    (folder / "config.json").write_text(
        json.dumps({**CONFIG.to_dict(), "hidden_size": 60_000, "num_attention_heads": 1})
    )
    monkeypatch.setattr(TFBertModel, "__init__", lambda *_, **__: pytest.fail("built"))
    with pytest.raises(
        CheckpointError, match=r"wrong shape  embeddings.word_embeddings.weight: expected \(11, 60000\)"
    ):
        TFBertModel.from_pretrained(folder)


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="holds no weights: none of model.safetensors, .*, pytorch_model.bin"):
        open_checkpoint(folder)


def test_no_config(folder):
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match="holds no config.json; give the folder of a checkpoint"):
        load_encoder(folder)


def test_two_original_checkpoints(folder):
    (folder / "model.safetensors").unlink()
    for name in ("a.ckpt-1.index", "a.ckpt-2.index"):
        (folder / name).touch()
    with pytest.raises(
        CheckpointError, match=r"holds 2 checkpoints \(\['a.ckpt-1.index', 'a.ckpt-2.index'\]\); keep one"
    ):
        open_checkpoint(folder)


def hub_cache(folder, tensors_folder):
    """The layout of Hugging Face's cache: snapshots of links into blobs."""
    snapshot, blobs = folder / "snapshots" / "abc", folder / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(tensors_folder.iterdir()):
        shutil.copy(file, blobs / str(number))
        (snapshot / file.name).symlink_to(f"../../blobs/{number}")
    return snapshot


def test_links_of_the_hubs_cache_are_followed(tmp_path):
    plain = tmp_path / "plain"
    write_config(plain, CONFIG)
    FORMATS["sharded safetensors"](TENSORS, plain)
    assert_same(tensors_of(load_encoder(hub_cache(tmp_path / "models--a--b", plain))), TENSORS)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_other_links_out_of_the_folder_are_refused(folder, tmp_path_factory, name):
    outside = tmp_path_factory.mktemp("outside") / name
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(outside)
    with pytest.raises(UnsafeArtifactError, match="is a link that leads out of the folder; refused"):
        load_encoder(folder)


def test_loading_needs_neither_transformers_nor_torch(folder, monkeypatch):
    for module in ("transformers", "torch"):
        monkeypatch.setitem(sys.modules, module, None)
    assert_same(tensors_of(load_encoder(folder)), TENSORS)


def test_random_state_is_not_what_decides(folder):
    keras.utils.set_random_seed(5)
    first = tensors_of(load_encoder(folder))
    keras.utils.set_random_seed(6)
    assert_same(tensors_of(load_encoder(folder)), first)


def test_an_encoder_is_read_whole_beside_a_writer(tiny_config, tmp_path):
    encoders = [TFBertModel(tiny_config), TFBertModel(tiny_config)]
    for number, encoder in enumerate(encoders):
        encoder.set_weights([np.full_like(weight, number) for weight in encoder.get_weights()])
    encoders[0].save_pretrained(tmp_path / "encoder")
    is_done = threading.Event()

    def write():
        while not is_done.is_set():
            for encoder in encoders:
                encoder.save_pretrained(tmp_path / "encoder", overwrite=True)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            weights = TFBertModel.from_pretrained(tmp_path / "encoder").get_weights()
            assert len({float(value) for weight in weights for value in np.unique(weight)}) == 1
    finally:
        is_done.set()
        writer.join()
