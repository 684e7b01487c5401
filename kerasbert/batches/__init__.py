"""Token ids become `tf.data` pipelines of padded batches.

memory       `TokenArrays` and label arrays -> `Batches`
prepare      `SourceFile`s -> `TokenCache` (token ids in TFRecord shards, with an index)
row_plan     lengths of rows -> which rows form which batch of an epoch
stream       `TokenCache` -> `StreamBatches` (batches by token budget, in a few shapes)
"""
