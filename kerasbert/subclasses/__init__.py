"""Finer classes inside the classes: found without labels, or learned on the features of a trained classifier."""
