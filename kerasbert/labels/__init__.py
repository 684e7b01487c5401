"""Labels as people write them become names and arrays, by one vocabulary, in memory as in a stream.

From a cell to the arrays:

    cells             a column -> cells with their places; a cell -> the labels that it names
    values            values of other libraries -> Python's texts and numbers
    flag_rows         lists -> rows of 0 and 1, or lists of labels
    names             a label -> its name and id; which names are one label, and which clash
    spellings         warnings and errors about names that are likely mistakes
    vocabulary        all cells of a head -> its names, numbers and counts
    level_vocabulary  the same for the levels of a hierarchy; `level_labels` makes arrays of them
    encode            label cells in memory -> arrays
    kinds             predictions -> labels in the type of those of training
"""
