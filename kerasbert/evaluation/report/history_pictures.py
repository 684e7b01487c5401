"""Pictures of a training's history: few curves in one picture, many heads or layers in a grid of panels."""

import re
from collections.abc import Mapping, Sequence

from kerasbert._core.names import RATE_KEY
from kerasbert.evaluation.report.gallery import Picture
from kerasbert.evaluation.report.pictures import draw_history, draw_panels

History = Mapping[str, Sequence[float]]
# Heads or layers whose curves stand in one picture; more have a panel each.
TOGETHER = 3
# Most panels of a picture.
MAX_PANELS = 24
LAYER = re.compile(r"layer_\d+")
BY_EPOCH = "By epoch; dashed on training data, solid on validation data."


def pictures_of_history(history: History, heads: Sequence[str] = ()) -> list[Picture]:
    """Draw learning curves: the loss, each score of all heads or layers, and the learning rate; none of a single epoch."""
    if max(map(len, history.values()), default=0) < 2:
        return []
    names = [name for name in history if not name.startswith("val_") and name != RATE_KEY]
    pictures = [_curves(history, "loss", "Loss", ["loss"])] if "loss" in names else []
    parts = _parts(names, heads)
    if not parts:
        scores = [name for name in names if not name.endswith("loss")]
        pictures += [_curves(history, "scores", "Scores while training", scores)] if scores else []
    for score, named in _by_score(names, parts).items():
        pictures.append(_of_parts(history, score, named))
    return pictures + ([_rate(history)] if RATE_KEY in history else [])


def _parts(names: Sequence[str], heads: Sequence[str]) -> list[str]:
    """Return the heads, or the layers of a layerwise model, that the names of scores begin with."""
    layers = list(dict.fromkeys(found[0] for name in names if (found := LAYER.match(name))))
    return list(heads) if len(heads) > 1 else layers


def _by_score(names: Sequence[str], parts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return score -> head or layer -> its name in the history."""
    found: dict[str, dict[str, str]] = {}
    # A head may be named as the beginning of another.
    for part in sorted(parts, key=len, reverse=True):
        for name in names:
            score = name.removeprefix(f"{part}_")
            if score != name and not any(name in taken.values() for taken in found.values()):
                found.setdefault(score, {})[part] = name
    return {score: {part: named[part] for part in parts if part in named} for score, named in found.items()}


def _curves(history: History, key: str, title: str, names: Sequence[str]) -> Picture:
    return Picture(
        f"history_{key}",
        draw_history(history, names),
        title,
        _sentence(history, names[0]),
        BY_EPOCH,
        f"Learning curve. {_last_values(history, names)}",
    )


def _of_parts(history: History, score: str, named: Mapping[str, str]) -> Picture:
    words = score.replace("_f1", "-F1").replace("_", " ")
    what = "layers" if LAYER.match(next(iter(named))) else "heads"
    title = f"{words[0].upper()}{words[1:]} of {len(named)} {what}"
    values = {part: _validation(history, name)[-1] for part, name in named.items()}
    best, worst = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
    if score.endswith("loss"):
        best, worst = worst, best
    sentence = f"At the end {best} is best with {values[best]:.3f}"
    sentence += f" and {worst} worst with {values[worst]:.3f}." if worst != best else "."
    if len(named) <= TOGETHER:
        picture = _curves(history, f"{score}_of_{what}", title, list(named.values()))
        return picture._replace(sentence=sentence)
    shown = dict(list(named.items())[:MAX_PANELS])
    figure = draw_panels(
        {part: {"training": history[name], "validation": history.get(f"val_{name}")} for part, name in shown.items()}
    )
    caption = f"A panel each, with its last value; the others in grey. {BY_EPOCH}"
    if len(shown) < len(named):
        caption += f" The first {len(shown)} of {len(named)}."
    alt = f"Learning curves. {_last_values(history, list(named.values()))}"
    return Picture(f"history_{score}_of_{what}", figure, title, sentence, caption, alt)


def _rate(history: History) -> Picture:
    rates = history[RATE_KEY]
    highest = max(rates)
    return Picture(
        f"history_{RATE_KEY}",
        draw_history(history, [RATE_KEY]),
        "Learning rate",
        f"It is {highest:.3g} at the end of epoch {rates.index(highest) + 1} and {rates[-1]:.3g} at the end.",
        "Of the encoder, at the end of each epoch.",
        f"Learning rate at the end of each of {len(rates)} epochs, from {rates[0]:.3g} to {rates[-1]:.3g}",
    )


def _validation(history: History, name: str) -> Sequence[float]:
    return history.get(f"val_{name}") or history[name]


def _sentence(history: History, name: str) -> str:
    """Say where a quantity ended, and where it was best."""
    values, words = list(_validation(history, name)), name.replace("_", " ")
    best = min(values) if name.endswith("loss") else max(values)
    epoch = values.index(best) + 1
    data = "validation" if f"val_{name}" in history else "training"
    if epoch == len(values):
        return f"The {data} {words} is best at the end, {best:.3f}: more epochs may still help."
    return f"The {data} {words} was best after epoch {epoch} of {len(values)}, {best:.3f}, and is {values[-1]:.3f} at the end."


def _last_values(history: History, names: Sequence[str]) -> str:
    keys = [key for name in names for key in (name, f"val_{name}") if len(history.get(key, ()))]
    return "After the last epoch: " + ", ".join(f"{key} {history[key][-1]:.3f}" for key in keys)
