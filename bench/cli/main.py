"""The entry point of the command line: its parser, and its handling of errors."""

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec

# From the modules, not from the package, which needs a dependency to export names.
from bench.base.errors import BenchError
from bench.base.messages import did_you_mean
from bench.base.provenance import __version__
from bench.base.resources import CHECKOUT
from bench.cli.arguments import Subparsers, add_verbosity
from bench.cli.compare import add_check, add_compare
from bench.cli.exit_codes import BROKEN_PIPE, INTERRUPTED, USAGE
from bench.cli.export import add_export
from bench.cli.listing import add_list
from bench.cli.merge import add_merge
from bench.cli.output.terminal import abandon_broken_streams, readable_streams, say
from bench.cli.output.verbosity import NORMAL, detail, set_verbosity
from bench.cli.plan import add_plan
from bench.cli.report import add_report
from bench.cli.run import add_run
from bench.cli.schema import add_schema
from bench.cli.show import add_show
from bench.cli.site import add_site
from bench.cli.status import add_status
from bench.cli.store import add_stores
from bench.cli.study import add_study
from bench.cli.usage import MainParser, Parser

# Heading in the help → the commands below it.
_GROUPS: Mapping[str, Sequence[Callable[[Subparsers], None]]] = {
    "run and report": (
        add_run,
        add_plan,
        add_report,
        add_site,
        add_show,
        add_status,
        add_merge,
        add_stores,
    ),
    "compare": (add_compare, add_check),
    "search and export": (add_study, add_export),
    "look up": (add_list, add_schema),
}
_EXAMPLES = (
    ("bench list", "see which suites, function libraries and classifiers there are"),
    ("bench run quick -j 2", "run a small suite, two cells at the same time"),
    (
        "bench run seed -n 3 -c SD -c RF",
        "a part of a suite: three repetitions of two classifiers",
    ),
    ("bench status quick --why", "see what is stored, and why the rest is not"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code, one of `bench.cli.exit_codes`.

    Raises
    ------
    SystemExit
        From argparse: 0 after --help and --version, 2 if the arguments are wrong.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    with readable_streams():
        try:
            options = _parse(words)
            set_verbosity(options.verbosity)
            _keep_text_in_python()
            return _run_command(options)
        finally:
            abandon_broken_streams()


def _keep_text_in_python() -> None:
    """Let pandas keep text as Python does, also where pyarrow is installed.

    Arrow's text refuses lone surrogates, which a stranger's file or message may hold.
    """
    if find_spec("pyarrow") and find_spec("pandas"):
        import pandas as pd  # takes long, and without pyarrow it is not needed here

        pd.set_option("mode.string_storage", "python")


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; this needs only the standard library."""
    return _make_parser()[0]


def _make_parser() -> tuple[MainParser, Subparsers]:
    parser = MainParser(
        prog="bench",
        description="A benchmark harness for function classification.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--version", action="version", version=__version__, help="print the version"
    )
    add_verbosity(parser)
    parser.set_defaults(verbosity=NORMAL, debug=False)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    groups = {}
    for title, adders in _GROUPS.items():
        before = len(commands.choices)
        for add in adders:
            add(commands)
        names = list(commands.choices)[before:]
        groups[title] = [(n, f"{commands.choices[n].description}.") for n in names]
    parser.groups = groups
    return parser, commands


def _parse(words: list[str]) -> argparse.Namespace:
    parser, commands = _make_parser()
    # No option before the command takes a value, so the first other word is the
    # command. argparse itself would list all commands and suggest none.
    name = next((word for word in words if not word.startswith("-")), None)
    if name is not None and name not in commands.choices:
        parser.error(
            f"unknown command '{name[:40]}'{did_you_mean(name, commands.choices)}; "
            f"expected one of {', '.join(commands.choices)}"
        )
    options, extra = parser.parse_known_args(words)
    if extra:
        (parser if name is None else options.parser).refuse(extra)
    options.words = words  # for messages that name the same command again
    if name is None:  # no command was given
        parser.print_help(sys.stderr)
        parser.exit(USAGE)
    return options


def _run_command(options: argparse.Namespace) -> int:
    """Call the body of a command; turn any exception into one line and a code."""
    try:
        detail(f"function-bench {__version__}, Python {sys.version.split()[0]}")
        code: int = options.command(options)
        if sys.stdout is not None:
            # Here a full disk is still reported; at exit, Python drops the error.
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        say("; ".join(filter(None, ["interrupted", options.kept])))
        return INTERRUPTED
    except BaseException as error:  # a foreign class may raise SystemExit and others
        if options.debug:
            with suppress(OSError, ValueError):
                traceback.print_exc()
        elif isinstance(error, BrokenPipeError):
            return BROKEN_PIPE
        say(_in_one_line(error))
        return USAGE


def _in_one_line(error: BaseException) -> str:
    """Describe an exception in one line, whatever the text of a foreign one holds."""
    if isinstance(error, ModuleNotFoundError) and (package := _missing(error)):
        remedy = "install function-bench there with its dependencies"
        if (CHECKOUT / "Makefile").is_file():
            remedy = (
                "run `make quick`, which installs it into .venv, or activate that "
                "environment first: `. .venv/bin/activate`"
            )
        return f"{sys.executable} lacks the package '{package}'; {remedy}"
    if isinstance(error, MemoryError):
        return (
            "out of memory; lower -j, or the sizes of the suite's datasets; finished "
            "cells are kept"
        )
    from bench.base import shown  # here, since it needs packages that may be missing

    try:
        text = str(error)
    except BaseException:  # the __str__ of a foreign exception may raise as well
        text = "(its text cannot be read)"
    if isinstance(error, BenchError | OSError):  # OSError: such as a read-only folder
        return shown(text, 2000)
    kind = type(error).__name__
    return (
        f"an unexpected error: {shown(f'{kind}: {text}', 1000)}; it comes from this "
        "program or from a class in the suite: run the command with --debug to see "
        "where"
    )


def _missing(error: ModuleNotFoundError) -> str:
    """Return the package that is not installed; empty if the error is another one."""
    package = (error.name or "").partition(".")[0]
    if not package or package == "bench" or package in sys.modules:
        return ""
    return package if find_spec(package) is None else ""
