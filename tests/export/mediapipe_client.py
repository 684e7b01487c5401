"""Runs inside MediaPipe's own virtual environment: the scores of texts from standard input, as JSON."""

import json
import sys

from mediapipe.tasks import python as tasks
from mediapipe.tasks.python import text as text_tasks


def scores(file, texts):
    """For each text: output name -> [label, score, place] of every category that MediaPipe shows."""
    options = text_tasks.TextClassifierOptions(base_options=tasks.BaseOptions(model_asset_path=file))
    with text_tasks.TextClassifier.create_from_options(options) as classifier:
        for text in texts:
            heads = classifier.classify(text).classifications
            yield {
                head.head_name: [(one.category_name, one.score, one.index) for one in head.categories] for head in heads
            }


if __name__ == "__main__":
    requests = json.load(sys.stdin)
    json.dump({file: list(scores(file, texts)) for file, texts in requests.items()}, sys.stdout)
