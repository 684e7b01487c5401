"""Names shared by every room; the inputs and the file names are Hugging Face's."""

PACKAGE = "kerasbert"

INPUT_IDS = "input_ids"
ATTENTION_MASK = "attention_mask"
TOKEN_TYPE_IDS = "token_type_ids"
INPUT_NAMES = (INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS)
# The further input of a model that reads windows: which windows are a text's.
WINDOW_ROWS = "window_rows"

# The head of a classifier that has one, and the name of its output.
SINGLE_HEAD = "probabilities"

# In the history of a training: the rate at the end of each epoch.
RATE_KEY = "learning_rate"

CONFIG_FILE = "config.json"
VOCABULARY_FILE = "vocab.txt"
SAFETENSORS_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
