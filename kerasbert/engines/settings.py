"""Names of engines and precisions, told before Keras or an engine is loaded."""

OPENVINO, ONNX_RUNTIME = "openvino", "onnxruntime"
ENGINES = (ONNX_RUNTIME, OPENVINO)
FLOAT32, BFLOAT16, INT8, FASTEST = "float32", "bfloat16", "int8", "fastest"
PRECISIONS = (BFLOAT16, FASTEST, FLOAT32, INT8)
# Lower limit of the 95 % interval of the share of texts that get the same labels: 189 texts that all do are enough.
AGREEMENT = 0.98
