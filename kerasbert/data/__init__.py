"""`kb.data`: labelled texts, labels, tokens and batches.

inspect_data      file -> `DataInspection` (columns, labels, lengths, repeated texts)
read_examples     file, frame, data set or rows -> `Examples` (texts and label cells)
encode_*          label cells -> arrays
split_indices     labels -> which rows are held out
Tokenizer         texts -> `TokenArrays`
make_batches      `TokenArrays` and label arrays -> `Batches` (a `tf.data` pipeline)
prepare_tokens    files -> `TokenCache` (token ids on disk)
stream_batches    `TokenCache` -> `StreamBatches`
"""

from kerasbert.batches.lengths import choose_lengths as choose_lengths
from kerasbert.batches.memory import Batches as Batches
from kerasbert.batches.memory import make_batches as make_batches
from kerasbert.batches.prepare import prepare_tokens as prepare_tokens
from kerasbert.batches.stream import StreamBatches as StreamBatches
from kerasbert.batches.stream import stream_batches as stream_batches
from kerasbert.batches.token_cache import CachedHead as CachedHead
from kerasbert.batches.token_cache import TokenCache as TokenCache
from kerasbert.batches.token_cache import open_cache as open_cache
from kerasbert.labels.cells import LabelCells as LabelCells
from kerasbert.labels.encode import check_label_names as check_label_names
from kerasbert.labels.encode import collect_label_names as collect_label_names
from kerasbert.labels.encode import encode_binary as encode_binary
from kerasbert.labels.encode import encode_class_ids as encode_class_ids
from kerasbert.labels.encode import encode_multi_hot as encode_multi_hot
from kerasbert.labels.encode import multi_hot_from_columns as multi_hot_from_columns
from kerasbert.labels.hierarchy import Hierarchy as Hierarchy
from kerasbert.labels.hierarchy import parse_tree as parse_tree
from kerasbert.labels.level_labels import collect_subclasses as collect_subclasses
from kerasbert.labels.level_labels import encode_hierarchy as encode_hierarchy
from kerasbert.labels.vocabulary import LabelVocabulary as LabelVocabulary
from kerasbert.reading.examples import Examples as Examples
from kerasbert.reading.inspection import DataInspection as DataInspection
from kerasbert.reading.inspection import Overlap as Overlap
from kerasbert.reading.inspection import inspect_data as inspect_data
from kerasbert.reading.read_options import ReadOptions as ReadOptions
from kerasbert.reading.readers import read_examples as read_examples
from kerasbert.reading.splits import split_examples as split_examples
from kerasbert.reading.splits import split_indices as split_indices
from kerasbert.reading.text_facts import EqualTexts as EqualTexts
from kerasbert.reading.text_facts import LengthFacts as LengthFacts
from kerasbert.tokenization.augmentation import Augmentation as Augmentation
from kerasbert.tokenization.long_texts import LongTexts as LongTexts
from kerasbert.tokenization.long_texts import WindowArrays as WindowArrays
from kerasbert.tokenization.token_arrays import TemplatePart as TemplatePart
from kerasbert.tokenization.token_arrays import TokenArrays as TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer as Tokenizer
from kerasbert.tokenization.tokenizer_settings import DEFAULT_MAX_LENGTH as DEFAULT_MAX_LENGTH
from kerasbert.tokenization.vocabulary import read_vocabulary as read_vocabulary
