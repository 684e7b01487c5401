"""The toy encoder of this room has one block."""

from one_block import tiny_config as tiny_config
from one_block import tiny_folder as tiny_folder
