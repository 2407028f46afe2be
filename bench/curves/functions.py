"""Functions of a library's text: lines parsed, derived, and their gradients checked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.base import LibraryError, located, shown
from bench.curves.expressions import (
    Binary,
    Expression,
    Input,
    derivative,
    distinct,
    evaluate,
    used,
)
from bench.curves.grammar import (
    MAX_INDEX,
    MAX_LENGTH,
    Parsed,
    check_part_name,
    read,
)

MAX_FUNCTIONS = 1_000  # and as many named parts
MAX_CHARACTERS = 120_000  # in all lines together, without comments
MAX_DERIVED = 100_000  # terms × inputs, which the size of the derivatives grows with
MAX_NAME = 40  # characters of a comment that are kept as a name
N_CURVES, N_POINTS = 16, 32  # size of the sample on which a written gradient is checked

# A line NAME = EXPRESSION: the sign is no comparison, and in no brackets.
_PART = re.compile(r"([^=]*[^=<>!:])=(?!=)(.*)")
_NAME = re.compile(r"\b[A-Za-z][A-Za-z0-9_]*\b(?! *\[)")
_RANGE = re.compile(r" *x([0-9]+) in \[([^],]+),([^],]+)\] *")


@dataclass(frozen=True)
class Function:
    """One line of a library: a value and its derivative by each input.

    Attributes
    ----------
    line
        Number of the line in the file, from 1.
    text
        The line as written, without the comment.
    value
        The expression of the value.
    gradients
        The expressions of the derivatives, one for each input.
    name
        The comment at the end of the line, without the ranges; empty if there is none.
    ranges
        The lowest and the highest value of column 0, 1, …, if the comment ends with
        them: ``# NAME: x0 in [1, 5], x1 in [0, 1]``. They are for people; no curve
        depends on them.
    """

    line: int
    text: str
    value: Expression
    gradients: tuple[Expression, ...]
    name: str = ""
    ranges: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class _Line:
    """A line that is not empty: its number, its text, and the comment behind it."""

    number: int
    text: str
    comment: str

    @property
    def definition(self) -> tuple[str, str] | None:
        """Name and expression if the line defines a part, such as ``u = 2*x[:,0]``."""
        matched = _PART.fullmatch(self.text)
        # In brackets, as in sin(x=1), the sign is a mistake within an expression.
        if matched is None or matched[1].count("(") != matched[1].count(")"):
            return None
        return matched[1].strip(), matched[2].strip()


@dataclass(frozen=True)
class _Written:
    """A function as its line has it: without the gradients that are derived."""

    line: _Line
    value: Expression
    gradients: list[Expression | None]

    @property
    def n_inputs(self) -> int:
        """Number of inputs that are read or have a gradient; at least one."""
        nodes = [self.value, *(part for part in self.gradients if part is not None)]
        columns = [
            leaf.column + 1
            for node in nodes
            for leaf in used(node)
            if isinstance(leaf, Input)
        ]
        return max([1, *columns, len(self.gradients)])


class _Reader:
    """Reads the lines of a library one after the other, and keeps its named parts.

    Parameters
    ----------
    defined
        The name of each part of the library, with the number of its line.
    """

    def __init__(self, defined: Mapping[str, int]) -> None:
        self._defined = defined
        self._parts: dict[str, Parsed] = {}
        self._used: set[str] = set()
        self._inputs: set[str] = set()

    def add_part(self, name: str, text: str) -> None:
        """Read a named part."""
        check_part_name(name, self._inputs)
        if ";" in text:
            raise LibraryError(
                f"the part '{name}' has a gradient; expected none: the derivatives of "
                "the functions that use it are derived"
            )
        if not text:
            raise LibraryError(f"the part '{name}' has no value; expected {name} = …")
        self._parts[name] = self._read(text)

    def read_function(self, line: _Line) -> _Written:
        """Read a function."""
        value, *written = line.text.split(";")
        if len(written) > MAX_INDEX + 1:
            raise LibraryError(
                f"{len(written)} gradients; expected at most {MAX_INDEX + 1}"
            )
        if not value.strip():
            raise LibraryError("no value; expected value;d/dx0;d/dx1;…")
        gradients = [self._read(part) if part.strip() else None for part in written]
        parsed = self._read(value)
        for expression in (parsed, *gradients):
            self._used |= expression.parts if expression is not None else set()
        return _Written(
            line,
            parsed.expression,
            [g.expression if g is not None else None for g in gradients],
        )

    @property
    def unused(self) -> list[str]:
        """The parts that no function uses."""
        return [name for name in self._parts if name not in self._used]

    def _read(self, text: str) -> Parsed:
        for name in _NAME.findall(text):
            if name in self._defined and name not in self._parts:
                raise LibraryError(
                    f"the part '{name}' is defined on line {self._defined[name]}; "
                    "expected a part that is defined on a line above this one"
                )
        parsed = read(text, self._parts)
        if parsed.input_name is not None:
            self._inputs.add(parsed.input_name)
        return parsed


def read_functions(text: str, where: str) -> tuple[tuple[Function, ...], int]:
    """Parse a library's text; return its functions and its number of inputs.

    Parameters
    ----------
    text
        One function a line, ``value;d/dx0;d/dx1;…``, or a named part, ``u = value``.
    where
        The name of the text in error messages.
    """
    lines = _lines(text)
    defined = _defined(lines, where)
    n_functions = len(lines) - len(defined)
    if not 1 <= n_functions <= MAX_FUNCTIONS:
        raise LibraryError(
            f"{where}: {n_functions} functions; expected 1 to {MAX_FUNCTIONS}, "
            "one a line"
        )
    reader = _Reader(defined)
    parsed = []
    length = 0
    for line in lines:
        with located(f"{where}:{line.number}"):
            if len(line.text) > MAX_LENGTH * 2:
                raise LibraryError(
                    f"a line of {len(line.text)} characters; expected at most "
                    f"{MAX_LENGTH * 2}"
                )
            if line.definition is not None:
                reader.add_part(*line.definition)
            else:
                parsed.append(reader.read_function(line))
            length += len(line.text)
            if length > MAX_CHARACTERS:
                raise LibraryError(
                    f"more than {MAX_CHARACTERS} characters up to this line, not "
                    "counting comments; split the library"
                )
    for name in reader.unused[-1:]:  # the last one, since no other part can use it
        raise LibraryError(
            f"{where}:{defined[name]}: no function uses the part '{name}'; use it, or "
            "remove the line"
        )
    n_inputs = max(function.n_inputs for function in parsed)
    n_terms = sum(count_terms([f.value, *f.gradients]) for f in parsed)
    if n_terms * n_inputs > MAX_DERIVED:
        raise LibraryError(
            f"{where}: {n_terms} terms × {n_inputs} inputs; expected at most "
            f"{MAX_DERIVED}, so that derivatives stay small: split the library"
        )
    functions = []
    for function in parsed:
        line, value = function.line, function.value
        derived = [derivative(value, column) for column in range(n_inputs)]
        with located(f"{where}:{line.number}"):
            gradients = _checked_gradients(value, function.gradients, derived)
        name, ranges = name_and_ranges(line.comment)
        functions.append(
            Function(line.number, line.text, value, gradients, name, ranges)
        )
    return tuple(functions), n_inputs


def count_terms(expressions: Iterable[Expression | None]) -> int:
    """Count the distinct nodes of some expressions."""
    present = (node for node in expressions if node is not None)
    return sum(1 for _ in distinct(present))


def cost(function: Function) -> int:
    """Estimate the cost of evaluating a function and its gradients, in terms."""
    nodes = distinct([function.value, *function.gradients])
    # A power takes about as long as four other operations.
    return sum(
        4 if isinstance(node, Binary) and node.operator == "**" else 1 for node in nodes
    )


def _lines(text: str) -> list[_Line]:
    # Not str.splitlines, which also splits at form feeds and Unicode separators.
    lines = []
    for number, raw in enumerate(re.split(r"\r\n?|\n", text), start=1):
        written, _, comment = raw.partition("#")
        if written.strip():
            lines.append(_Line(number, written.strip(), comment.strip()))
    return lines


def _defined(lines: Iterable[_Line], where: str) -> dict[str, int]:
    """Return the names of the parts, with the numbers of their lines."""
    defined: dict[str, int] = {}
    for line in lines:
        if line.definition is None:
            continue
        name, _ = line.definition
        with located(f"{where}:{line.number}"):
            check_part_name(name, set())
            if name in defined:
                raise LibraryError(
                    f"the part '{name}' is defined on line {defined[name]} already; "
                    "choose another name"
                )
            defined[name] = line.number
            if len(defined) > MAX_FUNCTIONS:
                raise LibraryError(
                    f"more than {MAX_FUNCTIONS} named parts; split the library"
                )
    return defined


def name_and_ranges(comment: str) -> tuple[str, tuple[tuple[float, float], ...]]:
    """Split a comment ``NAME: x0 in [1, 5], x1 in [0, 1]`` into name and ranges.

    Another comment is a name as a whole.
    """
    name, _, rest = comment.rpartition(":")
    ranges = []
    for column, item in enumerate(re.split(r"(?<=\]),", rest)):
        matched = _RANGE.fullmatch(item)
        try:
            low, high = map(float, matched.group(2, 3)) if matched else (0.0, 0.0)
        except ValueError:
            low = high = 0.0
        if not matched or int(matched[1]) != column or not low < high:
            return shown(comment, MAX_NAME), ()
        ranges.append((low, high))
    return shown(name.strip(), MAX_NAME), tuple(ranges)


def _checked_gradients(
    value: Expression,
    written: Sequence[Expression | None],
    derived: Sequence[Expression],
) -> tuple[Expression, ...]:
    """Return the written gradients, and derivatives where none is written.

    A written gradient that disagrees with the derivative is refused. One that agrees is
    kept, since another order of operations rounds differently.
    """
    gradients = list(derived)
    given = [(i, part) for i, part in enumerate(written) if part is not None]
    if not given:
        return tuple(gradients)
    rng = np.random.default_rng(0)
    # Points of several magnitudes, so that most expressions are finite at some of them.
    x = rng.standard_normal((N_POINTS, len(derived)))
    x *= 10.0 ** rng.uniform(-1, 1, (N_POINTS, 1))
    coefficients = {
        "N": rng.standard_normal((N_CURVES, MAX_INDEX + 1)),
        "U": rng.random((N_CURVES, MAX_INDEX + 1)),
        "S": rng.choice([-1.0, 1.0], (N_CURVES, MAX_INDEX + 1)),
    }
    for column, gradient in given:
        gradients[column] = gradient
        found, expected = (
            np.broadcast_to(np.asarray(part, float), (N_CURVES, N_POINTS))
            for part in evaluate([gradient, derived[column]], x, coefficients)
        )
        both = np.isfinite(found) & np.isfinite(expected)
        if not both.any():
            raise LibraryError(
                f"the gradient d/dx{column} is finite at none of {N_POINTS} random "
                "points, so it cannot be checked; leave it empty to have it derived"
            )
        with np.errstate(all="ignore"):
            error = np.where(both, np.abs(found - expected), 0.0)
            # Far above rounding, far below what a mistake in a formula makes.
            wrong = both & (error > 1e-6 * (1 + np.abs(expected)))
            wrong |= np.isfinite(expected) & ~np.isfinite(found)
        if wrong.any():
            curve, point = np.argwhere(wrong)[0]
            raise LibraryError(
                f"the gradient d/dx{column} is wrong: at x = "
                f"{np.array2string(x[point], precision=4)} it gives "
                f"{found[curve, point]:.6g} where the derivative of the value is "
                f"{expected[curve, point]:.6g}; correct it, or leave it empty to have "
                "it derived"
            )
    return tuple(gradients)
