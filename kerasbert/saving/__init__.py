"""A trained classifier and the folder that holds it."""
