"""Learning rates by default and shapes of their decay, which settings name before Keras is loaded."""

# What docs/recipe.md measures: a fresh head needs a far higher rate than a pretrained encoder.
LEARNING_RATE = 1.5e-4
HEAD_LEARNING_RATE = 2e-3
SHAPES = ("constant", "cosine", "linear", "polynomial")
