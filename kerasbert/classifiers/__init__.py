"""From hidden states to probabilities: layer selection, pooling, heads, and the builders that combine them."""
