"""Write the parts of the documentation that the code knows better than a person.

Each such part of a page lies between ``<!-- generated: NAME -->`` and
``<!-- end: NAME -->``. ``python docs/tools/generate_docs.py`` writes all parts again;
with ``--check`` it writes nothing, and its exit code is 1 if a page is not up to date.
"""

import argparse
import ast
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.base import resources
from bench.cli.exit_codes import MEANINGS
from bench.cli.main import make_parser
from bench.curves import load_library
from bench.engines.config import Parallel
from bench.stats import METRICS
from bench.suite import PRESETS, Suite, load_suite

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
_MARKED = re.compile(
    r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL
)

# Class in the JSON Schema → heading of its table, in the order of the page.
HEADINGS = {
    "Suite": "The suite",
    "DatasetSpec": "A dataset",
    "inputs": "Input points",  # each kind of which has a table
    "neural": "Neural curves",
    "Split": "Unseen functions",
    "RecordedSpec": "A dataset of recorded curves",
    "CurveFiles": "Recorded curves: files",
    "BundledCurves": "Recorded curves: bundled with aeon",
    "ResampleSplit": "Split of recorded curves: draws",
    "FoldsSplit": "Split of recorded curves: cross-validation",
    "ClassifierSpec": "A classifier",
    "StepSpec": "A step of a pipeline",
    "FixedTraining": "Training: fixed",
    "OnlineTraining": "Training: online",
    "LimitsSpec": "Limits",
    "ResourcesSpec": "Resources",
    "MetricSpec": "A metric",
    "StatsSpec": "Statistics",
    "TransferSpec": "Transfer",
    "AnswerSpec": "An answer",
    "RowSpec": "A row that an answer rests on",
    "StudySpec": "A study",
    "DimensionSpec": "A parameter of a study",
}
# The same of a parallel.yaml, whose tables are in another page.
_PARALLEL = {"CellClass": "A class of cells", "CellNeeds": "Resources of a class"}
# These have no default in the schema, but need not be given.
_OPTIONAL = {"params", "grid", "sweep", "options", ("ClassifierSpec", "id")}
_OPTIONAL |= {("Suite", "extends"), ("Suite", "add")}


@cache
def schemas() -> dict[str, Any]:
    """Return the JSON Schema of every mapping of a suite file, by its class."""
    schema = Suite.model_json_schema()
    return {**schema["$defs"], "Suite": schema}


@cache
def headings() -> dict[str, str]:
    """Return the heading of the table of every class, in the order of the page."""
    by_class: dict[str, str] = {}
    for name, heading in HEADINGS.items():
        if name in schemas():
            by_class[name] = heading
        else:
            for member in kinds_of(name):
                kind = schemas()[member]["properties"]["kind"]["const"]
                by_class[member] = f"{heading}: {kind}"
    if different := schemas().keys() ^ by_class.keys():
        raise SystemExit(f"HEADINGS and the schema differ: {', '.join(different)}")
    return by_class


def kinds_of(key: str) -> list[str]:
    """Return the classes that a key of a dataset may have, such as ``inputs``."""
    field = schemas()["DatasetSpec"]["properties"][key]
    [choices] = [field[name] for name in ("oneOf", "anyOf") if name in field]
    return [choice["$ref"].rpartition("/")[2] for choice in choices]


def suite_tables() -> Iterator[str]:
    """Yield a heading and a table of keys for every mapping of a suite file."""
    definitions = schemas()
    for name, heading in headings().items():
        yield f"## {heading}\n"
        yield _text(definitions[name]["description"]) + "\n"
        yield _keys(definitions[name], name)


def kinds(key: str) -> Callable[[], Iterator[str]]:
    """Make a table of the kinds that a key of a dataset may have."""

    def table() -> Iterator[str]:
        definitions = schemas()
        yield "| `kind` | what it is | further keys |\n|---|---|---|"
        for name in kinds_of(key):
            keys = definitions[name]["properties"]
            others = ", ".join(f"`{key}`" for key in keys if key != "kind") or "–"
            kind = keys["kind"]["const"]
            meaning = _text(definitions[name]["description"])
            yield f"| [`{kind}`]({_anchor(name)}) | {meaning} | {others} |"
        yield ""

    return table


def presets() -> Iterator[str]:
    """Yield a table of the presets: name, what it is, class, parameters."""
    yield "| name | what it is | class | parameters |\n|---|---|---|---|"
    for name, preset in PRESETS.items():
        chain = " → ".join(
            f"`{path.rpartition('.')[2]}`"
            for path in (*preset.before, preset.class_path)
        )
        package = preset.class_path.partition(".")[0]
        params = ", ".join(f"`{k}={v}`" for k, v in preset.params.items())
        made_of = f"{chain} ({package})"
        yield f"| `{name}` | {preset.summary} | {made_of} | {params or 'defaults'} |"
    yield ""


def metrics() -> Iterator[str]:
    """Yield a table of the metrics: name, title, direction, needs."""
    yield "| name | meaning | better | needs |\n|---|---|---|---|"
    for name, metric in METRICS.items():
        better = "larger" if metric.larger_is_better else "smaller"
        needs = metric.needs or "predictions alone"
        yield f"| `{name}` | {metric.title} | {better} | {needs} |"
    yield ""


def libraries() -> Iterator[str]:
    """Yield a table of the shipped libraries: name, functions, inputs."""
    yield "| name | functions | columns of the input | the file's first line |"
    yield "|---|---:|---:|---|"
    for path in sorted(resources.LIBRARIES.glob("*.lib")):
        library = load_library(path.stem)
        first = library.text.splitlines()[0]
        shown = first.removeprefix("#").strip() if first.startswith("#") else ""
        shown = shown or f"`{first}`"
        n = len(library.functions)
        yield f"| `{path.stem}` | {n} | {library.n_inputs} | {_cell(shown)} |"
    yield ""


def suites() -> Iterator[str]:
    """Yield a table of the shipped suites: name, question, number of cells."""
    yield "| suite | what it asks | cells |\n|---|---|---:|"
    for path in sorted(resources.SUITES.glob("*.yaml")):
        suite = load_suite(path)
        n = sum(map(suite.repetitions_of, suite.datasets)) * len(suite.classifiers)
        yield f"| `{suite.name}` | {_cell(suite.description)} | {n:,} |"
    yield ""


def parallel() -> Iterator[str]:
    """Yield the tables of a parallel.yaml."""
    schema = Parallel.model_json_schema()
    yield _keys(schema, "Parallel")
    for name, heading in _PARALLEL.items():
        yield f"### {heading}\n"
        yield _text(schema["$defs"][name]["description"]) + "\n"
        yield _keys(schema["$defs"][name], name)


def exit_codes() -> Iterator[str]:
    """Yield a table of the exit codes."""
    yield "| code | meaning |\n|---:|---|"
    for code, meaning in MEANINGS.items():
        yield f"| {code} | {_cell(meaning)} |"
    yield ""


def layers() -> Iterator[str]:
    """Yield a table of the packages: line of the contract, name, charter."""
    yield "| line | package | charter |\n|---:|---|---|"
    for number, names in enumerate(layer_lines(), start=1):
        for name in names:
            yield f"| {number} | `{name}` | {_cell(charter(name))} |"
    yield ""


def layer_lines() -> list[list[str]]:
    """Return the packages of each line of import-linter's contract, the top one first.

    A package imports only from the lines below its own.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [lines] = [
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    return [line.split(" | ") for line in lines]


def charter(name: str) -> str:
    """Return what the docstring of a package says of it, without its public names.

    Of a module only the first line is its charter.
    """
    path = resources.PACKAGE / name / "__init__.py"
    if not path.exists():
        path = resources.PACKAGE / f"{name}.py"
    # Parsed, not imported: the plugin would import pytest.
    text = _text(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    if path.stem != "__init__":
        return text.partition("\n")[0]
    return text.partition("The public names are")[0].partition("Public name:")[0]


def commands() -> Iterator[str]:
    """Yield a heading, a usage line and a table of arguments for every command."""
    parser = make_parser()
    yield "## Options of every command\n"
    yield from _arguments(parser)
    for name, command in commands_of(parser):
        positional = [a for a in command._actions if not a.option_strings]
        usage = " ".join(_positional(a) for a in positional)
        yield f"## bench {name}\n"
        yield f"{str(command.description).rstrip('.')}.\n"
        yield f"```text\nbench {name}{f' {usage}' if usage else ''} [options]\n```\n"
        yield from _arguments(command, parser)
        heading, _, lines = str(command.epilog).partition("\n")
        yield f"{heading.capitalize()}:\n\n```text\n{textwrap.dedent(lines)}\n```\n"


def commands_of(
    parser: argparse.ArgumentParser, above: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield name and parser of every command, those of a command with parts too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                parts = list(commands_of(command, f"{above}{name} "))
                yield from parts or [(f"{above}{name}", command)]


def _positional(action: argparse.Action) -> str:
    if action.nargs == "+":
        return f"{action.metavar} [{action.metavar} …]"
    return f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar)


def _arguments(
    parser: argparse.ArgumentParser, above: argparse.ArgumentParser | None = None
) -> Iterator[str]:
    shared = {action.dest for action in above._actions} if above else set()
    rows = [
        f"| {_names(action)} | {_cell(_help(action))} |"
        for action in parser._actions
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction)
        and action.dest not in shared
    ]
    if rows:
        yield "| argument | meaning |\n|---|---|"
        yield from rows
    else:
        yield "It has no options."
    yield ""


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar}`"
    value = action.metavar
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    takes = f" {value or action.dest.upper()}" if action.nargs != 0 else ""
    return ", ".join(f"`{flag}{takes}`" for flag in action.option_strings)


def _help(action: argparse.Action) -> str:
    if isinstance(action, argparse._VersionAction):
        return "print the version"
    return str(action.help or "").replace("%(default)s", str(action.default))


def _keys(schema: Mapping[str, Any], name: str) -> str:
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    properties = schema["properties"]
    for key in sorted(properties, key=lambda key: key not in ("kind", "mode")):
        field = properties[key]
        optional = key in _OPTIONAL or (name, key) in _OPTIONAL
        default = "–" if optional else "required"
        if "default" in field:
            default = _default(field["default"])
        meaning = _cell(_text(field["description"]))
        rows.append(f"| `{key}` | {_cell(_type(field))} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _type(field: Mapping[str, Any]) -> str:
    """Describe in words the values that a JSON Schema allows."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        if name in _PARALLEL:
            heading = _PARALLEL[name].lower()
            return f"[{heading}](clusters.md#{heading.replace(' ', '-')})"
        group, _, kind = headings()[name].partition(": ")
        shown = f"`{kind}`" if kind else f"{group[0].lower()}{group[1:]}"
        return f"[{shown}]({_anchor(name)})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in field:
            parts = {p.get("type"): p for p in field[choice] if "type" in p}
            if len(parts) > 2 and "array" in parts:  # a choice of a study
                return "numbers, words, or lists of them"
            types = [
                _type(part) for part in field[choice] if part.get("type") != "null"
            ]
            return " or ".join(dict.fromkeys(types))
    kind = field["type"]
    if kind == "array":
        entry = field.get("items", {})
        return f"list of {_type(entry)}" if entry else "list"
    if kind in ("integer", "number"):
        return ("whole number" if kind == "integer" else "number") + _bounds(field)
    if kind == "object":
        entry = field.get("additionalProperties")
        return f"mapping to {_type(entry)}" if isinstance(entry, dict) else "mapping"
    return {"boolean": "`true` or `false`", "string": "text"}[kind]


def _bounds(field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f", {_number(low)} to {_number(high)}"
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    bounds = [f"{w} {_number(field[key])}" for key, w in words.items() if key in field]
    return f", {' and '.join(bounds)}" if bounds else ""


def _number(value: float) -> str:
    if value == 2**64:
        return "2⁶⁴"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def _default(value: Any) -> str:
    if value is None or value == {} or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if v is not None}
        return f"`{{kind: {kept['kind']}}}`" if "kind" in kept else "–"
    if isinstance(value, float) and value.is_integer():
        return f"`{int(value)}`"
    return f"`{value}`"


def _anchor(name: str) -> str:
    slug = re.sub(r"[^\w\- ]", "", headings()[name].lower()).replace(" ", "-")
    return f"suite-file.md#{slug}"


def _text(text: str) -> str:
    """Turn the docstrings' double backticks into markdown's single ones."""
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "suite": suite_tables,
    "inputs": kinds("inputs"),
    "networks": kinds("neural"),
    "presets": presets,
    "metrics": metrics,
    "libraries": libraries,
    "suites": suites,
    "parallel": parallel,
    "commands": commands,
    "exit-codes": exit_codes,
    "layers": layers,
}


def generated(page: str) -> str:
    """Return a page with its generated parts written again."""

    def part(match: re.Match[str]) -> str:
        return match[1] + "\n" + "\n".join(PARTS[match[2]]()) + "\n" + match[3]

    return _MARKED.sub(part, page)


def main() -> int:
    """Write the generated parts, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        page = path.read_text("utf-8")
        current = generated(page)
        if current != page:
            stale.append(path.name)
            if not options.check:
                path.write_text(current, "utf-8")
    if options.check and stale:
        names = ", ".join(stale)
        remedy = "run python docs/tools/generate_docs.py"
        print(f"docs: {names}: not up to date; {remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
