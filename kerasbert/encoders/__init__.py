"""`kb.encoders`: parts of `TFBertModel` and its relatives; token ids in, every hidden state out."""

from kerasbert.encoders.encoder import Encoder as Encoder
from kerasbert.encoders.outputs import EncoderOutput as EncoderOutput
