"""Files, frames and lists become rows, and rows become examples.

sources     paths and patterns -> `SourceFile`s
formats     the table of formats: an iterator of rows for each
options     how a file is read where its name does not say it
readers     any source -> its usable rows, one after the other; collected: `Examples` in memory
row_labels  how the labels of a row are read
splits      which rows are held out, by label
inspection  what a file holds; likely: what it needs to be read
"""
