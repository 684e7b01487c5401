"""Write explanations to a folder."""

import json
import os
from collections.abc import Sequence

from kerasbert._core.errors import ConfigError
from kerasbert._core.files import atomic_dir_write
from kerasbert.evaluation.attention_figure import draw_attentions
from kerasbert.evaluation.explain import Explanation
from kerasbert.evaluation.explain_page import explanation_page


def write_explanations(
    explanations: Sequence[Explanation],
    folder: str | os.PathLike[str],
    *,
    layer: int = -1,
    attention_head: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write explanations to a folder: one page, `explanation.json`, and a picture of the attentions over each text.

    Args:
        explanations: at least one.
        folder: to write; it appears when it is whole.
        layer: block whose attention is drawn, see `Explanation.to_html`.
        attention_head: its head, see `Explanation.to_html`.
        overwrite: whether explanations in the folder are replaced.

    Raises:
        ArtifactError: when the folder cannot be written.
        ConfigError: when there is no explanation, or the encoder has no such block or head.
        TypeError: when a number is no integer.

    Example:
        >>> write_explanations([explain(classifier, text) for text in texts], "why")  # doctest: +SKIP
    """
    if not explanations:
        raise ConfigError("`explanations` must hold at least one explanation; got none.")
    attentions = [one.attention(layer, attention_head) for one in explanations]
    plain = [one.to_dict() for one in explanations]
    page = explanation_page([(one, *attention) for one, attention in zip(plain, attentions, strict=True)])
    with atomic_dir_write(folder, kind="explanation", overwrite=overwrite) as beside:
        (beside / "explanation.html").write_text(page, encoding="utf-8")
        described = json.dumps(plain[0] if len(plain) == 1 else plain, indent=2, ensure_ascii=False)
        (beside / "explanation.json").write_text(described + "\n", encoding="utf-8")
        for number, (one, (weights, name)) in enumerate(zip(explanations, attentions, strict=True), start=1):
            file = "attentions.png" if len(plain) == 1 else f"attentions_{number}.png"
            draw_attentions(weights, one.tokens, name, beside / file)
