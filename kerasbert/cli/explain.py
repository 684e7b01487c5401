"""`kerasbert explain`: which words moved a prediction."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.help import add_command
from kerasbert.cli.options import Folder, Format, app, is_file_name, refuse_useless, say, with_output
from kerasbert.cli.starting import load_classifier
from kerasbert.cli.tables import print_table
from kerasbert.evaluation.settings import STEPS


@add_command(app, "explain", example='kerasbert explain DIR "my card was stolen" --output explanation')
def explain_command(
    context: typer.Context,
    folder: Folder,
    text: Annotated[str, typer.Argument(help="The text.")],
    label: Annotated[str | None, typer.Option(help="Label to explain. [default: the most probable one]")] = None,
    head: Annotated[str | None, typer.Option(help="Head to explain, where there are several.")] = None,
    steps: Annotated[int, typer.Option(help="Points of the integral; more give a smaller error.")] = STEPS,
    layer: Annotated[int, typer.Option(help="Block whose attention is drawn; -1 is the last.")] = -1,
    attention_head: Annotated[int | None, typer.Option(help="Its head, from 0. [default: the mean of all]")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder to write: explanation.html, explanation.json and attentions.png.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the words.")] = Format.table,
) -> None:
    """Show which words raised or lowered a label's probability."""
    if is_file_name(text):
        raise typer.BadParameter(f"{text!r} is the name of a file; give the text itself.")
    refuse_useless(context, with_output(("layer", "attention_head", "overwrite"), "--output", output))
    if output is not None:
        check_output(output, overwrite, kind="explanation")
    classifier = load_classifier(folder)
    from kerasbert.evaluation.explain import explain

    with waiting("explaining"):
        found = explain(classifier, text, label=label, head=head, steps=steps)
    if output is not None:
        drawn: dict[str, Any] = {"layer": layer, "attention_head": attention_head}
        with atomic_dir_write(output, kind="explanation", overwrite=overwrite) as beside:
            (beside / "explanation.html").write_text(found.to_html(**drawn), encoding="utf-8")
            described = json.dumps(found.to_dict(), indent=2, ensure_ascii=False)
            (beside / "explanation.json").write_text(described + "\n", encoding="utf-8")
            found.save_attentions(beside / "attentions.png", **drawn)
    if output_format is Format.json:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
        return
    has_pooling = any("pooling" in word for word in found.words)
    rows = [[word["word"], word["attribution"], *([word["pooling"]] if has_pooling else [])] for word in found.words]
    columns = ["word", "share", *(["attention pooling"] if has_pooling else [])]
    print_table(f"{found.label}: {found.probability:.4f}", columns, rows, as_csv=output_format is Format.csv)
    say(
        f"Probability of {found.label} {found.probability:.4f}, {found.baseline:.4f} without any word; the shares miss "
        f"{found.error:.1e} of the difference."
    )
