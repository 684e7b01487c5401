"""A training that is kept on disk while it runs, and goes on where it was stopped."""
