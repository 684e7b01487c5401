"""Raw text in, label names out: train, save, load, ask."""

import sys
import tempfile
from pathlib import Path

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"


def main(limit: int = 480) -> list[str]:
    """Train on the first `limit` messages and return two answers of the classifier as it was loaded again."""
    examples = kb.data.read_examples(SAMPLE, label_columns="label").take(range(limit))
    classifier = kb.TextClassifier("multiclass", epochs=2).fit(examples.texts, examples.labels["label"])
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(f"{folder}/model")
        again = kb.load(f"{folder}/model")
    return list(again.predict(["Where is my parcel?", "You charged my card twice."]))


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
