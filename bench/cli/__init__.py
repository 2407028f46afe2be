"""The command line: a file a command, its arguments and its body together.

It may import every other package; no other package imports it. What a module of it
needs beyond the standard library is imported in the body of its command, so that
`--help` is fast and imports neither torch nor pandas.

Public name: `main`.
"""

from bench.cli.main import main

__all__ = ["main"]
