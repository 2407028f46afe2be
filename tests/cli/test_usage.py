"""Help and messages about wrong arguments."""

import re
import shlex

import pytest

from bench.cli.main import _GROUPS, make_parser
from bench.cli.usage import example_lines

COMMANDS = make_parser()._subparsers._group_actions[0].choices


def refused(bench_run, capfd, *words):
    """Run a command with wrong arguments; return its message."""
    with pytest.raises(SystemExit) as stop:
        bench_run(*words)
    assert stop.value.code == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["run", "quick", "--retry-faild"],
            "bench run: unknown option '--retry-faild' (did you mean "
            "'--retry-failed'?); see `bench run --help`",
        ),
        (["run", "quick", "--stroe=x"], "'--stroe' (did you mean '--store'?)"),
        (["--debgu", "run", "quick"], "'--debgu' (did you mean '--debug'?)"),
        (["--qiet"], "bench: unknown option '--qiet' (did you mean '--quiet'?)"),
        (["list", "-x"], "unknown option '-x'; see"),
        (["list", "all"], "found 'all', which is one argument too many"),
        (
            ["run"],
            "the following arguments are required: SUITE; see `bench run --help`",
        ),
        (["run", "quick", "-j", "0"], "-j: found '0'; expected a whole number"),
        (["run", "quick", "-n", "0"], "-n/--repetitions: found '0'; expected"),
        (["run", "quick", "-n", "-3"], "-n/--repetitions: found '-3'; expected"),
        (["run", "quick", "--engine", "dsk"], "(did you mean 'dask'?)"),
        (["run", "q", "--out", "a", "--no-report"], "not allowed with argument --out"),
        (["rport", "quick"], "unknown command 'rport' (did you mean 'report'?)"),
    ],
)
def test_a_wrong_argument_is_one_line_with_the_nearest_name(
    bench_run, capfd, words, said
):
    assert said in refused(bench_run, capfd, *words)


def test_every_command_has_its_place_and_examples_that_it_takes():
    parser = make_parser()
    assert sum(map(len, _GROUPS.values())) == len(COMMANDS)
    for name, command in COMMANDS.items():
        examples = re.findall(r"^  (bench .*)$", command.epilog, re.MULTILINE)
        assert examples, name
        for line in examples:
            words = shlex.split(line.partition(" > ")[0])
            assert words[:2] == ["bench", name]
            assert parser.parse_args(words[1:]).command.__name__
        assert "\n      " in command.epilog
        assert command.epilog in command.format_help()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_help_has_groups_and_examples_and_fits(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    parser = make_parser()
    text = parser.format_help()
    for title in (*_GROUPS, "examples", "options, before or after the command"):
        assert f"\n{title}\n" in text
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) < columns
    examples = text.partition("\nexamples\n")[2].partition("\n\n")[0]
    lines = re.findall(r"^  (bench .*)$", examples, re.MULTILINE)
    assert 3 <= len(lines) <= 4
    for line in lines:
        parser.parse_args(shlex.split(line)[1:])


def test_examples_stand_above_what_they_do():
    assert example_lines([("bench list", "what there is")]) == (
        "examples\n  bench list\n      what there is"
    )
