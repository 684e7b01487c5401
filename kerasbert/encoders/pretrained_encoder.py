"""An encoder with checkpoints in and out."""

import os
from typing import Any, Self

from kerasbert.encoders.checkpoints import from_pretrained, save_pretrained
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.quantized_parts import check_not_quantized


class PretrainedEncoder(Encoder):
    """Abstract: an `Encoder` that reads and writes checkpoints; the base of every family."""

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | os.PathLike[str],
        *,
        num_hidden_layers: int | None = None,
        add_pooling_layer: bool | None = None,
        config: Any = None,
        allow_nonfinite: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Load an encoder with its weights.

        Reads safetensors (also sharded), `tf_model.h5`, original TensorFlow checkpoints and, through PyTorch's
        `weights_only`, `pytorch_model.bin`; with or without the family's prefix, a pooler or a head.

        Args:
            name_or_folder: folder of a checkpoint, or a name that `kerasbert` finds in an installed package, in Hugging
                Face's cache or on its hub.
            num_hidden_layers: stop after this many blocks; the upper ones are neither built nor read. None keeps all.
            add_pooling_layer: None builds the pooler if the checkpoint has one; False leaves it out.
            config: used in place of the folder's `config.json`, in any form that the constructor takes.
            allow_nonfinite: whether NaN and infinity are let through.
            **kwargs: `keras.Model`'s own (`name`, `dtype`, `trainable`).

        Returns:
            The encoder.

        Raises:
            ConfigError: when the checkpoint is nowhere to be had, is of another family, or its config is out of range.
            CheckpointError: when its files are malformed or do not fit the config; the message lists every tensor.

        Example:
            >>> TFBertModel.from_pretrained("all-MiniLM-L6-v2", num_hidden_layers=2).config.num_hidden_layers
            2
        """
        return from_pretrained(
            cls,
            name_or_folder,
            num_hidden_layers=num_hidden_layers,
            add_pooling_layer=add_pooling_layer,
            config=config,
            allow_nonfinite=allow_nonfinite,
            **kwargs,
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
