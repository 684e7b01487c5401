"""Labels and predictions in, numbers out: label forms, output activations, losses, metrics, scores and their intervals."""
