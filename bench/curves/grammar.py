"""Reading the arithmetic of a function library, by allow-list.

`parse` admits only what ``funs/README.md`` names, over Python's syntax tree; nothing
is ever evaluated as Python.
"""

import ast
import re
import warnings

import numpy as np

from bench.base import LibraryError, did_you_mean
from bench.curves.expressions import (
    FUNCTIONS,
    Binary,
    Call,
    Coefficient,
    Constant,
    Expression,
    Input,
    Operator,
    evaluate,
)

MAX_LENGTH = 2_000
MAX_DEPTH = 150  # a derivative is up to three times as deep; Python stops at 1000
MAX_NODES = 1_000
MAX_CONSTANT = 1e12
MAX_EXPONENT = 32
MAX_INDEX = 99

_COEFFICIENT = re.compile(r"([NUS])([0-9]{0,3})")
_OPERATORS: dict[type, Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


def parse(text: str) -> Expression:
    """Read one expression.

    Raises
    ------
    LibraryError
        At anything outside the grammar or beyond its limits.
    """
    if len(text) > MAX_LENGTH:
        raise LibraryError(
            f"an expression of {len(text)} characters; at most {MAX_LENGTH} are read"
        )
    # Look-alikes such as a Cyrillic x, and what reorders or hides a line, stay out.
    strange = [c for c in text.strip() if c != "\t" and not " " <= c <= "~"]
    if strange:
        raise LibraryError(
            f"'{_short(text)}' is no expression: it holds U+{ord(strange[0]):04X}; "
            "expected plain ASCII, as on a keyboard"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python's doubts about syntax are ours
            tree = ast.parse(text.strip(), mode="eval")
    except (
        SyntaxError,
        SyntaxWarning,
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        raise LibraryError(f"'{_short(text)}' is no expression: {reason}") from None
    return _Parser().read(tree.body, 0)


class _Parser:
    """Counts what it has read, and remembers the name of the input."""

    def __init__(self) -> None:
        self.nodes = 0
        self.input_name: str | None = None

    def read(self, node: ast.expr, depth: int) -> Expression:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise LibraryError(
                f"an expression of more than {MAX_DEPTH} levels or {MAX_NODES} terms; "
                "split it into several functions"
            )
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name):
                return _coefficient(name)
            case ast.Subscript():
                return self._input(node)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.read(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.USub()):
                return _folded(
                    Binary("*", Constant(-1.0), self.read(node.operand, depth + 1))
                )
            case ast.BinOp(op=op) if type(op) in _OPERATORS:
                left = self.read(node.left, depth + 1)
                right = self.read(node.right, depth + 1)
                return _binary(_OPERATORS[type(op)], left, right)
            case ast.Call(func=function, args=[argument], keywords=[]) if not (
                isinstance(argument, ast.Starred)
            ):
                name = _function_name(function)
                return _folded(Call(name, self.read(argument, depth + 1)))
        raise LibraryError(
            f"'{_source(node)}' is outside the grammar; expected numbers, "
            "x[:,0], N0, U0, S0, + - * / ** and the functions " + ", ".join(FUNCTIONS)
        )

    def _input(self, node: ast.Subscript) -> Input:
        match node:
            case ast.Subscript(
                value=ast.Name(id=name),
                slice=ast.Tuple(
                    elts=[
                        ast.Slice(lower=None, upper=None, step=None),
                        ast.Constant(value=int(column)),
                    ]
                ),
            ) if not isinstance(column, bool) and 0 <= column <= MAX_INDEX:
                if _COEFFICIENT.fullmatch(name) or name in (*FUNCTIONS, "np"):
                    raise LibraryError(f"'{name}' is reserved and cannot be an input")
                if self.input_name not in (None, name):
                    raise LibraryError(
                        f"two inputs, '{self.input_name}' and '{name}', in one "
                        "expression; expected columns of one input, such as x[:,0]"
                    )
                self.input_name = name
                return Input(column)
        raise LibraryError(
            f"'{_source(node)}' is no column of the input; "
            f"expected x[:,0] to x[:,{MAX_INDEX}]"
        )


def _constant(value: object) -> Constant:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LibraryError(f"'{_short(repr(value))}' is no number")
    if not abs(value) <= MAX_CONSTANT:
        raise LibraryError(f"a constant beyond {MAX_CONSTANT:g}: {_short(str(value))}")
    return Constant(float(value))


def _coefficient(name: str) -> Coefficient:
    found = _COEFFICIENT.fullmatch(name)
    if found is None:
        hint = did_you_mean(name, FUNCTIONS)
        if name.lower() in ("x", "x0", "x1"):
            hint = "; write a column of the input as x[:,0]"
        raise LibraryError(f"unknown name '{_short(name)}'{hint}")
    index = int(found[2] or 0)
    if index > MAX_INDEX:
        raise LibraryError(f"'{name}': coefficients go from 0 to {MAX_INDEX}")
    return Coefficient(found[1], index)


def _function_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="np"), attr=name):
            if name in FUNCTIONS:
                return name
            raise LibraryError(
                f"unknown function '{_short(name)}'{did_you_mean(name, FUNCTIONS)}. "
                f"Known: {', '.join(FUNCTIONS)}"
            )
    raise LibraryError(f"'{_source(function)}' is not callable here")


def _binary(operator: Operator, left: Expression, right: Expression) -> Expression:
    if (
        operator == "**"
        and isinstance(right, Constant)
        and abs(right.value) > MAX_EXPONENT
    ):
        raise LibraryError(
            f"an exponent of {right.value:g}; expected -{MAX_EXPONENT} to "
            f"{MAX_EXPONENT}"
        )
    return _folded(Binary(operator, left, right))


def _folded(node: Call | Binary) -> Expression:
    """Work out what holds constants only, as Python would have, in double precision."""
    match node:
        case Call(argument=Constant()) | Binary(left=Constant(), right=Constant()):
            value = float(evaluate([node], np.zeros((1, 1)), {})[0])
            if not abs(value) <= MAX_CONSTANT:
                raise LibraryError(
                    f"a constant part comes to {value:g}; expected a finite number of "
                    f"magnitude at most {MAX_CONSTANT:g}"
                )
            return Constant(value)
    return node


def _source(node: ast.expr) -> str:
    try:
        return _short(ast.unparse(node))
    except RecursionError:
        return "an expression nested too deeply to show"


def _short(text: str) -> str:
    """Return a text as part of a message: cut, with escapes where it is not ASCII."""
    text = text if len(text) <= 60 else text[:57] + "..."
    return "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in text)
