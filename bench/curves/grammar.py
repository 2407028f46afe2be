"""The grammar of a function library: text parsed by an allow-list.

`parse` accepts only what ``funs/README.md`` names. It walks Python's syntax tree and
never evaluates anything as Python.
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
        If the text is outside the grammar or exceeds its limits.
    """
    if len(text) > MAX_LENGTH:
        raise LibraryError(
            f"an expression of {len(text)} characters; expected at most {MAX_LENGTH}"
        )
    # Refuses look-alikes, such as a Cyrillic x, and characters that reorder or hide
    # text in an editor.
    refused = [c for c in text.strip() if c != "\t" and not " " <= c <= "~"]
    if refused:
        raise LibraryError(
            f"'{_short(text)}' is not an expression: it holds U+{ord(refused[0]):04X}; "
            "expected plain ASCII, as on a keyboard"
        )
    try:
        with warnings.catch_warnings():
            # Python warns of doubtful syntax, such as 1(x); here it is an error.
            warnings.simplefilter("error")
            tree = ast.parse(text.strip(), mode="eval")
    except (
        SyntaxError,
        SyntaxWarning,
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        raise LibraryError(f"'{_short(text)}' is not an expression: {reason}") from None
    return _Parser().read(tree.body, 0)


class _Parser:
    """A walk over one syntax tree, which counts nodes and keeps the input's name."""

    def __init__(self) -> None:
        self.nodes = 0
        self.input_name: str | None = None

    def read(self, node: ast.expr, depth: int) -> Expression:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise LibraryError(
                f"an expression of more than {MAX_DEPTH} levels or {MAX_NODES} terms; "
                "expected fewer: split it into several functions"
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
            f"'{_source(node)}' is not a column of the input; "
            f"expected x[:,0] to x[:,{MAX_INDEX}]"
        )


def _constant(value: object) -> Constant:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LibraryError(f"'{_short(repr(value))}' is not a number")
    if not abs(value) <= MAX_CONSTANT:  # also refuses nan
        raise LibraryError(
            f"the constant {_short(str(value))}; expected a magnitude of at most "
            f"{MAX_CONSTANT:g}"
        )
    return Constant(float(value))


def _coefficient(name: str) -> Coefficient:
    matched = _COEFFICIENT.fullmatch(name)
    if matched is None:
        hint = did_you_mean(name, FUNCTIONS)
        if name.lower() in ("x", "x0", "x1"):
            hint = "; write a column of the input as x[:,0]"
        raise LibraryError(f"unknown name '{_short(name)}'{hint}")
    index = int(matched[2] or 0)
    if index > MAX_INDEX:
        raise LibraryError(
            f"found the coefficient '{name}'; expected a number from 0 to {MAX_INDEX}"
        )
    return Coefficient(matched[1], index)


def _function_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="np"), attr=name):
            if name in FUNCTIONS:
                return name
            raise LibraryError(
                f"unknown function '{_short(name)}'{did_you_mean(name, FUNCTIONS)}. "
                f"Known: {', '.join(FUNCTIONS)}"
            )
    raise LibraryError(
        f"'{_source(function)}' is not a function of the grammar; expected one of "
        f"{', '.join(FUNCTIONS)}"
    )


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
    """Evaluate a node whose operands are constants, in double precision as Python."""
    match node:
        case Call(argument=Constant()) | Binary(left=Constant(), right=Constant()):
            value = float(evaluate([node], np.zeros((1, 1)), {})[0])
            if not abs(value) <= MAX_CONSTANT:
                raise LibraryError(
                    f"a constant part has the value {value:g}; expected a finite "
                    f"number of magnitude at most {MAX_CONSTANT:g}"
                )
            return Constant(value)
    return node


def _source(node: ast.expr) -> str:
    try:
        return _short(ast.unparse(node))
    except RecursionError:
        return "an expression nested too deeply to show"


def _short(text: str) -> str:
    """Return a text for a message: at most 60 characters, non-ASCII ones escaped."""
    text = text if len(text) <= 60 else text[:57] + "..."
    return "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in text)
