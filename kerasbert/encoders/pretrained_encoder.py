"""An encoder with checkpoints in and out, under the names that transformers gave its parts."""

import os
from typing import Any, Self

from kerasbert._core.checks import check_bool
from kerasbert._core.encoder_folders import HubOptions
from kerasbert.encoders.checkpoints import from_pretrained, save_pretrained
from kerasbert.encoders.checkpoints.live import from_model
from kerasbert.encoders.embeddings import BertEmbeddings
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.main_layer import BlockList
from kerasbert.encoders.quantized_parts import check_not_quantized
from kerasbert.encoders.token_table import resize_table, set_table
from kerasbert.encoders.transformers_options import sort_keywords


class PretrainedEncoder(Encoder):
    """Abstract: an `Encoder` that reads and writes checkpoints; the base of every family."""

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: Any,
        *,
        num_hidden_layers: int | None = None,
        add_pooling_layer: bool | None = None,
        config: Any = None,
        allow_nonfinite: bool = False,
        revision: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | None = None,
        local_files_only: bool = False,
        from_pt: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Load an encoder with its weights.

        Reads safetensors (also sharded), `tf_model.h5`, original TensorFlow checkpoints and, through PyTorch's
        `weights_only`, `pytorch_model.bin`; with or without the family's prefix, a pooler or a head.

        Args:
            name_or_folder: folder of a checkpoint, or a name that `kerasbert` finds in an installed package, in Hugging
                Face's cache or on its hub; or a model in memory, of this package, PyTorch or transformers 4, whose weights
                are copied.
            num_hidden_layers: stop after this many blocks; the upper ones are neither built nor read. None keeps all.
            add_pooling_layer: None builds the pooler if the checkpoint has one; False leaves it out.
            config: used in place of the folder's `config.json`, in any form that the constructor takes.
            allow_nonfinite: whether NaN and infinity are let through.
            revision: branch, tag or commit on the hub; None: the newest. Refused with a folder.
            cache_dir: where downloads are kept; None: Hugging Face's own place.
            token: of an account on the hub, for models that are not public.
            local_files_only: whether nothing is downloaded.
            from_pt: taken from transformers' calls; the format of the weights is told from the files anyway.
            **kwargs: fields of `BertConfig` that replace those of the checkpoint, such as `output_hidden_states`,
                `output_attentions`, `hidden_dropout_prob` and `attention_probs_dropout_prob`; and `keras.Model`'s own
                (`name`, `dtype`, `trainable`).

        Returns:
            The encoder.

        Raises:
            ConfigError: when the checkpoint is nowhere to be had, is of another family, or its config is out of range; when
                a keyword of transformers cannot be followed.
            CheckpointError: when its files are malformed or do not fit the config; the message lists every tensor.
            TypeError: when there is no such keyword.

        Example:
            >>> TFBertModel.from_pretrained("all-MiniLM-L6-v2", num_hidden_layers=2).config.num_hidden_layers
            2
        """
        check_bool("from_pt", from_pt)
        changes, kwargs = sort_keywords(kwargs, cls.model_type)
        form = {"num_hidden_layers": num_hidden_layers, "add_pooling_layer": add_pooling_layer, **kwargs}
        if hasattr(name_or_folder, "config"):
            return from_model(cls, name_or_folder, config=config, changes=changes, **form)
        return from_pretrained(
            cls,
            name_or_folder,
            HubOptions(revision, cache_dir, token, check_bool("local_files_only", local_files_only)),
            config=config,
            changes=changes,
            allow_nonfinite=allow_nonfinite,
            **form,
        )

    def save_pretrained(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a folder that PyTorch transformers loads: `config.json` and `model.safetensors`, in float32.

        Args:
            folder: the folder to appear, written beside and renamed when whole.
            overwrite: whether a folder that kerasbert wrote may be replaced.

        Raises:
            ArtifactError: when the folder cannot be written.
            ConfigError: when the encoder is quantised.
        """
        check_not_quantized(self)
        save_pretrained(self, folder, overwrite=overwrite)

    @property
    def encoder(self) -> BlockList:
        """The blocks as `encoder.layer`, where transformers has them."""
        return BlockList(self.blocks)

    def get_input_embeddings(self) -> BertEmbeddings:
        """Return the embedding layer, whose `weight` is the token table and `word_embeddings` the layer that holds it."""
        return self.embeddings

    def set_input_embeddings(self, value: Any) -> None:
        """Put values in the place of the whole token table.

        Args:
            value: (vocab_size, embedding width).

        Raises:
            ConfigError: when it has another shape, or the encoder is quantised.
        """
        set_table(self, value)

    def resize_token_embeddings(self, new_num_tokens: int | None = None) -> Any:
        """Give the token table another number of rows, in place: the first stay, new ones are drawn as new weights are.

        Do so before the encoder is part of a model, is compiled or trains: what was traced with the old table keeps it.

        Args:
            new_num_tokens: rows, at least 1 and above the padding id, such as `len(tokenizer)`; None changes nothing.

        Returns:
            The table, a variable (rows, embedding width).

        Raises:
            ConfigError: when the number is out of its range, or the encoder is quantised.
            TypeError: when it is no integer.

        Example:
            >>> encoder = TFBertModel(BertConfig(vocab_size=20, hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
            >>> tuple(encoder.resize_token_embeddings(24).shape), encoder.config.vocab_size
            ((24, 8), 24)
        """
        if new_num_tokens is not None:
            resize_table(self, new_num_tokens)
        return self.embeddings.weight
