"""The command `merge`."""

import argparse
from pathlib import Path

from bench.cli.arguments import Subparsers, add_command, add_store
from bench.cli.exit_codes import OK
from bench.cli.output.terminal import say


def add_merge(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        (
            "bench merge /mnt/first/store /mnt/second/store",
            "copy what these stores have into data/store",
        ),
    )
    command = add_command(commands, "merge", merge, examples)
    command.add_argument(
        "stores",
        nargs="+",
        type=Path,
        metavar="STORE",
        help="the folder of a store to read",
    )
    add_store(command)


def merge(options: argparse.Namespace) -> int:
    """Merge the stores of several machines into one."""
    from bench.base import StoreError
    from bench.store import merge_stores

    counts = merge_stores(options.stores, options.store, say)
    n_others = counts.pop("other curves")
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    if n_others:
        raise StoreError(
            f"found results of other curves than those in {options.store}: "
            f"{n_others}, left where they are; all others are merged. Compute them "
            "again with this version, or keep the stores apart"
        )
    return OK
