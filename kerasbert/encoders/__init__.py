"""`kb.encoders`: parts of `TFBertModel` and its relatives; token ids in, every hidden state out."""

from kerasbert.encoders.embeddings import BertEmbeddings as BertEmbeddings
from kerasbert.encoders.encoder import Encoder as Encoder
from kerasbert.encoders.main_layer import BlockList as BlockList
from kerasbert.encoders.main_layer import MainLayer as MainLayer
from kerasbert.encoders.outputs import EncoderOutput as EncoderOutput
