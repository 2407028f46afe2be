"""The lines of a function library: parsed, derived, and their gradients checked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.derivatives import derivative
from bench.errors import LibraryError, located
from bench.expressions import Expression, Input, evaluate, used
from bench.grammar import MAX_INDEX, MAX_LENGTH, parse

MAX_FUNCTIONS = 1_000


@dataclass(frozen=True)
class Function:
    """One line of a library: its value and its derivative for each input."""

    line: int
    text: str
    value: Expression
    gradients: tuple[Expression, ...]


def read_functions(text: str, where: str) -> tuple[tuple[Function, ...], int]:
    """Parse a library's text; return its functions and how many inputs it has.

    Parameters
    ----------
    text
        One function a line, ``value;d/dx0;d/dx1;…``.
    where
        What to call the text in an error.
    """
    lines = [
        (number, line.split("#", 1)[0].strip())
        for number, line in enumerate(text.splitlines(), start=1)
    ]
    lines = [(number, line) for number, line in lines if line]
    if not lines or len(lines) > MAX_FUNCTIONS:
        raise LibraryError(
            f"{where}: {len(lines)} functions; expected 1 to {MAX_FUNCTIONS}, "
            "one a line"
        )
    read = []
    for number, line in lines:
        with located(f"{where}:{number}"):
            read.append((number, *_read_line(line)))
    n_inputs = max(_width(value, written) for _, _, value, written in read)
    functions = []
    for number, line, value, written in read:
        derived = [derivative(value, column) for column in range(n_inputs)]
        with located(f"{where}:{number}"):
            gradients = _checked(value, written, derived)
        functions.append(Function(number, line, value, gradients))
    return tuple(functions), n_inputs


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
    rng = np.random.default_rng(0)
    # Points of several magnitudes, so that most expressions are finite somewhere.
    x = rng.standard_normal((64, len(derived))) * 10.0 ** rng.uniform(-1, 1, (64, 1))
    coefficients = {
        "N": rng.standard_normal((32, MAX_INDEX + 1)),
        "U": rng.random((32, MAX_INDEX + 1)),
    }
    chosen = []
    for column, own in enumerate(derived):
        theirs = written[column] if column < len(written) else None
        chosen.append(own if theirs is None else theirs)
        if theirs is None:
            continue
        found, expected = (
            np.broadcast_to(np.asarray(part, float), (32, 64))
            for part in evaluate([theirs, own], x, coefficients)
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
