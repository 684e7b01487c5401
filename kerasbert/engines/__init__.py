"""Inference engines behind a trained classifier: ONNX Runtime and OpenVINO."""
