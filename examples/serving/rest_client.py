"""Ask TensorFlow Serving for the labels of texts, over REST: rest_client.py MODEL TEXT..."""

import json
import sys
import urllib.request

ADDRESS = "http://localhost:8501"


def request_body(texts):
    """The request for some texts, as JSON."""
    return json.dumps({"inputs": {"text": list(texts)}}).encode()


def labels_of(outputs):
    """Label -> score of each text, from the reply of a model with one head."""
    rows = zip(outputs["labels"], outputs["scores"], outputs["count"], strict=True)
    return [dict(zip(labels[:count], scores[:count], strict=True)) for labels, scores, count in rows]


def ask(model, texts):
    """Send texts to a model and give its outputs."""
    request = urllib.request.Request(f"{ADDRESS}/v1/models/{model}:predict", request_body(texts))
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)["outputs"]


if __name__ == "__main__":
    for text, labels in zip(sys.argv[2:], labels_of(ask(sys.argv[1], sys.argv[2:])), strict=True):
        print(f"{text}: {labels}")
