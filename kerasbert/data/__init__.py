"""`kb.data`: what reads labelled texts and makes batches of them, each usable by itself.

read_examples     path, frame, data set or rows -> `Examples` (texts and label cells)
encode_*          label cells -> arrays
split_indices     arrays -> which rows are held out, by label
Tokenizer         texts -> `TokenArrays`
make_batches      `TokenArrays` and arrays -> `Batches` (a `tf.data` pipeline)
"""

from kerasbert.batches.memory import Batches as Batches
from kerasbert.batches.memory import choose_lengths as choose_lengths
from kerasbert.batches.memory import make_batches as make_batches
from kerasbert.labels.cells import LabelCells as LabelCells
from kerasbert.labels.encode import check_label_names as check_label_names
from kerasbert.labels.encode import collect_label_names as collect_label_names
from kerasbert.labels.encode import encode_binary as encode_binary
from kerasbert.labels.encode import encode_class_ids as encode_class_ids
from kerasbert.labels.encode import encode_multi_hot as encode_multi_hot
from kerasbert.labels.encode import multi_hot_from_columns as multi_hot_from_columns
from kerasbert.reading.examples import Examples as Examples
from kerasbert.reading.readers import read_examples as read_examples
from kerasbert.reading.splits import split_examples as split_examples
from kerasbert.reading.splits import split_indices as split_indices
from kerasbert.tokenization.long_texts import LongTexts as LongTexts
from kerasbert.tokenization.token_arrays import TokenArrays as TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer as Tokenizer
from kerasbert.tokenization.tokenizer_settings import DEFAULT_MAX_LENGTH as DEFAULT_MAX_LENGTH
from kerasbert.tokenization.vocabulary import read_vocabulary as read_vocabulary
