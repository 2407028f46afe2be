"""Functions of a library's text: lines parsed, derived, and their gradients checked."""

import re
from collections.abc import Iterable, Sequence
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
from bench.curves.grammar import MAX_INDEX, MAX_LENGTH, parse

MAX_FUNCTIONS = 1_000
MAX_CHARACTERS = 120_000  # in all lines together, without comments
MAX_DERIVED = 100_000  # terms × inputs, which the size of the derivatives grows with
MAX_NAME = 40  # characters of a comment that are kept as a name
N_CURVES, N_POINTS = 16, 32  # size of the sample on which a written gradient is checked


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
        The comment at the end of the line; empty if there is none.
    """

    line: int
    text: str
    value: Expression
    gradients: tuple[Expression, ...]
    name: str = ""


def read_functions(text: str, where: str) -> tuple[tuple[Function, ...], int]:
    """Parse a library's text; return its functions and its number of inputs.

    Parameters
    ----------
    text
        One function a line, ``value;d/dx0;d/dx1;…``.
    where
        The name of the text in error messages.
    """
    # Not str.splitlines, which also splits at form feeds and Unicode separators.
    lines = []
    for number, raw in enumerate(re.split(r"\r\n?|\n", text), start=1):
        written, _, comment = raw.partition("#")
        if line := written.strip():
            lines.append((number, line, shown(comment.strip(), MAX_NAME)))
    if not lines or len(lines) > MAX_FUNCTIONS:
        raise LibraryError(
            f"{where}: {len(lines)} functions; expected 1 to {MAX_FUNCTIONS}, "
            "one a line"
        )
    parsed = []
    length = 0
    for number, line, name in lines:
        with located(f"{where}:{number}"):
            parsed.append((number, name, *_read_line(line)))
            length += len(line)
            if length > MAX_CHARACTERS:
                raise LibraryError(
                    f"more than {MAX_CHARACTERS} characters up to this line, not "
                    "counting comments; split the library"
                )
    n_inputs = max(_count_inputs(value, written) for *_, value, written in parsed)
    n_terms = sum(count_terms([value, *written]) for *_, value, written in parsed)
    if n_terms * n_inputs > MAX_DERIVED:
        raise LibraryError(
            f"{where}: {n_terms} terms × {n_inputs} inputs; expected at most "
            f"{MAX_DERIVED}, so that derivatives stay small: split the library"
        )
    functions = []
    for number, name, line, value, written in parsed:
        derived = [derivative(value, column) for column in range(n_inputs)]
        with located(f"{where}:{number}"):
            gradients = _checked_gradients(value, written, derived)
        functions.append(Function(number, line, value, gradients, name))
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


def _read_line(line: str) -> tuple[str, Expression, list[Expression | None]]:
    if len(line) > MAX_LENGTH * 2:
        raise LibraryError(
            f"a line of {len(line)} characters; expected at most {MAX_LENGTH * 2}"
        )
    value, *written = line.split(";")
    if len(written) > MAX_INDEX + 1:
        raise LibraryError(
            f"{len(written)} gradients; expected at most {MAX_INDEX + 1}"
        )
    if not value.strip():
        raise LibraryError("no value; expected value;d/dx0;d/dx1;…")
    gradients = [parse(part) if part.strip() else None for part in written]
    return line, parse(value), gradients


def _count_inputs(value: Expression, written: Sequence[Expression | None]) -> int:
    """Count the inputs that a line reads or gives a gradient for; at least one."""
    nodes = [value, *(part for part in written if part is not None)]
    columns = [
        leaf.column + 1
        for node in nodes
        for leaf in used(node)
        if isinstance(leaf, Input)
    ]
    return max([1, *columns, len(written)])


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
