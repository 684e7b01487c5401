"""Numbers that evaluations take by default, told before Keras is loaded."""

# Texts of which `probe` takes a sample.
MAX_TEXTS = 10_000
# Points of the integral of `explain`.
STEPS = 64
