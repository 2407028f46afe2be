"""The lines of a function library: parsed, derived, and their gradients checked."""

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
MAX_CHARACTERS = 120_000  # of all lines together, without comments
MAX_DERIVED = 100_000  # terms × inputs: what the derivatives are made from
MAX_NAME = 40  # characters of a comment that are taken for a name
N_CURVES, N_POINTS = 16, 32  # on which a written gradient is compared


@dataclass(frozen=True)
class Function:
    """One line of a library: its value and its derivative for each input.

    Attributes
    ----------
    line
        Its number in the file, from 1.
    text
        As written, without the comment.
    value, gradients
        The expressions, a gradient for each input.
    name
        The comment at the end of the line; empty without.
    """

    line: int
    text: str
    value: Expression
    gradients: tuple[Expression, ...]
    name: str = ""


def read_functions(text: str, where: str) -> tuple[tuple[Function, ...], int]:
    """Parse a library's text; return its functions and how many inputs it has.

    Parameters
    ----------
    text
        One function a line, ``value;d/dx0;d/dx1;…``.
    where
        What to call the text in an error.
    """
    # Not splitlines, which takes other characters for the end of a line too.
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
    read = []
    length = 0
    for number, line, name in lines:
        with located(f"{where}:{number}"):
            read.append((number, name, *_read_line(line)))
            length += len(line)
            if length > MAX_CHARACTERS:
                raise LibraryError(
                    f"more than {MAX_CHARACTERS} characters by this line, comments "
                    "left out; split the library"
                )
    n_inputs = max(_width(value, written) for *_, value, written in read)
    n_terms = sum(count_terms([value, *written]) for *_, value, written in read)
    if n_terms * n_inputs > MAX_DERIVED:
        raise LibraryError(
            f"{where}: {n_terms} terms × {n_inputs} inputs; at most {MAX_DERIVED} "
            "are derived: split the library"
        )
    functions = []
    for number, name, line, value, written in read:
        derived = [derivative(value, column) for column in range(n_inputs)]
        with located(f"{where}:{number}"):
            gradients = _checked(value, written, derived)
        functions.append(Function(number, line, value, gradients, name))
    return tuple(functions), n_inputs


def count_terms(expressions: Iterable[Expression | None]) -> int:
    """Count the nodes of some expressions, those that they share once."""
    written = (node for node in expressions if node is not None)
    return sum(1 for _ in distinct(written))


def cost(function: Function) -> int:
    """Count the terms of a function and its gradients, a power as the four it takes."""
    nodes = distinct([function.value, *function.gradients])
    return sum(
        4 if isinstance(node, Binary) and node.operator == "**" else 1 for node in nodes
    )


def _read_line(line: str) -> tuple[str, Expression, list[Expression | None]]:
    if len(line) > MAX_LENGTH * 2:
        raise LibraryError(
            f"a line of {len(line)} characters; at most {MAX_LENGTH * 2} are read"
        )
    value, *written = line.split(";")
    if len(written) > MAX_INDEX + 1:
        raise LibraryError(f"{len(written)} gradients; at most {MAX_INDEX + 1}")
    if not value.strip():
        raise LibraryError("no value; expected value;d/dx0;d/dx1;…")
    parts = [parse(part) if part.strip() else None for part in written]
    return line, parse(value), parts


def _width(value: Expression, written: Sequence[Expression | None]) -> int:
    nodes = [value, *(part for part in written if part is not None)]
    columns = [
        leaf.column + 1
        for node in nodes
        for leaf in used(node)
        if isinstance(leaf, Input)
    ]
    return max([1, *columns, len(written)])


def _checked(
    value: Expression,
    written: Sequence[Expression | None],
    derived: Sequence[Expression],
) -> tuple[Expression, ...]:
    """Take each written gradient that agrees with the derivative, else the latter."""
    chosen = list(derived)
    given = [(i, part) for i, part in enumerate(written) if part is not None]
    if not given:
        return tuple(chosen)
    rng = np.random.default_rng(0)
    # Points of several magnitudes, so that most expressions are finite somewhere.
    x = rng.standard_normal((N_POINTS, len(derived)))
    x *= 10.0 ** rng.uniform(-1, 1, (N_POINTS, 1))
    coefficients = {
        "N": rng.standard_normal((N_CURVES, MAX_INDEX + 1)),
        "U": rng.random((N_CURVES, MAX_INDEX + 1)),
        "S": rng.choice([-1.0, 1.0], (N_CURVES, MAX_INDEX + 1)),
    }
    for column, theirs in given:
        chosen[column] = theirs
        found, expected = (
            np.broadcast_to(np.asarray(part, float), (N_CURVES, N_POINTS))
            for part in evaluate([theirs, derived[column]], x, coefficients)
        )
        both = np.isfinite(found) & np.isfinite(expected)
        if not both.any():
            raise LibraryError(
                f"the gradient d/dx{column} is finite nowhere on a probe, so it cannot "
                "be checked; leave it empty to have it derived"
            )
        with np.errstate(all="ignore"):
            gap = np.where(both, np.abs(found - expected), 0.0)
            wrong = both & (gap > 1e-6 * (1 + np.abs(expected)))
            wrong |= np.isfinite(expected) & ~np.isfinite(found)
        if wrong.any():
            curve, point = np.argwhere(wrong)[0]
            raise LibraryError(
                f"the gradient d/dx{column} is wrong: at x = "
                f"{np.array2string(x[point], precision=4)} it gives "
                f"{found[curve, point]:.6g} where the derivative of the value is "
                f"{expected[curve, point]:.6g}; mend it, or leave it empty to have it "
                "derived"
            )
    return tuple(chosen)
