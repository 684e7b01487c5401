"""Shared helpers that know nothing about BERT: argument checks, errors, paths, JSON, atomic writing, names."""
