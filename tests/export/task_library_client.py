"""Runs inside an environment of tflite-support: the scores of texts from standard input, as JSON."""

import json
import sys

from tflite_support.task import text as text_tasks


def scores(file, texts):
    """For each text: label -> score."""
    classifier = text_tasks.BertNLClassifier.create_from_file(file)
    for text in texts:
        categories = classifier.classify(text).classifications[0].categories
        yield {one.category_name: one.score for one in categories}


if __name__ == "__main__":
    requests = json.load(sys.stdin)
    json.dump({file: list(scores(file, texts)) for file, texts in requests.items()}, sys.stdout)
