"""Shared names: model inputs and files are named as in Hugging Face's libraries."""

PACKAGE = "kerasbert"

INPUT_IDS = "input_ids"
ATTENTION_MASK = "attention_mask"
TOKEN_TYPE_IDS = "token_type_ids"
INPUT_NAMES = (INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS)
# The one input of a model that tokenises itself.
TEXTS = "texts"
# Extra input of a model that reads windows: the windows of each text.
WINDOW_ROWS = "window_rows"

# Head and output name of a classifier with a single head.
SINGLE_HEAD = "probabilities"

# How far a text is from all labels: an output of exports, and a column of predictions.
OUT_OF_SCOPE_SCORE = "out_of_scope_score"

# History key of the learning rate at the end of each epoch.
RATE_KEY = "learning_rate"

CONFIG_FILE = "config.json"
VOCABULARY_FILE = "vocab.txt"
SAFETENSORS_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_POOLING = "mean"
# Most short texts fit, and attention costs the square of it; a longer text is cut and counted in `num_truncated`.
DEFAULT_MAX_LENGTH = 128
