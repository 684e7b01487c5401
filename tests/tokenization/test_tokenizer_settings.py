import json

import pytest

from kerasbert import ConfigError, KerasbertWarning
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import DEFAULT_MAX_LENGTH, longest_text, splits_special_tokens


def test_max_length_default(make_folder):
    assert Tokenizer.from_folder(make_folder()).max_length == DEFAULT_MAX_LENGTH == 128
    assert Tokenizer.from_folder(make_folder(model_max_length=40)).max_length == 40
    assert Tokenizer.from_folder(make_folder(model_max_length=10**30)).max_length == 128


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"max_position_embeddings": 40}, 40),
        ({"max_position_embeddings": 512}, 128),
        ({"max_position_embeddings": 42, "model_type": "roberta"}, 40),
        ({"max_position_embeddings": 45, "model_type": "roberta", "pad_token_id": 4}, 40),
        ({"model_type": "kerasbert", "encoder": {"max_position_embeddings": 40}}, 40),
        ({"model_type": "t5"}, 128),
    ],
    ids=str,
)
@pytest.mark.parametrize("file", ["config.json", "bert_config.json"])
def test_max_length_is_at_most_the_positions_of_the_encoder(make_folder, config, longest, file):
    folder = make_folder()
    (folder / file).write_text(json.dumps(config))
    assert Tokenizer.from_folder(folder).max_length == longest


@pytest.mark.parametrize(("settings", "longest"), [({}, 512), ({"model_max_length": 40}, 40)], ids=["silent", "given"])
def test_longest_text(make_folder, settings, longest):
    assert longest_text(make_folder(**settings), 512) == longest


def test_a_longest_text_without_room_is_refused(make_folder):
    with pytest.raises(ConfigError, match="`model_max_length` must be at least 3; got 2. Pass max_length"):
        longest_text(make_folder(model_max_length=2), 512)


@pytest.mark.parametrize(("settings", "split"), [({}, True), ({"split_special_tokens": False}, False)], ids=str)
def test_special_tokens_are_text_unless_the_folder_says_otherwise(make_folder, settings, split):
    assert splits_special_tokens(make_folder(**settings)) is split


def test_texts_that_are_cut_on_the_left_elsewhere(make_folder):
    with pytest.warns(
        KerasbertWarning, match="`truncation_side` is 'left', and texts over `max_length` lose their end"
    ):
        Tokenizer.from_folder(make_folder(truncation_side="left"))
