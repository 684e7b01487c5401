import base64
import io

import numpy as np
import pytest

from kerasbert.evaluation.attention_figure import DARKEST, attention_figure

WEIGHTS = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6]])


def test_the_picture_holds_the_weights():
    image = pytest.importorskip("PIL.Image")
    figure = attention_figure(WEIGHTS, ["[CLS]", "a", "[SEP]"], "block 1")
    content = base64.b64decode(figure.split("base64,")[1].split('"')[0])
    pixels = np.asarray(image.open(io.BytesIO(content)).convert("RGB"))
    assert pixels.shape == (3, 3, 3) and pixels[1, 1].tolist() == list(DARKEST) and pixels[1, 0].tolist() == [255] * 3
    assert np.allclose((255 - pixels[..., 0]) / (255 - DARKEST[0]), WEIGHTS, atol=0.01)


def test_names_are_escaped():
    figure = attention_figure(WEIGHTS, ["<b>", "&", '"'], '"a" < b')
    assert "<b>" not in figure and 'aria-label="&quot;a&quot; &lt; b"' in figure and figure.count("&amp;</text>") == 2


@pytest.mark.parametrize("weights", [np.zeros((2, 2)), np.zeros((0, 0))], ids=["no weight", "no token"])
def test_nothing_to_show(weights):
    figure = attention_figure(weights, ["a"] * len(weights), "block 1")
    assert bool(figure) == bool(len(weights))
