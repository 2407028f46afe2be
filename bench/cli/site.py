"""The command `site`."""

import argparse
from pathlib import Path

from bench.cli.arguments import Subparsers, add_command
from bench.cli.exit_codes import OK
from bench.cli.output.verbosity import note


def add_site(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        ("bench site reports out", "a page for each folder of reports, and an index"),
    )
    command = add_command(commands, "site", site, examples)
    command.add_argument(
        "reports",
        type=Path,
        metavar="REPORTS",
        help="a folder with a folder for each report, such as reports",
    )
    command.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="the folder of the site: a new or empty one, or an earlier site",
    )


def site(options: argparse.Namespace) -> int:
    """Write a web page for each report, and an index of them."""
    from bench.site import write_site

    index = write_site(
        options.reports, options.out, say=lambda name: note(f"writing {name}…")
    )
    print(f"open {index}")
    return OK
