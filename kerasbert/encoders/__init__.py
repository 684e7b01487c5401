"""`kb.encoders`: parts of `TFBertModel` and its relatives; token ids in, every hidden state out."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.encoders.embeddings import BertEmbeddings as BertEmbeddings
    from kerasbert.encoders.encoder import Encoder as Encoder
    from kerasbert.encoders.main_layer import BlockList as BlockList
    from kerasbert.encoders.main_layer import MainLayer as MainLayer
    from kerasbert.encoders.outputs import EncoderOutput as EncoderOutput
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
