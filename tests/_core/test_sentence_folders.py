import json
import os

import pytest
from sentence_folders import CLS, DENSE, MEAN, SHAPES, write_modules, write_shape

from kerasbert import ConfigError, UnsafeArtifactError
from kerasbert._core import sentence_folders
from kerasbert._core.encoder_folders import CHECKPOINT_PACKAGES
from kerasbert._core.sentence_folders import NOTHING_SAID, SentenceFolder, read_sentence_folder, tell_defaults

EXPECTED = {
    "MiniLM": ("mean", 256, "", {}),
    "BGE": ("cls", 512, "", {}),
    "E5": ("mean", 512, "query: ", {"query": "query: ", "passage": "passage: "}),
    "GTE": ("mean", 24, "", {}),
}


@pytest.fixture
def lines(capsys):
    """What is said on standard error, as if it were said for the first time."""
    sentence_folders._say_once.cache_clear()
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_models_that_people_use(shape, tmp_path):
    said = read_sentence_folder(write_shape(tmp_path, shape))
    assert (said.pooling, said.max_length, said.prompt, dict(said.prompts)) == EXPECTED[shape]
    assert said.default_pooling() == said.pooling and not said.left_out


def test_a_folder_without_modules_says_nothing(tmp_path):
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    assert read_sentence_folder(tmp_path) is NOTHING_SAID and NOTHING_SAID.default_pooling() == "mean"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode": ["lasttoken"]}, "last"),
        ({"pooling_mode": "max", "pooling_mode_cls_token": True}, "max"),
        ({**MEAN, "pooling_mode_mean_tokens": False, "pooling_mode_lasttoken": True}, "last"),
        ({**MEAN, "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}, "max"),
        ({}, "mean"),
    ],
    ids=str,
)
def test_poolings(config, expected, tmp_path):
    write_modules(tmp_path, config)
    assert read_sentence_folder(tmp_path).default_pooling() == expected


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (
            {**MEAN, "pooling_mode_mean_tokens": False, "pooling_mode_mean_sqrt_len_tokens": True},
            "mean_sqrt_len_tokens",
        ),
        ({**MEAN, "pooling_mode_mean_tokens": False, "pooling_mode_weightedmean_tokens": True}, "weightedmean_tokens"),
        # sentence-transformers takes the mean beside it where the file is silent about the mean.
        ({"pooling_mode_cls_token": True}, "mean . cls"),
        ({"pooling_mode": "weightedmean"}, "weightedmean"),
        ({**CLS, "pooling_mode_cls_token": False}, "none"),
    ],
    ids=str,
)
def test_a_pooling_that_is_not_followed_is_refused_with_the_way_out(config, named, tmp_path):
    write_modules(tmp_path, config)
    said = read_sentence_folder(tmp_path)
    with pytest.raises(ConfigError, match=f"names the pooling '{named}', which is not followed.*`pooling`"):
        said.default_pooling()


def test_a_missing_config_of_the_pooling_is_no_silent_mean(tmp_path):
    write_modules(tmp_path, MEAN)
    (tmp_path / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ConfigError, match="1_Pooling/config.json, which is missing"):
        read_sentence_folder(tmp_path).default_pooling()


def test_another_kind_of_pooling(tmp_path):
    (tmp_path / "modules.json").write_text('[{"path": "1_Splade", "type": "sentence_transformers.SpladePooling"}]')
    with pytest.raises(ConfigError, match="names the pooling 'SpladePooling'"):
        read_sentence_folder(tmp_path).default_pooling()


@pytest.mark.parametrize("path", ["../secret", "..", "/etc", "a/b", "", "a\\b"])
def test_a_module_does_not_lead_out(path, tmp_path):
    write_modules(tmp_path, MEAN)
    modules = json.loads((tmp_path / "modules.json").read_text())
    modules[1]["path"] = path
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(UnsafeArtifactError, match="the path of a module must be the bare name of a folder in it"):
        read_sentence_folder(tmp_path)


def test_a_link_does_not_lead_out(tmp_path):
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    write_modules(folder, MEAN)
    os.rename(folder / "1_Pooling", outside)
    (folder / "1_Pooling").symlink_to(outside)
    with pytest.raises(UnsafeArtifactError, match="is a link that leads out of the folder"):
        read_sentence_folder(folder)


FILES = {
    "modules": ("modules.json", "{}", "must hold one JSON array"),
    "a module": ("modules.json", '[{"path": ""}]', "must hold modules, each with `type` and `path`"),
    "flag": ("1_Pooling/config.json", '{"pooling_mode_cls_token": "yes"}', "must be true or false; got 'yes'"),
    "mode": ("1_Pooling/config.json", '{"pooling_mode": 3}', "`pooling_mode` must be a name"),
    "length": ("sentence_bert_config.json", '{"max_seq_length": 2}', "must be an integer of at least 3; got 2"),
    "length of another type": ("sentence_bert_config.json", '{"max_seq_length": "512"}', "of at least 3; got '512'"),
    "prompts": ("config_sentence_transformers.json", '{"prompts": {"a": 1}}', "`prompts` must be texts by name"),
    "default prompt": (
        "config_sentence_transformers.json",
        '{"prompts": {"query": "q: "}, "default_prompt_name": "passage"}',
        "`default_prompt_name` must be one of 'query'; got 'passage'",
    ),
}


@pytest.mark.parametrize(("file", "text", "message"), FILES.values(), ids=FILES)
def test_malformed_files_are_named(file, text, message, tmp_path):
    write_shape(tmp_path, "E5")
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError, match=f"{file.rpartition('/')[2]}.*{message}"):
        read_sentence_folder(tmp_path)


def test_prompts_by_name_by_text_and_none():
    said = SentenceFolder(prompts={"query": "query: "}, prompt="query: ")
    assert [said.prompt_of(one) for one in (None, "query", "find: ", "")] == ["query: ", "query: ", "find: ", ""]
    with pytest.raises(TypeError, match="`prompt` must be a text, such as 'query: '; got 3"):
        said.prompt_of(3)


def test_a_prompt_outside_of_the_pooling_is_refused_as_a_default():
    said = SentenceFolder("e5", prompts={"query": "query: "}, prompt="query: ", pools_prompt=False)
    with pytest.raises(ConfigError, match="'e5' leaves its prompt 'query: ' out of the pooling.*Give prompt=''"):
        said.prompt_of(None)
    assert said.prompt_of("query: ") == "query: "


def test_what_is_taken_is_said_once(lines):
    said = SentenceFolder("e5", left_out=("2_Dense",))
    for _ in range(2):
        tell_defaults(said, pooling="cls", max_length=512, prompt="query: ")
    assert lines() == (
        "kerasbert: 'e5' is a folder of sentence-transformers; taken from it: pooling 'cls', max_length 512, prompt "
        "'query: ', not followed: 2_Dense.\n"
    )


def test_usual_values_are_not_worth_a_line(lines):
    tell_defaults(SentenceFolder("minilm"), pooling="mean", max_length=128, prompt="")
    assert not lines()


def test_prompts_without_a_default_are_named(lines):
    tell_defaults(SentenceFolder("e5", prompts={"query": "query: ", "document": ""}), prompt="")
    assert "no prompt (it has 'query')" in lines()


def test_modules_that_are_not_followed_are_named(tmp_path):
    write_modules(tmp_path, CLS, [("2_Dense", DENSE)])
    assert read_sentence_folder(tmp_path).left_out == ("2_Dense",)


def test_the_default_encoder_keeps_its_documented_length(minilm_folder):
    said = read_sentence_folder(minilm_folder)
    assert json.loads((minilm_folder / "sentence_bert_config.json").read_text())["max_seq_length"] == 256
    assert (said.default_pooling(), said.max_length, said.prompt) == ("mean", 128, "")
    assert said.max_length == CHECKPOINT_PACKAGES["all-MiniLM-L6-v2"].max_length
