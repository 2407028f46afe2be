"""The command `schema`."""

import argparse
import json

from bench.cli.arguments import Subparsers, add_command
from bench.cli.exit_codes import OK


def add_schema(commands: Subparsers) -> None:
    """Add the command."""
    examples = (("bench schema > suite.schema.json", "save it for an editor"),)
    command = add_command(commands, "schema", schema, examples)
    command.set_defaults(uses_frames=False)  # so that pandas need not be imported


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of a suite file, for editors."""
    from bench.suite import Suite

    print(json.dumps(Suite.model_json_schema(), indent=2))
    return OK
