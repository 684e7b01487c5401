"""What watches a training: bar, logs, and callbacks that stop it or keep its weights."""
