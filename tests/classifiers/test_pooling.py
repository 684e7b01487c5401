import textwrap

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.given_pooling import as_pooling
from kerasbert.classifiers.pooling import POOLINGS, AttentionPooling, MultiHeadAttentionPooling
from kerasbert.classifiers.settings import FROZEN_POOLINGS, POOLING_NAMES

RANDOM = np.random.default_rng(0)
STATES = RANDOM.normal(size=(3, 4, 8)).astype("float32")
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
TOKENS = [STATES[0, :2], STATES[1], np.zeros((1, 8))]
EXPECTED = {
    "mean": lambda rows: rows.mean(0),
    "max": lambda rows: rows.max(0),
    "cls": lambda rows: rows[0],
    "last": lambda rows: rows[-1],
}
BY_TOKEN = [name for name in POOLINGS if name != "pooler"]


@pytest.mark.parametrize("name", EXPECTED)
def test_equals_numpy_without_the_padding(name):
    expected = [EXPECTED[name](rows) for rows in TOKENS]
    assert np.allclose(as_pooling(name)(STATES, MASK), expected, atol=1e-6)


@pytest.mark.parametrize("name", BY_TOKEN)
def test_padding_changes_nothing(name):
    layer, other = as_pooling(name), STATES.copy()
    other[0, 2:] = 1e3
    assert np.allclose(layer(STATES, MASK), layer(other, MASK), atol=1e-6)


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_row_of_padding_gives_zeros(name, dtype):
    keras.config.set_dtype_policy(dtype)
    states = STATES[:, 0] if name == "pooler" else STATES
    pooled = keras.ops.cast(as_pooling(name)(states, MASK), "float32")
    assert np.array_equal(pooled[2], np.zeros(8)) and np.isfinite(pooled).all()


def test_attention_is_a_weighted_mean():
    layer = AttentionPooling(units=3)
    pooled, weights = layer(STATES, MASK), np.array(layer.weights_of(STATES, MASK))
    assert np.allclose(weights[:2].sum(1), 1) and np.allclose(weights[0, 2:], 0)
    assert np.allclose(pooled[:2], np.einsum("bl,blh->bh", weights, STATES)[:2], atol=1e-6)


def test_attention_scores_are_those_of_the_paper():
    layer = AttentionPooling(units=3)
    layer(STATES, MASK)
    kernel, bias, vector = (np.array(weight) for weight in layer.weights)
    scores = np.exp(np.tanh(STATES[1] @ kernel + bias) @ vector)[:, 0]
    assert np.allclose(layer.weights_of(STATES, MASK)[1], scores / scores.sum(), atol=1e-6)


def test_unknown_name_gets_the_near_miss():
    with pytest.raises(ConfigError, match=r"`pooling` must be one of .*; got 'means'. Did you mean 'mean'\?"):
        as_pooling("means")


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="`pooling` must be a name, a pooling layer, or .*; got 3"):
        as_pooling(3)


def test_last_token_of_rows_padded_on_the_left():
    mask = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]])
    assert np.allclose(as_pooling("last")(STATES, mask), [STATES[0, 3], STATES[1, 3], np.zeros(8)])


def multihead_in_numpy(layer, rows):
    """Pool the tokens of one text, head by head."""
    key, value, output = (
        [np.array(weight) for weight in part.get_weights()] for part in (layer.key, layer.value, layer.output_layer)
    )
    keys, values, answers = rows @ key[0] + key[1], rows @ value[0] + value[1], []
    for head, query in enumerate(np.array(layer.query)):
        part = slice(head * len(query), (head + 1) * len(query))
        scores = keys[:, part] @ query / np.sqrt(len(query))
        weights = np.exp(scores - scores.max())
        answers.append(weights / weights.sum() @ values[:, part])
    return np.concatenate(answers) @ output[0] + output[1]


def random_multihead(num_heads, hidden):
    layer = MultiHeadAttentionPooling(num_heads)
    layer.build((None, None, hidden))
    layer.set_weights([RANDOM.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def test_multihead_attention_equals_numpy():
    states = RANDOM.normal(size=(2, 4, 6)).astype("float32")
    layer = random_multihead(3, 6)
    expected = [multihead_in_numpy(layer, states[0, :2]), multihead_in_numpy(layer, states[1])]
    assert np.allclose(layer(states, MASK[:2]), expected, atol=1e-4)
    weights = np.array(layer.weights_of(states, MASK[:2]))
    assert weights.shape == (2, 3, 4) and np.allclose(weights.sum(-1), 1) and np.allclose(weights[0, :, 2:], 0)


def test_multihead_attention_equals_torch():
    torch = pytest.importorskip("torch")
    states = RANDOM.normal(size=(2, 4, 6)).astype("float32")
    layer = random_multihead(2, 6)
    other = torch.nn.MultiheadAttention(6, 2, batch_first=True)
    parts = {part: [torch.tensor(np.array(w)) for w in getattr(layer, part).get_weights()] for part in ("key", "value")}
    with torch.no_grad():
        other.in_proj_weight.copy_(torch.cat([torch.eye(6), parts["key"][0].T, parts["value"][0].T]))
        other.in_proj_bias.copy_(torch.cat([torch.zeros(6), parts["key"][1], parts["value"][1]]))
        kernel, bias = layer.output_layer.get_weights()
        other.out_proj.weight.copy_(torch.tensor(np.array(kernel)).T)
        other.out_proj.bias.copy_(torch.tensor(np.array(bias)))
        query = torch.tensor(np.array(layer.query)).reshape(1, 1, 6).expand(2, 1, 6)
        keys = torch.tensor(states)
        expected, _ = other(query, keys, keys, key_padding_mask=torch.tensor(MASK[:2] == 0))
    assert np.allclose(layer(states, MASK[:2]), expected[:, 0].numpy(), atol=1e-4)


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="`num_heads` must divide the hidden width, 8; got 3"):
        MultiHeadAttentionPooling(3)(STATES, MASK)


@pytest.mark.parametrize("kind", POOLINGS.values(), ids=POOLINGS)
def test_a_pooling_says_of_itself_what_others_ask(kind):
    layer = kind()
    layer.build((None, None, 8))
    assert bool(layer.weights) == kind.has_weights
    assert getattr(kb.layers, kind.__name__) is kind
    compile(
        f"def pool(self, name, hidden, mask):\n{textwrap.indent(textwrap.dedent(kind.torch_code).strip(), '    ')}",
        "torch",
        "exec",
    )


def test_settings_know_the_names():
    assert tuple(POOLINGS) == POOLING_NAMES
    assert (
        tuple(name for name, kind in POOLINGS.items() if not kind.has_weights and kind.reads != "pooler")
        == FROZEN_POOLINGS
    )
