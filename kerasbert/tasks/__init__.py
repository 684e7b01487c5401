"""What a classifier can be asked to decide: the tasks of its heads."""
