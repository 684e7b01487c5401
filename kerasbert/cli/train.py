"""`kerasbert train`: labelled texts in, a saved classifier out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import DivergedError
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.paths import local_output
from kerasbert.batches.memory import NUM_LENGTHS
from kerasbert.cli.data import Reading
from kerasbert.cli.options import (
    Delimiter,
    Encoding,
    Head,
    Labels,
    OnError,
    Precision,
    Task,
    Text,
    TextPair,
    app,
    refuse_useless,
    say,
)
from kerasbert.cli.reading import parse_augmentation, parse_heads, parse_layers, parse_weights
from kerasbert.cli.streams import open_or_make_cache, preparing
from kerasbert.cli.train_options import (
    Way,
    asked_of_cache,
    check_reading,
    situation_of,
    useless_options,
    way_of,
)
from kerasbert.cli.unfinished import check_train_output, save_unless_saved, unfinished_folder
from kerasbert.reading._files import UTF_8
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.trained_classifier import trained_of
from kerasbert.text_classifier import TextClassifier
from kerasbert.tokenization.long_texts import MAX_WINDOWS_PER_BATCH
from kerasbert.training.checkpoint import LAST_GOOD
from kerasbert.training.determinism import make_deterministic
from kerasbert.training.devices import as_strategy, is_chief
from kerasbert.training.resume import EVERY


@app.command()
def train(
    context: typer.Context,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Training data: .csv, .tsv, .jsonl or .parquet; or of any size: several files, quoted patterns, .gz, "
            ".tfrecord, or a folder from prepare.",
        ),
    ],
    task: Annotated[
        Task,
        typer.Option(
            help="One of two labels, one of several, any of several, several heads, or classes with subclasses."
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    validation: Annotated[Path | None, typer.Option(help="Data to choose the best epoch and thresholds on.")] = None,
    text: Text = "text",
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    head: Head = None,
    multilabel: Annotated[
        bool, typer.Option("--multilabel", help="For hierarchical: a text may have several classes and subclasses.")
    ] = False,
    level_weights: Annotated[
        str | None, typer.Option(help="For hierarchical: weight of each level's loss, such as 1,1.")
    ] = None,
    label_names: Annotated[
        str | None, typer.Option("--label-names", help="Labels in order, A,B,C; for binary: negative,positive.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="Name or folder of a checkpoint.")] = DEFAULT_ENCODER,
    layers: Annotated[
        str | None,
        typer.Option(help="Hidden states to read, such as -4,-3,-2,-1; 0 is the embeddings. [default: the last]"),
    ] = None,
    combine: Annotated[str, typer.Option(help="Several layers into one: concat, mean, max, weighted or attention.")] = (
        "concat"
    ),
    combine_before_pooling: Annotated[
        bool, typer.Option("--combine-before-pooling", help="Combine the layers token by token, then pool once.")
    ] = False,
    layerwise: Annotated[
        bool, typer.Option("--layerwise", help="A classifier on each layer; their votes are weighted in training.")
    ] = False,
    pooling: Annotated[
        str, typer.Option(help="mean, cls, last, max, pooler, attention or multihead_attention.")
    ] = "mean",
    max_length: Annotated[
        int | None, typer.Option(help="Longest text in tokens; longer ones are cut. [default: 128]")
    ] = None,
    long_texts: Annotated[
        str, typer.Option(help="What becomes of longer texts: truncate, head_tail or windows (overlapping, all read).")
    ] = "truncate",
    window_overlap: Annotated[
        int | None, typer.Option(help="Tokens that neighbouring windows share. [default: a quarter of a window]")
    ] = None,
    window_pooling: Annotated[str, typer.Option(help="What reads a text's windows: mean, max or attention.")] = "mean",
    max_windows_per_batch: Annotated[
        int, typer.Option(help="Most windows in a batch, which bounds memory.")
    ] = MAX_WINDOWS_PER_BATCH,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", show_default="by its size")] = None,
    batch_size: Annotated[int, typer.Option(help="Texts in a step; of a stream on average.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of the encoder.")] = 1.5e-4,
    head_learning_rate: Annotated[float, typer.Option(help="Peak rate of the head.")] = 2e-3,
    dropout: Annotated[float, typer.Option(help="Dropout in the head; 0 switches off the encoder's too.")] = 0.1,
    patience: Annotated[int, typer.Option(help="Epochs without improvement before stopping.")] = 2,
    validation_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share held out without --validation. [default: 0.1 for multilabel, where thresholds need it, else 0]"
        ),
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Keras dtype policy.")] = Precision.float32,
    balance: Annotated[
        str | None,
        typer.Option(help="For rare labels: auto, balanced, sqrt, effective, focal or asymmetric. [default: none]"),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(help="Share of each label spread over the others. [default: 0.1 from 10 classes on, else 0]"),
    ] = None,
    sampling: Annotated[
        str | None, typer.Option(help="Show rare labels more often: balanced, sqrt or oversample. [default: none]")
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="Rate after warm-up: linear, cosine, polynomial or constant.")
    ] = "linear",
    layer_decay: Annotated[float, typer.Option(help="Rate of each block over that of the block above.")] = 1.0,
    freeze: Annotated[
        str | None, typer.Option(help="encoder, embeddings, or how many blocks from below. [default: none]")
    ] = None,
    reinit_layers: Annotated[int, typer.Option(help="Blocks at the top that start afresh.")] = 0,
    unfreeze_every: Annotated[int, typer.Option(help="Epochs after which one more block trains; 0: all at once.")] = 0,
    gradient_accumulation_steps: Annotated[int, typer.Option(help="Batches that make one update.")] = 1,
    ema: Annotated[float | None, typer.Option(help="Keep a moving average of the weights, such as 0.99.")] = None,
    gradient_checkpointing: Annotated[
        bool,
        typer.Option("--gradient-checkpointing", help="Compute the encoder twice to hold less memory; same result."),
    ] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Train from tokens on disk; it happens by itself for large or several files."),
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of the tokens; the data is streamed. [default: OUTPUT.tokens]")
    ] = None,
    on_error: OnError = "stop",
    encoding: Encoding = UTF_8,
    max_steps: Annotated[int | None, typer.Option(help="Batches after which training ends (streams).")] = None,
    token_budget: Annotated[
        int | None,
        typer.Option(help="Most tokens of a batch, padding included (streams). [default: by --batch-size]"),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="Shares of tokens masked, words dropped, words swapped: mask=0.1,drop=0.05,swap=0.05."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of order, weights and dropout.")] = 0,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--no-resume",
            help="Go on with the unfinished run beside the output, or start afresh. [default: go on where there is one]",
        ),
    ] = None,
    checkpoint_every: Annotated[int, typer.Option(help="Batches from one checkpoint to the next.")] = EVERY,
    log_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for history.csv, curves.png, batches.csv and TensorBoard. [default: none]"),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Repeat to the last bit: one device, one thread, slower.")
    ] = False,
    strategy: Annotated[
        str, typer.Option(help="Devices: auto, one, mirrored, multiworker or tpu; see docs/devices.md.")
    ] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing saved model.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Train a classifier on labelled texts and save it.

    While it runs, checkpoints are kept in OUTPUT.unfinished; the same command goes on from there when it was killed.
    """
    heads = parse_heads(task, head)
    parse_augmentation(augment)
    streaming = stream or any(option is not None for option in (max_steps, token_budget, augment, cache))
    way = way_of(data, streaming=streaming)
    refuse_useless(context, useless_options(situation_of(context.params, heads, way)))
    # Several machines are connected, and threads settled, before TensorFlow does anything else.
    devices = as_strategy("one" if deterministic and strategy == "auto" else strategy)
    if deterministic:
        make_deterministic(seed)
    local_output(output)
    unfinished = unfinished_folder(output)
    if resume and not unfinished.exists() and (output / CLASSIFIER_FILE).is_file():
        say(f"{output} is finished already.")
        return
    perhaps_saved = check_train_output(output, overwrite=overwrite, resume=resume)
    names = None if label_names is None else label_names.split(",")
    columns: dict[str, Any] = {"text_column": text, "text_pair_column": text_pair, "label_delimiter": label_delimiter}
    reading = Reading.of_task(task, labels, heads, multilabel=multilabel, label_names=names, **columns)
    if names is None and task is Task.multilabel and len(reading.label_columns) > 1:
        names = list(reading.label_columns)
    token_cache = None
    if way is Way.cache:
        token_cache = open_or_make_cache(data, output, {}, quiet=quiet)
        check_reading(token_cache, asked_of_cache(context, heads))
        reading = reading.of_cache(token_cache)
    examples = reading.read(data[0], on_error=on_error, encoding=encoding) if way is Way.memory else None
    held_out = None if validation is None else reading.read(validation, on_error=on_error, encoding=encoding)
    classifier = TextClassifier(
        task.value,
        heads=None if heads is None else {name: head_task for name, (_, head_task) in heads.items()},
        multilabel=multilabel,
        level_weights=parse_weights(level_weights),
        label_names=names,
        encoder=encoder,
        layers=parse_layers(layers),
        combine=combine,
        combine_before_pooling=combine_before_pooling,
        layerwise=layerwise,
        pooling=pooling,
        dropout=dropout,
        max_length=max_length,
        long_texts=long_texts,
        window_overlap=window_overlap,
        window_pooling=window_pooling,
        max_windows_per_batch=max_windows_per_batch,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        head_learning_rate=head_learning_rate,
        patience=patience,
        validation_fraction=validation_fraction,
        precision=precision.value,
        balance=balance,
        label_smoothing=label_smoothing,
        sampling=sampling,
        optimization={
            "schedule": schedule,
            "layer_decay": layer_decay,
            "freeze": int(freeze) if freeze and freeze.isdecimal() else freeze,
            "reinit_layers": reinit_layers,
            "unfreeze_every": unfreeze_every,
            "gradient_accumulation_steps": gradient_accumulation_steps,
            "ema": ema,
            "gradient_checkpointing": gradient_checkpointing,
        },
        seed=seed,
        progress=not quiet,
    )
    validation_data = None
    if held_out is not None:
        validation_data = held_out.texts, reading.cells(held_out), held_out.text_pairs
    running: dict[str, Any] = {
        "checkpoint_dir": unfinished,
        "checkpoint_every": checkpoint_every,
        "resume": resume,
        "log_dir": log_dir,
        "strategy": devices or "one",
    }
    if way is Way.stream:
        options: dict[str, Any] = {
            **preparing(reading, task, heads),
            "label_names": names,
            "encoder": encoder,
            "max_length": max_length,
            "long_texts": long_texts,
            "on_error": on_error,
            "encoding": encoding,
        }
        token_cache = open_or_make_cache(data, cache or output.with_name(output.name + ".tokens"), options, quiet=quiet)
        reading = reading.of_cache(token_cache)
    try:
        if examples is not None:
            classifier.fit(examples, reading.cells(examples), validation=validation_data, **running)
            _report_shapes(classifier)
        elif token_cache is not None:
            classifier.fit(
                token_cache,
                validation=validation_data,
                token_budget=token_budget,
                max_steps=max_steps,
                augment=parse_augmentation(augment),
                **running,
            )
    except DivergedError:
        kept = unfinished / LAST_GOOD
        classifier.save(kept, overwrite=True)
        say(f"The classifier with the weights from before that batch is in {kept}.")
        raise
    metrics: dict[str, Any] = {
        "reading": reading.to_dict(),
        "num_training_examples": trained_of(classifier).data["num_texts"],
    }
    if held_out is not None:
        metrics["validation"] = classifier.evaluate(
            held_out.texts, reading.cells(held_out), held_out.text_pairs, intervals=True
        )
    if not is_chief(devices):
        return
    save_unless_saved(classifier, output, metrics, overwrite=overwrite, perhaps_saved=perhaps_saved)
    say(f"Saved to {output}. Next: kerasbert evaluate {output} DATA, or kerasbert predict {output} TEXT")


def _report_shapes(classifier: TextClassifier) -> None:
    padding, trained = classifier.padding_, trained_of(classifier)
    shapes = padding["shapes"]
    lengths = ", ".join(map(str, shapes)) if len(shapes) <= NUM_LENGTHS else f"{min(shapes)} to {max(shapes)}"
    cut = (
        f"; {padding['cut']} of {trained.data['num_texts']} texts were cut at {trained.max_length}"
        if padding["cut"]
        else ""
    )
    say(f"Padded lengths {lengths}; {padding['padding']:.1%} of the tokens are padding{cut}.")
