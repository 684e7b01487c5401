"""Files, frames and lists in, batches of token ids out: readers, labels, splits, tokens, batches."""
