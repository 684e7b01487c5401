"""The `kerasbert` command: one module for each subcommand.

Results go to standard output, progress and messages to standard error. Exit codes: 0 done, 1 refused or failed, 2 wrong
usage.
"""

from kerasbert.cli.main import main as main
