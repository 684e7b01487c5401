"""Toy classifiers of transformers, as PyTorch writes them."""

import json

WORDS = ["good", "bad", "late", "lost", "refund", "please", "is", "my", "parcel", "thanks", "card", "!", "?", "##s"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[", "]", "sep", *WORDS]
SIZES = {"vocab_size": len(VOCABULARY), "max_position_embeddings": 40}
BERT_SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CONFIGS = {
    "bert": BERT_SIZES,
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "electra": {**BERT_SIZES, "embedding_size": 8},
    "roberta": {**BERT_SIZES, "pad_token_id": 1, "type_vocab_size": 1, "max_position_embeddings": 42},
}
TEXTS = ["good card", "bad parcel!", "thanks", "[SEP] is my card late?", "good " * 60, "", "</s> refund"]


def write_tokenizer(family, folder):
    if family == "roberta":
        return write_byte_level(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    settings = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 32}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def write_byte_level(folder):
    from tokenizers.pre_tokenizers import ByteLevel

    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokens = [*specials, *sorted(ByteLevel.alphabet()), "oo", "goo", "good"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\no o\ng oo\ngoo d\n", encoding="utf-8")
    settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 32}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def write_classifier(family, folder, **more):
    """A classifier of transformers with large random weights, so that logits differ from text to text."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(0)
    sizes = {**SIZES, **CONFIGS[family]} if family != "roberta" else {**SIZES, **CONFIGS[family], "vocab_size": 264}
    config = AutoConfig.for_model(family, **sizes, **{"id2label": {0: "joy", 1: "anger", 2: "other"}, **more})
    model = AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    write_tokenizer(family, folder)
    return folder


def torch_logits(folder, texts):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=32, return_tensors="pt")
    with torch.no_grad():
        return model(**tokens).logits.numpy()
