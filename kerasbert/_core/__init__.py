"""The ground floor: what every room stands on and nothing of which knows about BERT.

Argument checks with one message form, the error classes, whole-folder writing with a manifest, and the names shared by
all rooms.
"""
