"""Padding, shapes and XLA compilations of a stream.

    python benchmarks/stream_shapes.py goemotions/train.jsonl --task multilabel --max-length 44
    python benchmarks/stream_shapes.py movie_reviews/train.jsonl --task binary --max-length 512

One epoch of a very small model is trained with `jit_compile`, and the programs that XLA compiles for its step are counted.
"""

import argparse
import os
import re
import tempfile
from pathlib import Path


def main() -> None:
    """Prepare, count shapes and padding of what comes, train, count programs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--task", default="multiclass")
    parser.add_argument("--max-length", type=int, default=None)
    parser.add_argument("--token-budget", type=int, default=4096)
    parser.add_argument("--no-xla", action="store_true", help="shapes and padding only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Read by XLA when it starts.
        os.environ["XLA_FLAGS"] = f"--xla_dump_to={folder}/programs --xla_dump_hlo_as_text"
        import kerasbert as kb

        cache = kb.data.prepare_tokens(
            arguments.data, f"{folder}/tokens", task=arguments.task, max_length=arguments.max_length
        )
        print(cache.describe())
        batches = kb.data.stream_batches(cache, token_budget=arguments.token_budget)
        count(batches)
        if not arguments.no_xla:
            train(kb, cache, batches)
            programs = [file.name for file in Path(folder, "programs").glob("*before_optimizations.txt")]
            steps = [name for name in programs if re.search("one_step|train_step|train_function", name)]
            print(f"{len(steps)} XLA programs of the training step ({len(programs)} in all)")


def count(batches: object) -> None:
    """What one epoch really gives."""
    padded = real = 0
    shapes = set()
    for inputs, _ in batches.dataset:
        mask = inputs["attention_mask"].numpy()
        padded, real = padded + mask.size, real + int(mask.sum())
        shapes.add(mask.shape)
    print(batches.describe())
    print(f"counted: {len(shapes)} shapes, {1 - real / padded:.2%} padding, {batches.steps} batches")


def train(kb: object, cache: object, batches: object) -> None:
    """An epoch of a toy model of the same shapes, compiled."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    encoder = kb.BertConfig(vocab_size=30522, max_position_embeddings=512, **sizes)
    head = next(iter(cache.heads.values()))
    names = list(head.names)
    if head.task == "binary":
        model = kb.build_binary(label_names=names, encoder=encoder)
    else:
        model = {"multiclass": kb.build_multiclass, "multilabel": kb.build_multilabel}[head.task](
            names, encoder=encoder
        )
    kb.finetune(model, batches, epochs=1, jit_compile=True, verbose=False)


if __name__ == "__main__":
    main()
