"""How much a command says beside its result: `-q` and `-v`."""

from bench.cli.output.terminal import say

QUIET, NORMAL, VERBOSE = -1, 0, 1
_level = NORMAL


def set_verbosity(level: int) -> None:
    """Set it for this process: `QUIET`, `NORMAL` or `VERBOSE`."""
    global _level
    _level = level


def is_quiet() -> bool:
    """Return whether only errors and the result are printed."""
    return _level <= QUIET


def is_verbose() -> bool:
    """Return whether details are printed."""
    return _level >= VERBOSE


def note(message: str) -> None:
    """Print a message to standard error, unless `-q` is given."""
    if not is_quiet():
        say(message)


def detail(message: str) -> None:
    """Print a message to standard error, if `-v` is given."""
    if is_verbose():
        say(message)
