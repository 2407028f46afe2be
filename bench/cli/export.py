"""The command `export`."""

import argparse

from bench.cli.arguments import (
    KEPT,
    Subparsers,
    add_changes,
    add_choice,
    add_command,
    add_store,
    add_suite,
    folder,
    resolve_plan,
)
from bench.cli.exit_codes import OK, SOME_FAILED
from bench.cli.output.terminal import say


def add_export(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    examples = (
        (
            "bench export seed -d normal-100 -c SD exported",
            "write the SD of the first repetition to the folder exported",
        ),
    )
    command = add_command(commands, "export", export, examples, KEPT)
    add_suite(command)
    add_changes(command)
    add_choice(command, "-d", "dataset")
    add_choice(command, "-c", "classifier")
    command.add_argument(
        "--repetition",
        type=int,
        default=0,
        metavar="R",
        help="the repetition whose training is exported (default: 0, the first)",
    )
    add_store(command)
    command.add_argument(
        "out", type=folder, metavar="OUT", help="the folder to write to"
    )


def export(options: argparse.Namespace) -> int:
    """Write a trained discriminator as files; train it first if needed."""
    from bench.base import check_output
    from bench.cli.output.progress import RunProgress
    from bench.engines import run_plan
    from bench.export import check_free, choose_cell, export_cell, why_not_done

    _, limited, store = resolve_plan(options)
    plan, cell = choose_cell(limited, options.repetition)
    check_free(options.out)  # now, since training may take hours
    check_output(options.out, remedy="choose another folder")
    with RunProgress(len(plan.cells)) as progress:
        run_plan(
            plan,
            store,
            progress=progress.advance,
            warn=progress.warn,
            watcher=progress,
        )
    result = store.get(cell.key)
    if result is not None and (why := why_not_done(plan, cell, result)):
        say(why)
        return SOME_FAILED
    print(export_cell(plan, cell, store, options.out))
    return OK
