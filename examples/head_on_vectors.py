"""A head alone on vectors that were computed once: the quickest way to try heads."""

from pathlib import Path

import numpy as np

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"


def main(limit: int = 120) -> float:
    """Train a head on mean-pooled vectors of the first `limit` messages and return its accuracy on them."""
    examples = kb.data.read_examples(SAMPLE, label_columns="label").take(range(limit))
    names = kb.data.collect_label_names(examples.labels["label"])
    tokens = kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2").encode(examples.texts)
    batches = kb.data.make_batches(tokens)

    encoder = kb.TFBertModel.from_pretrained("all-MiniLM-L6-v2")
    rows = [
        np.asarray(
            kb.layers.MeanPooling()(
                encoder(batch, output_hidden_states=False).last_hidden_state, batch["attention_mask"]
            )
        )
        for batch in batches.dataset
    ]
    vectors = np.concatenate(rows)

    head = kb.build_head(kb.Multiclass(names), encoder.config.hidden_size)
    labels = kb.data.encode_class_ids(examples.labels["label"], names)
    head.fit(vectors, labels, epochs=20, verbose=0)
    return head.evaluate(vectors, labels, verbose=0, return_dict=True)["accuracy"]


if __name__ == "__main__":
    print(f"{main():.3f}")
