"""Ask TensorFlow Serving for the labels of texts, over gRPC: grpc_client.py MODEL TEXT...

Needs `pip install tensorflow-serving-api`, which brings grpcio.
"""

import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_service_pb2_grpc

ADDRESS = "localhost:8500"


def connect(address=ADDRESS):
    """The service at an address; one connection serves many threads."""
    return prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))


def ask(service, model, texts, signature="serving_default", timeout=10):
    """Send texts to a signature of a model and give its outputs as arrays, by name."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([text.encode() for text in texts], dtype=tf.string))
    reply = service.Predict(request, timeout=timeout)
    return {name: tf.make_ndarray(tensor) for name, tensor in reply.outputs.items()}


def labels_of(outputs):
    """Label -> score of each text, from the outputs of a model with one head."""
    rows = zip(outputs["labels"], outputs["scores"], outputs["count"], strict=True)
    return [
        {label.decode(): float(score) for label, score in zip(labels[:count], scores[:count], strict=True)}
        for labels, scores, count in rows
    ]


def classify(service, model, texts, signature="classify", timeout=10):
    """Send texts to the Classify API: label -> score of each text, for all labels."""
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for text in texts:
        example = request.input.example_list.examples.add()
        example.features.feature["text"].bytes_list.value.append(text.encode())
    reply = service.Classify(request, timeout=timeout)
    return [{one.label: one.score for one in row.classes} for row in reply.result.classifications]


if __name__ == "__main__":
    for text, labels in zip(sys.argv[2:], labels_of(ask(connect(), sys.argv[1], sys.argv[2:])), strict=True):
        print(f"{text}: {labels}")
