"""Subclasses inside classes: found without sub-labels, then learned on the features of a trained classifier."""

import sys
from pathlib import Path

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"


def main(limit: int = 480) -> tuple[float, list[str]]:
    """Return the agreement with the sample's own sub-labels (ARI: 1 whole, 0 chance), and what a classifier says of one message.

    Args:
        limit: number of messages.
    """
    examples = kb.data.read_examples(SAMPLE, label_columns=["label", "sublabel"]).take(range(limit))
    classes, known = examples.labels["label"], examples.labels["sublabel"]
    found = kb.discover_subclasses(examples.texts, classes, number=4, sublabels=known)
    for one in found.classes["billing"].subclasses:
        print(f"{one.name}: {one.size} messages, {', '.join(one.terms[:5])}; such as {one.central[0]!r}")

    flat = kb.TextClassifier("multiclass", epochs=2).fit(examples.texts, classes)
    # The classes stay as they were learned; the subclasses are learned on the features that they are read from.
    finer = flat.add_subclasses(examples.texts, {"class": classes, "subclass": found.sublabels})
    answer = finer.predict(["You charged my card twice for one order."])
    return found.to_dict()["mean_agreement"]["ari"], [str(answer["class"][0]), str(answer["subclass"][0])]


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
