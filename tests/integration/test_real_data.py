"""What the defaults are worth on real data. Run with

    KERASBERT_DATA=FOLDER python -m pytest tests/integration --slow

where FOLDER holds `banking77/{train,test}.jsonl`, one JSON object a line with `text` and `label`.
"""

import os
from pathlib import Path

import keras
import pytest

import kerasbert as kb

DATA = os.environ.get("KERASBERT_DATA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DATA is None, reason="needs KERASBERT_DATA, the folder of the data sets"),
]
EPOCHS = 2


@pytest.fixture(scope="module")
def banking77():
    folder = Path(DATA) / "banking77"
    train, test = (
        kb.data.read_examples(folder / name, label_columns=["label"]) for name in ("train.jsonl", "test.jsonl")
    )
    names = kb.data.collect_label_names(train.labels["label"])
    tokens = kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2")

    def batches(examples, shuffle):
        ids = kb.data.encode_class_ids(examples.labels["label"], names)
        return kb.data.make_batches(tokens.encode(examples.texts), ids, shuffle=shuffle)

    return names, batches(train, True), batches(test, False)


def accuracy_after(train_it, banking77):
    names, train, test = banking77
    keras.utils.set_random_seed(0)
    model = kb.build_multiclass(names)
    train_it(model, train)
    return model.evaluate(test.dataset, return_dict=True, verbose=0)["accuracy"]


def test_finetune_beats_plain_fit(banking77):
    """Warm-up, decay and the prior bias are worth at least half a point of accuracy over constant rates."""
    plain = accuracy_after(lambda model, train: model.fit(train.dataset, epochs=EPOCHS, verbose=0), banking77)
    tuned = accuracy_after(lambda model, train: kb.finetune(model, train, epochs=EPOCHS, verbose=False), banking77)
    print(f"plain fit {plain:.4f}, finetune {tuned:.4f}")
    assert plain > 0.85
    assert tuned > plain + 0.005
