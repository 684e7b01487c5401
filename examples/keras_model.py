"""A multi-label classifier as a plain Keras model: build, fit, save, load."""

import sys
import tempfile
from pathlib import Path

import keras

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"


def main(limit: int = 480) -> keras.Model:
    """Train on the first `limit` messages and return the model as it was loaded again."""
    examples = kb.data.read_examples(SAMPLE, label_columns="labels").take(range(limit))
    names = kb.data.collect_label_names(examples.labels["labels"])
    model = kb.build_multilabel(names)

    tokens = kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2", max_length=model.max_length)
    labels = kb.data.encode_multi_hot(examples.labels["labels"], names)
    batches = kb.data.make_batches(tokens.encode(examples.texts), labels, shuffle=True)
    model.fit(batches.dataset, epochs=1)

    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        return keras.models.load_model(f"{folder}/model.keras")


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])).head.label_names)
