"""The data room: labelled texts come in from files, frames and lists, batches of token ids go out.

Read in this order; each step takes what the one before it gives, and none needs the next:

    readers     path, frame, data set or list -> Examples (texts and raw label cells)
    labels      raw label cells -> arrays; the label names in a stable order
    splits      arrays -> which rows are held out, by label
    tokens      texts -> TokenArrays (flat token ids), by a checkpoint's tokenizer
    batches     TokenArrays and arrays -> Batches (a tf.data pipeline of padded batches)

Labels in memory and in a stream go through the same modules, from a cell to the arrays:

    label_cells       a column -> cells with their places; a cell -> the labels that it names
    label_values      values of other libraries -> Python's texts and numbers
    flag_rows         lists -> rows of 0 and 1, or lists of labels
    label_names       a label -> its name and id; which names are one label, and which clash
    label_spellings   warnings and errors about names that are likely mistakes
    label_vocabulary  all cells of a head -> its names, numbers and counts
    level_vocabulary  the same for the levels of a hierarchy; `level_labels` makes arrays of them
    label_kinds       decisions -> labels in the type of those of training

Data larger than memory goes another way to the same end:

    sources     paths and patterns -> SourceFiles
    row_streams SourceFile -> rows, one after the other; `readers` collects the same rows in memory
    prepare     SourceFiles -> TokenCache (token ids in TFRecord shards, with an index)
    row_plan    lengths of rows -> which rows form which batch of an epoch
    stream      TokenCache -> StreamBatches (batches by token budget, in a few shapes)

Importing the room is cheap: TensorFlow, scikit-learn, pyarrow and the tokenizers are imported where they are used.
"""

from kerasbert.data.batches import Batches as Batches
from kerasbert.data.batches import choose_lengths as choose_lengths
from kerasbert.data.batches import make_batches as make_batches
from kerasbert.data.examples import Examples as Examples
from kerasbert.data.label_cells import LabelCells as LabelCells
from kerasbert.data.labels import check_label_names as check_label_names
from kerasbert.data.labels import collect_label_names as collect_label_names
from kerasbert.data.labels import encode_binary as encode_binary
from kerasbert.data.labels import encode_class_ids as encode_class_ids
from kerasbert.data.labels import encode_multi_hot as encode_multi_hot
from kerasbert.data.labels import multi_hot_from_columns as multi_hot_from_columns
from kerasbert.data.readers import read_examples as read_examples
from kerasbert.data.splits import split_examples as split_examples
from kerasbert.data.splits import split_indices as split_indices
from kerasbert.data.token_arrays import TokenArrays as TokenArrays
from kerasbert.data.tokenizer_settings import DEFAULT_MAX_LENGTH as DEFAULT_MAX_LENGTH
from kerasbert.data.tokens import TextEncoder as TextEncoder
from kerasbert.data.vocabulary import read_vocabulary as read_vocabulary
from kerasbert.data.windows import LongTexts as LongTexts
