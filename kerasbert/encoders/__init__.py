"""Token ids in, every hidden state out: `TFBertModel`, its relatives, their config, and checkpoints in and out."""

from kerasbert.encoders.config import BertConfig as BertConfig
from kerasbert.encoders.encoder import EncoderOutput as EncoderOutput
from kerasbert.encoders.families import TFBertModel as TFBertModel
from kerasbert.encoders.families import TFDistilBertModel as TFDistilBertModel
from kerasbert.encoders.families import TFElectraModel as TFElectraModel
from kerasbert.encoders.families import TFRobertaModel as TFRobertaModel
