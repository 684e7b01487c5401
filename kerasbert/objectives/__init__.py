"""Labels and predictions in, numbers out: losses, metrics, and the table that pairs them with tasks."""
