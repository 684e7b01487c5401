"""The report of a classifier on labelled texts: its numbers, pictures and page."""
