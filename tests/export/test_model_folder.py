"""`save_pretrained` and `from_pretrained` of a builder's model."""

import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import Classifier, ConfigError
from kerasbert.data import Tokenizer

FORMS = {
    "own head": lambda folder: kb.build_multilabel(["a", "b", "c"], encoder=folder, layers=(1, 2), hidden_units=(5,)),
    "logits": lambda folder: kb.build_multiclass(3, encoder=folder, activation="linear", pooling="cls"),
    "standard head": lambda folder: kb.build_multiclass(
        ["x", "y"], encoder=folder, pooling="cls", hidden_units=(16,), hidden_activation="tanh"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back(form, tiny_folder, tiny_inputs, tmp_path):
    model = FORMS[form](tiny_folder)
    model.save_pretrained(tmp_path / "out", tokenizer=tiny_folder)
    again = Classifier.from_pretrained(tmp_path / "out")
    assert np.allclose(again.predict(tiny_inputs, verbose=0), model.predict(tiny_inputs, verbose=0), atol=1e-5)
    assert again.head.label_names == model.head.label_names and again.max_length == model.max_length
    assert json.loads((tmp_path / "out" / "parity.json").read_text())["standard_head"] == (form == "standard head")


def test_transformers_loads_the_standard_head(tiny_folder, tmp_path):
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    model = FORMS["standard head"](tiny_folder)
    model.save_pretrained(tmp_path / "out", tokenizer=Tokenizer.from_folder(tiny_folder, max_length=16))
    inputs = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "out"))(["my card"], return_tensors="pt")
    other = transformers.AutoModelForSequenceClassification.from_pretrained(str(tmp_path / "out")).eval()
    with torch.no_grad():
        expected = other(**inputs).logits.softmax(-1).numpy()
    own = {name: inputs[name].numpy().astype("int32") for name in inputs}
    assert np.allclose(model.predict(own, verbose=0), expected, atol=1e-5)


def test_texts_are_cut_where_the_model_ends(tiny_folder, tmp_path):
    model = kb.build_binary(encoder=tiny_folder, max_length=8, layers=0)
    model.save_pretrained(tmp_path / "out", tokenizer=Tokenizer.from_folder(tiny_folder, max_length=12))
    assert Tokenizer.from_folder(tmp_path / "out").max_length == 8


def test_what_cannot_be_written_is_refused(tiny_folder, make_folder, tmp_path):
    windows = kb.build_binary(encoder=tiny_folder, window_pooling="mean")
    with pytest.raises(ConfigError, match="this one reads windows; build it without `window_pooling`"):
        windows.save_pretrained(tmp_path / "out", tokenizer=tiny_folder)
    model = kb.build_binary(encoder=tiny_folder)
    more = make_folder([f"word{number}" for number in range(40)] + ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    with pytest.raises(ConfigError, match="The model has 23 rows of token embeddings"):
        model.save_pretrained(tmp_path / "out", tokenizer=more)
    with pytest.raises(TypeError, match="`tokenizer` must be a Tokenizer, a name or folder"):
        model.save_pretrained(tmp_path / "out", tokenizer=3)
    assert not (tmp_path / "out").exists()
