import pytest

from kerasbert.data import Tokenizer


@pytest.fixture(scope="module")
def minilm(minilm_folder):
    return Tokenizer.from_folder(minilm_folder)


@pytest.fixture(scope="module")
def hugging_face(minilm_folder):
    """The same tokenizer in transformers."""
    return pytest.importorskip("transformers").AutoTokenizer.from_pretrained(minilm_folder, local_files_only=True)
