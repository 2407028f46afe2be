"""The parser of the command line: its help, and its messages about wrong arguments."""

import argparse
import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

from bench.base.messages import did_you_mean
from bench.cli.exit_codes import USAGE

Examples = Sequence[tuple[str, str]]  # command lines, each with what it does
_WIDEST = 100  # columns; longer lines are hard to read
_LONGEST = 60  # characters of a wrong argument that a message repeats


class Parser(argparse.ArgumentParser):
    """A parser whose messages are of one line, with the nearest name."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2 and a message of one line."""
        line = " ".join(message.removeprefix("argument ").split())
        self.exit(USAGE, f"{self.prog}: {line}; see `{self.prog} --help`\n")

    def refuse(self, extra: Sequence[str]) -> NoReturn:
        """End with a message about the first argument that is not known."""
        unknown = next((word for word in extra if word.startswith("-")), None)
        if unknown is None:
            self.error(f"found '{extra[0][:_LONGEST]}', which is one argument too many")
        name = unknown.partition("=")[0]
        flags = [flag for action in self._actions for flag in action.option_strings]
        self.error(f"unknown option '{name[:_LONGEST]}'{did_you_mean(name, flags)}")


class MainParser(Parser):
    """The parser of all commands, whose help shows them in groups.

    Parameters
    ----------
    examples
        Command lines for somebody who is new here.
    """

    def __init__(self, *, examples: Examples, **keywords: str) -> None:
        super().__init__(**keywords)  # type: ignore[arg-type]  # all of it is text
        self.examples = examples
        self.groups: Mapping[str, Sequence[tuple[str, str]]] = {}

    def format_help(self) -> str:
        """Return the help: usage, commands, options, examples."""
        options = [
            (", ".join(action.option_strings), str(action.help))
            for action in self._actions
            if action.option_strings
        ]
        sections = [
            *self.groups.items(),
            ("options, before or after the command", options),
            ("examples", self.examples),
        ]
        parts = [f"usage: {self.prog} COMMAND [options]", str(self.description)]
        start = 4 + max(len(name) for _, rows in sections[:-1] for name, _ in rows)
        for title, rows in sections[:-1]:
            parts.append("\n".join([title, *(_entry(*row, start) for row in rows)]))
        parts.append(example_lines(self.examples))
        parts.append(f"`{self.prog} COMMAND --help` shows the options of a command.")
        return "\n\n".join(parts) + "\n"


def example_lines(examples: Examples) -> str:
    """Return command lines and, below each, what it does."""
    lines = ["examples"]
    for command, meaning in examples:
        lines += [f"  {command}", *_wrapped(meaning, "      ", "      ")]
    return "\n".join(lines)


def one_of(*names: str) -> Callable[[str], str]:
    """Return a function that takes one of some names, for `add_argument(type=…)`."""

    def choice(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(
                f"found '{text[:_LONGEST]}'{did_you_mean(text, names)}; expected "
                f"{' or '.join(names)}"
            )
        return text

    return choice


def width() -> int:
    """Return the number of columns to use for text."""
    return min(_WIDEST, shutil.get_terminal_size().columns) - 1


def _entry(name: str, meaning: str, start: int) -> str:
    first = f"  {name}".ljust(start)
    return "\n".join(_wrapped(meaning, first, " " * start))


def _wrapped(text: str, first: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        max(width(), len(indent) + 20),
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
