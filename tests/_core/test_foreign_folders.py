"""Folders that are given for a checkpoint and are none: every door says what they are and what to give."""

import json

import pytest

from kerasbert import ArtifactError, CheckpointError, ConfigError, TextClassifier, TFBertModel, Tokenizer, load
from kerasbert._core.foreign_folders import explain_folder
from kerasbert.encoders.checkpoints import open_checkpoint


def adapter(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "bert-base-uncased"}')
    (folder / "adapter_model.safetensors").touch()


def trainer(folder):
    for step in (500, 1000, 90):
        (folder / f"checkpoint-{step}").mkdir()
    (folder / "runs").mkdir()


def old_sentence_transformers(folder):
    (folder / "0_Transformer").mkdir()
    (folder / "0_Transformer" / "config.json").write_text("{}")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "modules.json").write_text("[]")


def hub_cache(folder):
    (folder / "snapshots" / "0a1b").mkdir(parents=True)


def one_below(folder):
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text("{}")


KINDS = {
    "adapter": (adapter, r"holds a PEFT adapter \(adapter_config.json\).*merge_and_unload\(\)"),
    "trainer": (trainer, r"output folder of a Trainer, with 'checkpoint-90, checkpoint-500, checkpoint-1000'.*checkpoint-1000'"),
    "sentence-transformers": (old_sentence_transformers, "sentence-transformers.*: give '.*0_Transformer'"),
    "cache": (hub_cache, "repository of the Hugging Face cache: give a folder inside '.*snapshots'"),
    "one below": (one_below, "holds no checkpoint, but 'model' in it does: give '.*model'"),
}  # fmt: skip
DOORS = {
    "encoder": (TFBertModel.from_pretrained, ConfigError),
    "classifier": (TextClassifier.from_pretrained, ConfigError),
    "tokenizer": (Tokenizer.from_pretrained, ConfigError),
    "load": (load, ArtifactError),
    "weights": (open_checkpoint, CheckpointError),
    "training": (lambda folder: TextClassifier(encoder=folder).fit(["a", "b"] * 4, ["x", "y"] * 4), ConfigError),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_door_says_what_a_folder_is(kind, door, tmp_path):
    make, message = KINDS[kind]
    make(tmp_path)
    opens, error = DOORS[door]
    with pytest.raises(error, match=message):
        opens(tmp_path)


def test_an_adapter_beside_a_config_is_never_left_out(tiny_folder, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_folder, tmp_path / "both")
    adapter(folder)
    with pytest.raises(ConfigError, match="holds a PEFT adapter"):
        TFBertModel.from_pretrained(folder)


def test_checkpoints_beside_a_whole_model_do_not_matter(tiny_folder, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_folder, tmp_path / "whole")
    trainer(folder)
    assert (
        TFBertModel.from_pretrained(folder).config.hidden_size
        == json.loads((folder / "config.json").read_text())["hidden_size"]
    )


def test_other_folders_are_not_explained(tiny_folder, tmp_path):
    assert explain_folder(tmp_path) is None and explain_folder(tiny_folder) is None
    assert explain_folder(tmp_path / "missing") is None
