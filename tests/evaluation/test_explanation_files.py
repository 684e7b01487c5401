import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.evaluation import Explanation, Faithfulness, write_explanations


def explanation(text):
    words = [{"word": text, "start": 0, "end": len(text), "attribution": 0.3, "rival": -0.3}]
    tokens, attentions = ("[CLS]", text, "[SEP]"), np.full((1, 1, 3, 3), 1 / 3)
    checked = Faithfulness(0.4, 0.1, 0.1, 0.3, 5)
    return Explanation(text, "probabilities", "<+>", 0.8, 0.5, 0.0, tuple(words), tokens, attentions, "-", 0.2, checked)


def test_several_texts_are_on_one_page(tmp_path):
    pytest.importorskip("matplotlib")
    write_explanations([explanation("<card>"), explanation("good")], tmp_path / "out")
    page = (tmp_path / "out" / "explanation.html").read_text(encoding="utf-8")
    assert 'href="#text-2">good</a>' in page and 'id="text-2"' in page and page.count("<svg") == 2
    assert page.count("Do these words matter?") == 2 and "&lt;card&gt;" in page and "<card>" not in page
    assert page.count("&lt;+&gt; 0.8000; rival - 0.2000") == 2 and "5 random orders" in page
    one, other = json.loads((tmp_path / "out" / "explanation.json").read_text(encoding="utf-8"))
    assert (one["text"], other["text"], one["faithfulness"]["comprehensiveness"]) == ("<card>", "good", 0.4)
    assert sorted(file.name for file in (tmp_path / "out").glob("*.png")) == ["attentions_1.png", "attentions_2.png"]


def test_one_text_has_the_page_of_its_own(tmp_path):
    pytest.importorskip("matplotlib")
    found = explanation("good")
    write_explanations([found], tmp_path / "out", layer=1, attention_head=0)
    assert (tmp_path / "out" / "explanation.html").read_text(encoding="utf-8") == found.to_html(attention_head=0)
    assert json.loads((tmp_path / "out" / "explanation.json").read_text(encoding="utf-8"))["text"] == "good"
    assert (tmp_path / "out" / "attentions.png").is_file()


def test_wrong_arguments_write_nothing(tmp_path):
    with pytest.raises(kb.ConfigError, match="`explanations` must hold at least one explanation; got none"):
        write_explanations([], tmp_path / "out")
    with pytest.raises(kb.ConfigError, match="`layer` must be an integer from -1 to 1"):
        write_explanations([explanation("good")], tmp_path / "out", layer=2)
    assert not list(tmp_path.iterdir())
