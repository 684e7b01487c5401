"""Several questions at once: what a message is about, and which flags it carries, over one encoder."""

import sys
from pathlib import Path

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"


def main(limit: int = 480) -> dict:
    """Train on the first `limit` messages and answer one."""
    examples = kb.data.read_examples(SAMPLE, label_columns=["label", "labels"]).take(range(limit))
    classifier = kb.TextClassifier("multitask", heads={"topic": "multiclass", "flags": "multilabel"}, epochs=2)
    classifier.fit(examples.texts, {"topic": examples.labels["label"], "flags": examples.labels["labels"]})
    return classifier.predict(["Where is my parcel? I have asked twice now."])


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
