"""Files, frames and lists become rows, and rows become examples.

sources      paths and patterns -> `SourceFile`s
row_streams  a `SourceFile` -> its rows, one after the other, by the row iterator of its format
readers      the same rows collected: `Examples` (texts and label cells) in memory
splits       which rows are held out, by label
"""
