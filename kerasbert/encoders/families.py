"""The encoders that users name: BERT and the relatives that share its block."""

from typing import final

import keras

from kerasbert._core.names import PACKAGE
from kerasbert.encoders.main_layer import BlockList, MainLayer
from kerasbert.encoders.pretrained_encoder import PretrainedEncoder


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TFBertModel(PretrainedEncoder):
    """BERT as a Keras 3 model, a drop-in for the class of this name that transformers had.

    Built whole on construction, so that weights can be counted, loaded and saved at once. Inside a functional model it
    is called on symbolic inputs as any layer. Padding is masked in every attention; a row of padding only gives finite
    values.

    Args:
        config: a `BertConfig`, a dict of its keys or a transformers config; None means BERT-base.
        add_pooling_layer: whether to build the pooler.
        num_hidden_layers: stop after this many blocks; the upper ones are not built. None keeps all.
        **kwargs: `keras.Model`'s own (`name`, `dtype`, `trainable`).

    Call arguments:
        input_ids: int (batch, length); or a dict, another mapping or a list of these arguments. None beside `inputs_embeds`.
        attention_mask: (batch, length), 1 for a token and 0 for padding; or (batch, length, length), a row for each token
            that attends. None: no padding.
        token_type_ids: int (batch, length); None: all zero.
        position_ids: int (batch, length); None: 0, 1, 2, ...
        head_mask: (heads,) or (blocks, heads), 1 for a head that stays and 0 for one that is left out; None: all stay.
        inputs_embeds: (batch, length, width of the token embeddings), vectors in the place of `input_ids`.
        output_hidden_states: whether to return the hidden states. None: as the config says, and where it says nothing they
            are there by name, which costs nothing where they are not used.
        output_attentions: whether to return the attention probabilities; None: as the config says.
        return_dict: False returns a tuple of the outputs, of the hidden states only where they were asked for.
        training: whether dropout is active.

    Returns:
        `EncoderOutput` with `last_hidden_state` (batch, length, hidden), `pooler_output` (batch, hidden),
        `hidden_states` (embeddings and every block) and, on request, `attentions`.

    Raises:
        ConfigError: when a config value is out of its range, a text is longer than the position table, an input has another
            shape, or an argument for decoders is given.
        TypeError: when `config` is of another type.

    Example:
        >>> encoder = TFBertModel(BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2))
        >>> output = encoder(keras.ops.ones((1, 5), dtype="int32"))
        >>> tuple(output.last_hidden_state.shape), len(output.hidden_states)
        ((1, 5, 8), 3)

    Reference:
        Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019.
    """

    model_type = "bert"
    checkpoint_prefix = "bert."

    @property
    def bert(self) -> MainLayer:
        """The main layer of transformers' class: here the model itself."""
        return MainLayer(self)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TFDistilBertModel(PretrainedEncoder):
    """DistilBERT: BERT's block without token types and without a pooler.

    Arguments, calls and results are those of `TFBertModel`; `pooler_output` is None and `token_type_ids` are ignored.

    Example:
        >>> config = {"model_type": "distilbert", "dim": 8, "n_heads": 2, "n_layers": 1, "hidden_dim": 16}
        >>> tuple(TFDistilBertModel(config)(keras.ops.ones((1, 5), dtype="int32")).last_hidden_state.shape)
        (1, 5, 8)

    Reference:
        Sanh et al., "DistilBERT, a distilled version of BERT", 2019.
    """

    model_type = "distilbert"
    checkpoint_prefix = "distilbert."

    @property
    def distilbert(self) -> MainLayer:
        """The main layer of transformers' class: here the model itself."""
        return MainLayer(self)

    @property
    def transformer(self) -> BlockList:
        """The blocks as `transformer.layer`, where transformers has them."""
        return self.encoder


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TFElectraModel(PretrainedEncoder):
    """ELECTRA's discriminator: BERT's blocks over embeddings that may be narrower and are projected to their width.

    Arguments, calls and results are those of `TFBertModel`; `pooler_output` is None.

    Example:
        >>> config = {"model_type": "electra", "hidden_size": 8, "num_attention_heads": 2, "embedding_size": 4}
        >>> tuple(TFElectraModel(config, num_hidden_layers=1)(keras.ops.ones((1, 5), dtype="int32"))[0].shape)
        (1, 5, 8)

    Reference:
        Clark et al., "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", 2020.
    """

    model_type = "electra"
    checkpoint_prefix = "electra."

    @property
    def electra(self) -> MainLayer:
        """The main layer of transformers' class: here the model itself."""
        return MainLayer(self)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TFRobertaModel(PretrainedEncoder):
    """RoBERTa: BERT's blocks with positions counted over the tokens only, starting after the padding id.

    Arguments, calls and results are those of `TFBertModel`.

    Example:
        >>> config = {"model_type": "roberta", "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1}
        >>> tuple(TFRobertaModel(config)(keras.ops.ones((1, 5), dtype="int32")).pooler_output.shape)
        (1, 8)

    Reference:
        Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019.
    """

    model_type = "roberta"
    checkpoint_prefix = "roberta."

    @property
    def roberta(self) -> MainLayer:
        """The main layer of transformers' class: here the model itself."""
        return MainLayer(self)


ENCODERS: dict[str, type[PretrainedEncoder]] = {
    family.model_type: family for family in (TFBertModel, TFDistilBertModel, TFElectraModel, TFRobertaModel)
}
