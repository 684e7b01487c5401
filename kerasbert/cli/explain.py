"""`kerasbert explain`: which words moved a prediction."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.files import check_output
from kerasbert._core.options import filled
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.help import add_command
from kerasbert.cli.options import Folder, Format, app, is_file_name, refuse_useless, say, with_output
from kerasbert.cli.starting import load_classifier
from kerasbert.cli.tables import print_shaded, print_table
from kerasbert.evaluation.settings import DRAWS, STEPS

if TYPE_CHECKING:
    from kerasbert.evaluation.explain import Explanation

# Options that are arguments of `explain`.
EXPLAINING = ("label", "rival", "head", "steps", "draws", "seed")


@dataclasses.dataclass(kw_only=True)
class ExplainOptions:
    """What is explained, and what is drawn of the attention.

    Args:
        label: label to explain. None: the most probable one.
        rival: label to compare it with. None: the most probable of the others.
        head: head to explain, where there are several. None: the last.
        steps: points of the integral; more give a smaller error.
        draws: random orders of the words that the strongest ones are compared with, or 0 for none.
        seed: seed of the random orders.
        layer: block whose attention is drawn, or -1 for the last.
        attention_head: its head, from 0. None: the mean of all.
    """

    label: str | None = None
    rival: str | None = None
    head: str | None = None
    steps: int = STEPS
    draws: int = DRAWS
    seed: int = 0
    layer: int = -1
    attention_head: int | None = None


@add_command(app, "explain", example='kerasbert explain DIR "my card was stolen" --output explanation')
@draws_options({"Explanation": ExplainOptions})
def explain_command(
    context: typer.Context,
    folder: Folder,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help="One text or several, for one page.")],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder to write: explanation.html, explanation.json and pictures of the attentions."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the words.")] = Format.table,
    **options: Any,
) -> None:
    """Show which words raised or lowered a label's probability, beside those of its rival."""
    asked = filled(ExplainOptions, None, settle(context, ExplainOptions).values)
    for text in texts:
        if is_file_name(text):
            raise typer.BadParameter(f"{text!r} is the name of a file; give the text itself.")
    useless = with_output(("layer", "attention_head", "overwrite"), "--output", output)
    refuse_useless(context, useless | ({} if asked.draws else {"seed": "goes with --draws of at least 1"}))
    if output is not None:
        check_output(output, overwrite, kind="explanation")
    classifier = load_classifier(folder)
    from kerasbert.evaluation.explain import explain
    from kerasbert.evaluation.explanation_files import write_explanations

    with waiting("explaining"):
        found = [explain(classifier, text, **{name: getattr(asked, name) for name in EXPLAINING}) for text in texts]
    if output is not None:
        write_explanations(found, output, layer=asked.layer, attention_head=asked.attention_head, overwrite=overwrite)
    if output_format is Format.json:
        described = [one.to_dict() for one in found]
        print(json.dumps(described[0] if len(found) == 1 else described, indent=2, ensure_ascii=False))
    elif output_format is Format.csv:
        columns = _columns(found)
        rows = [[number, *row] for number, one in enumerate(found, start=1) for row in _rows(one, columns)]
        print_table("", ["text", *columns.values()], rows, as_csv=True)
    else:
        for one in found:
            _print(one)


def _print(found: "Explanation") -> None:
    """Print the text with its words in colour, the table of the words, and how far they explain the probability."""
    largest = max(abs(word["attribution"]) for word in found.words) or 1.0
    pieces, place = [], 0
    for word in found.words:
        pieces.append((found.text[place : word["start"]], 0.0))
        pieces.append((found.text[word["start"] : word["end"]], word["attribution"] / largest))
        place = word["end"]
    print_shaded([*pieces, (found.text[place:], 0.0)])
    columns = _columns([found])
    rival = "" if found.rival is None else f"; rival {found.rival}: {found.rival_probability:.4f}"
    print_table(f"{found.label}: {found.probability:.4f}{rival}", list(columns.values()), _rows(found, columns))
    say(
        f"Probability of {found.label} {found.probability:.4f}, {found.baseline:.4f} without any word; the shares miss "
        f"{found.error:.1e} of the difference."
    )
    if found.faithfulness is not None:
        say(found.faithfulness.summary())


def _columns(found: Sequence["Explanation"]) -> dict[str, str]:
    """Return the keys of words that are shown, and their headings."""
    headings = {"word": "word", "attribution": "share", "rival": "rival's share", "pooling": "attention pooling"}
    return {key: name for key, name in headings.items() if any(key in word for one in found for word in one.words)}


def _rows(found: "Explanation", columns: Mapping[str, str]) -> list[list[Any]]:
    return [[word.get(key) for key in columns] for word in found.words]
