"""A toy BERT with fresh weights, and its folder in Hugging Face's layout."""

import json

import keras

from kerasbert import BertConfig, TFBertModel

WORDS = [
    "good",
    "bad",
    "late",
    "lost",
    "refund",
    "please",
    "where",
    "is",
    "my",
    "parcel",
    "thanks",
    "card",
    "!",
    "?",
    "[",
    "]",
    "sep",
    "##s",
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def toy_config(blocks):
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=blocks,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
    )


def write_toy(folder, config):
    keras.utils.set_random_seed(1)
    TFBertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    )
    return folder
