"""Out of Python: a trained classifier as an artefact that other programs load.

The SavedModel takes raw strings and needs nothing but TensorFlow's core ops: `normalizer_table` and `wordpiece_table` turn
a tokenizer into arrays, `graph_tokenizer` reads text with them, `decisions` names labels, `saved_model` writes it all.

A TFLite file takes token ids, and raw strings in MediaPipe: `tflite_graph` converts, `tflite_metadata` puts vocabulary and
labels inside, `litert` runs it, `mediapipe_tokens` knows what MediaPipe reads, `quantization_loss` tells what was lost,
`tflite` writes it all.
"""

from kerasbert.export.comparison import Export as Export
