"""Token ids become `tf.data` pipelines of padded batches.

rows         rows in memory or in a token cache: labels, counts, which are held out
sampling     how often each row is drawn
source       what trains: batches from any epoch and step on
lengths      the few lengths that batches are padded to
memory       `TokenArrays` and label arrays -> `Batches`, a `tf.data` pipeline
prepare      data files -> `TokenCache` (token ids in TFRecord shards, with an index)
row_plan     lengths of rows -> which rows form which batch of an epoch
stream       `TokenCache` -> `StreamBatches` (batches by token budget, in a few shapes)
"""
