"""The command line: one module for each command, with its arguments and its body.

It may import every other package, and no other package imports it. A command imports
what it needs in its body, so that `--help` is fast and loads neither torch nor pandas.

Public name: `main`.
"""

from bench.cli.main import main

__all__ = ["main"]
