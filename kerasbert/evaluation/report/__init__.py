"""From what a classifier answered on labelled texts to a page, its pictures and its numbers."""
