"""Text becomes token ids, by the tokenizer of a checkpoint.

tokenizer         `Tokenizer`: texts and pairs -> `TokenArrays` (flat ids)
tokenizer_files   the files of a checkpoint's tokenizer, read and written
long_texts        what becomes of texts longer than the model reads
augmentation      tokens masked, dropped and swapped in training
"""
