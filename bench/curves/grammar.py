"""The grammar of a function library: text parsed by an allow-list.

`parse` accepts only what ``docs/libraries.md`` names. It walks Python's syntax tree and
never evaluates anything as Python.
"""

import ast
import keyword
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.base import LibraryError
from bench.curves import hints
from bench.curves.expressions import (
    CONSTANTS,
    FUNCTIONS,
    PAIRED_FUNCTIONS,
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
MAX_PART_NAME = 40

_COEFFICIENT = re.compile(r"([NUS])([0-9]{0,3})")
_PART_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KNOWN = (*FUNCTIONS, *PAIRED_FUNCTIONS)
# No input may have these names. Names that the grammar learned later are free, since
# a library written before may use them.
_NO_INPUTS = (*FUNCTIONS[:8], "np")
_MODULES = ("np", "numpy", "math")
_OPERATORS: dict[type, Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


@dataclass(frozen=True)
class Parsed:
    """An expression that was read, and its size with all parts written out.

    Attributes
    ----------
    expression
        The tree; each part of it is one node, wherever and however often it is used.
    n_nodes
        Number of terms.
    depth
        Number of levels below the root.
    input_name
        The name of the input; None if the expression reads none.
    parts
        The names of the parts that it uses, and of those that they use.
    """

    expression: Expression
    n_nodes: int
    depth: int
    input_name: str | None
    parts: frozenset[str]


def parse(text: str, parts: Mapping[str, Parsed] | None = None) -> Expression:
    """Read one expression; see `read`."""
    return read(text, parts).expression


def read(text: str, parts: Mapping[str, Parsed] | None = None) -> Parsed:
    """Read one expression, which may use named parts.

    Raises
    ------
    LibraryError
        If the text is outside the grammar, or exceeds its limits with all parts
        written out.
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
            "expected plain ASCII, as on a keyboard" + hints.for_character(refused[0])
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
    parser = _Parser(parts or {})
    expression = parser.read(tree.body, 0)
    return Parsed(
        expression,
        parser.nodes,
        parser.deepest,
        parser.input_name,
        frozenset(parser.used),
    )


def check_part_name(name: str, inputs: set[str]) -> None:
    """Refuse what cannot name a part; `inputs` are the names of inputs so far."""
    if not _PART_NAME.fullmatch(name) or len(name) > MAX_PART_NAME:
        raise LibraryError(
            f"'{_short(name)}' cannot name a part; expected a name such as u or "
            f"speed_2: letters, digits and _, at most {MAX_PART_NAME}"
        )
    meaning = None
    if name in CONSTANTS:
        meaning = "a constant"
    elif name in _KNOWN:
        meaning = "a function"
    elif re.fullmatch("[NUS][0-9]*", name):
        meaning = "a coefficient"
    elif name in ("x", "X") or name in inputs:
        meaning = "the input"
    elif name in _MODULES or keyword.iskeyword(name):
        meaning = "a word of the language"
    if meaning:
        raise LibraryError(
            f"'{name}' is {meaning} and cannot name a part; choose another name"
        )


class _Parser:
    """A walk over one syntax tree, which counts nodes and keeps the input's name."""

    def __init__(self, parts: Mapping[str, Parsed]) -> None:
        self.parts = parts
        self.nodes = 0
        self.deepest = 0
        self.input_name: str | None = None
        self.used: set[str] = set()

    def read(self, node: ast.expr, depth: int) -> Expression:
        self._count(1, depth)
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name) if name in self.parts:
                return self._part(name, depth)
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in CONSTANTS:
                return Constant(CONSTANTS[name])
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
            case ast.Call(
                func=ast.Name() | ast.Attribute() as function,
                args=arguments,
                keywords=[],
            ) if not any(isinstance(argument, ast.Starred) for argument in arguments):
                return self._call(node, self._function(function), arguments, depth)
        expected = (
            "; expected numbers, pi, e, x[:,0], N0, U0, S0, + - * / ** and the "
            f"functions {', '.join(_KNOWN)}"
        )
        raise LibraryError(
            f"'{_source(node)}' is outside the grammar{_remedy(node) or expected}"
        )

    def _count(self, n_nodes: int, depth: int) -> None:
        self.nodes += n_nodes
        self.deepest = max(self.deepest, depth)
        if self.deepest > MAX_DEPTH or self.nodes > MAX_NODES:
            written_out = " with all parts written out" if self.used else ""
            raise LibraryError(
                f"an expression of more than {MAX_DEPTH} levels or {MAX_NODES} terms"
                f"{written_out}; expected fewer: split it into several functions"
            )

    def _part(self, name: str, depth: int) -> Expression:
        part = self.parts[name]
        self.used |= {name, *part.parts}
        if part.input_name is not None:
            self._one_input(part.input_name)
        self._count(part.n_nodes - 1, depth + part.depth)  # the name itself is counted
        return part.expression

    def _one_input(self, name: str) -> None:
        if self.input_name not in (None, name):
            raise LibraryError(
                f"two inputs, '{self.input_name}' and '{name}', in one "
                "expression; expected columns of one input, such as x[:,0]"
            )
        self.input_name = name

    def _call(
        self, node: ast.Call, name: str, arguments: list[ast.expr], depth: int
    ) -> Expression:
        expected = 2 if name in PAIRED_FUNCTIONS else 1
        if len(arguments) != expected:
            instead = "; write log(a)/log(b), log2(a) or log10(a)"
            raise LibraryError(
                f"'{_source(node)}' is outside the grammar: {name} of "
                f"{len(arguments)} arguments; expected {expected}"
                + (instead if name == "log" and len(arguments) == 2 else "")
            )
        operands = [self.read(argument, depth + 1) for argument in arguments]
        for operator in PAIRED_FUNCTIONS:
            if name == operator:
                return _binary(operator, *operands)
        return _folded(Call(name, *operands))

    def _function(self, function: ast.expr) -> str:
        match function:
            case ast.Name(id=name) if name in self.parts:
                raise LibraryError(
                    f"'{name}' is a part, not a function; write a product as {name}*(…)"
                )
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="np"), attr=name):
                if name in _KNOWN:
                    return name
                hint = hints.for_function(name, _KNOWN)
                raise LibraryError(
                    f"unknown function '{_short(name)}'"
                    f"{hint or '. Known: ' + ', '.join(_KNOWN)}"
                )
        expected = f"; expected one of {', '.join(_KNOWN)}"
        raise LibraryError(
            f"'{_source(function)}' is not a function of the grammar"
            f"{_remedy(function) or expected}"
        )

    def _named(self, name: str) -> Expression:
        """Return the constant or the coefficient of a name."""
        if name in CONSTANTS:
            return Constant(CONSTANTS[name])
        matched = _COEFFICIENT.fullmatch(name)
        if matched is None:
            if name in _KNOWN:
                hint = f"; a function has its argument in brackets, as {name}(x[:,0])"
            else:
                hint = hints.for_name(name, (*CONSTANTS, *self.parts))
            expected = "; expected a constant, a coefficient or a part defined above"
            raise LibraryError(f"unknown name '{_short(name)}'{hint or expected}")
        index = int(matched[2] or 0)
        if index > MAX_INDEX:
            raise LibraryError(
                f"found the coefficient '{name}'; expected a number from 0 to "
                f"{MAX_INDEX}"
            )
        return Coefficient(matched[1], index)

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
                if _COEFFICIENT.fullmatch(name) or name in _NO_INPUTS:
                    raise LibraryError(f"'{name}' is reserved and cannot be an input")
                if name in self.parts:
                    raise LibraryError(f"'{name}' is a part and cannot be an input")
                self._one_input(name)
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


def _remedy(node: ast.expr) -> str:
    """Return what to write for a construct that other languages have."""
    match node:
        case ast.BinOp(op=ast.BitXor()):
            return "; write ** for powers"
        case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in _KNOWN:
            return f"; a function has its argument in brackets, as {name}(x[:,0])"
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            if name in _KNOWN or name in CONSTANTS:
                return f"; write {name} or np.{name}"
            if module in _MODULES and name in hints.NUMBERS_ELSEWHERE:
                return f"; write {hints.NUMBERS_ELSEWHERE[name]}"
            if module in _MODULES and name in hints.FUNCTIONS_ELSEWHERE:
                return f"; write {hints.FUNCTIONS_ELSEWHERE[name]}"
    return ""


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
