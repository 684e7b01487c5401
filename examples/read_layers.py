"""What BERT's layers know: before training by a probe, in a trained classifier by a vote of layers and by attentions.

Run as `python examples/read_layers.py pictures`; the pictures need matplotlib, the extra `report`.
"""

import sys
from pathlib import Path

import kerasbert as kb

SAMPLES = Path(kb.__file__).parent / "data" / "samples"
LAYERS = (2, 4, 6)


def main(folder: str | Path, limit: int = 480) -> tuple[str, dict[int, float]]:
    """Return the builder call that the probe recommends, and the weight of each layer's vote; write three pictures.

    Args:
        folder: where the pictures go.
        limit: number of messages.
    """
    target = Path(folder)
    target.mkdir(exist_ok=True)
    train, test = (
        kb.data.read_examples(SAMPLES / f"customer_messages_{part}.jsonl", label_columns=["label"])
        for part in ("train", "test")
    )
    train, test = train.take(range(limit)), test.take(range(min(limit, len(test.texts))))

    report = kb.probe("all-MiniLM-L6-v2", train.texts, train.labels["label"])
    print(report.summary())
    report.save_picture(target / "probe.png")

    classifier = kb.TextClassifier("multiclass", layerwise=True, layers=LAYERS, epochs=4)
    classifier.fit(train.texts, train.labels["label"])
    scores = kb.score_layers(classifier, test.texts, test.labels["label"])
    scores.save_picture(target / "layers.png")

    why = kb.explain(classifier, "You charged my card twice for one order.")
    print(why.label, why.strongest(3))
    why.save_attentions(target / "attentions.png", layer=2)
    return report.recommendation, {row["layer"]: row["weight"] for row in scores.rows}


if __name__ == "__main__":
    print(main(sys.argv[1], *map(int, sys.argv[2:])))
