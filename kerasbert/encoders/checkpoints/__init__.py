"""Checkpoints in and out: every format a BERT was ever saved in, read as data and never as code."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.encoders.checkpoints.filling import load_weights as load_weights
    from kerasbert.encoders.checkpoints.loading import from_pretrained as from_pretrained
    from kerasbert.encoders.checkpoints.loading import open_checkpoint as open_checkpoint
    from kerasbert.encoders.checkpoints.loading import read_config as read_config
    from kerasbert.encoders.checkpoints.saving import save_pretrained as save_pretrained
    from kerasbert.encoders.checkpoints.source import TensorSource as TensorSource
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
