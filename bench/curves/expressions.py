"""Expressions of a function library: trees of frozen nodes, evaluated and derived.

`evaluate` keeps the order in which an expression is written, since rounding is part
of a curve.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Operator = Literal["+", "-", "*", "/", "**"]
KINDS = ("N", "U", "S")  # kinds of coefficients
FUNCTIONS = ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh")
# "sign" is not in the grammar: only the derivative of abs needs it.
_UFUNCS: dict[str, Any] = {name: getattr(np, name) for name in (*FUNCTIONS, "sign")}


@dataclass(frozen=True, eq=False)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, eq=False)
class Input:
    """A column of the input."""

    column: int


@dataclass(frozen=True, eq=False)
class Coefficient:
    """A random number that each curve draws once.

    ``N`` is standard normal, ``U`` uniform on [0, 1), ``S`` a random sign: -1 or 1.
    """

    kind: str
    index: int


@dataclass(frozen=True, eq=False)
class Call:
    """A function of one argument."""

    name: str
    argument: "Expression"


@dataclass(frozen=True, eq=False)
class Binary:
    """An operator with two operands."""

    operator: Operator
    left: "Expression"
    right: "Expression"


Expression = Constant | Input | Coefficient | Call | Binary


def distinct(expressions: Iterable[Expression]) -> Iterator[Expression]:
    """Yield every node of some expressions once, from left to right."""
    seen: set[int] = set()
    pending = list(expressions)[::-1]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        match node:
            case Call():
                pending.append(node.argument)
            case Binary():
                pending += (node.right, node.left)


def used(expression: Expression) -> list[Input | Coefficient]:
    """List the inputs and coefficients that an expression reads."""
    nodes = distinct([expression])
    return [node for node in nodes if isinstance(node, Input | Coefficient)]


def evaluate(
    expressions: Sequence[Expression],
    x: np.ndarray,
    coefficients: dict[str, np.ndarray],
) -> list[Any]:
    """Evaluate expressions over curves and points; shared nodes are computed once.

    Parameters
    ----------
    expressions
        Trees, evaluated in the order written.
    x : array of shape (n_points, n_inputs)
        The points; their dtype is that of the arithmetic.
    coefficients : {"N": (n_curves, n_normal), "U": …, "S": …}
        The random numbers of the curves by their kind, in the dtype of `x`.

    Returns
    -------
    list
        For each expression an array that broadcasts to (n_curves, n_points).
        Constants stay Python floats, which do not raise the precision.
    """
    computed: dict[int, Any] = {}
    with np.errstate(all="ignore"):  # the caller checks that values are finite
        return [_value(node, x, coefficients, computed) for node in expressions]


# Not nested in `evaluate`: a closure that calls itself is a reference cycle, which
# would keep every array of a block alive until the garbage collector runs.
def _value(
    node: Expression,
    x: np.ndarray,
    coefficients: dict[str, np.ndarray],
    computed: dict[int, Any],
) -> Any:
    if id(node) in computed:
        return computed[id(node)]
    value: Any
    match node:
        case Constant(value=number):  # a Python float, which keeps float32 as it is
            value = number
        case Input(column=column):
            value = x[None, :, column]
        case Coefficient(kind=kind, index=index):
            value = coefficients[kind][:, index, None]
        case Call(name=name, argument=argument):
            inner = _value(argument, x, coefficients, computed)
            value = _UFUNCS[name](inner)
            value = float(value) if type(inner) is float else value
        case Binary(operator=operator, left=left, right=right):
            value = _apply(
                operator,
                _value(left, x, coefficients, computed),
                _value(right, x, coefficients, computed),
            )
    computed[id(node)] = value
    return value


def _apply(operator: str, left: Any, right: Any) -> Any:
    if type(left) is float and type(right) is float:
        # np.float64, so that 1/0 is an infinity and not an exception; then a Python
        # float again, since a NumPy float64 would turn float32 arrays into float64.
        return float(_apply(operator, np.float64(left), right))
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
    return left**right


_ZERO: Expression = Constant(0.0)
_ONE: Expression = Constant(1.0)


def derivative(expression: Expression, column: int) -> Expression:
    """Differentiate with respect to one column of the input.

    Terms that are zero and factors that are one are dropped; nothing else is
    simplified. The result shares subtrees with the expression, so that evaluating both
    together costs little more than one of them.
    """
    match expression:
        case Constant() | Coefficient():
            return _ZERO
        case Input(column=read):
            return _ONE if read == column else _ZERO
        case Call(name=name, argument=u):
            du = derivative(u, column)
            if du is _ZERO:
                return _ZERO
            return _times(_derivative_of_call(name, u, expression), du)
        case Binary(operator="**", left=u, right=v):
            return _power(expression, u, v, column)
        case Binary(operator=operator, left=u, right=v):
            du, dv = derivative(u, column), derivative(v, column)
            match operator:
                case "+":
                    return _plus(du, dv)
                case "-":
                    return _minus(du, dv)
                case "*":
                    return _plus(_times(du, v), _times(u, dv))
    # What is left is a quotient: (u/v)' = (u' - (u/v) v') / v.
    if dv is _ZERO:
        return _over(du, v)
    return _over(_minus(du, _times(_over(u, v), dv)), v)


def _derivative_of_call(name: str, u: Expression, f: Expression) -> Expression:
    """Differentiate f = name(u) with respect to u."""
    match name:
        case "sin":
            return Call("cos", u)
        case "cos":
            return _times(Constant(-1.0), Call("sin", u))
        case "tan":
            return _plus(_ONE, Binary("**", f, Constant(2.0)))
        case "exp":
            return f
        case "log":
            return _over(_ONE, u)
        case "sqrt":
            return _over(Constant(0.5), f)
        case "tanh":
            return _minus(_ONE, Binary("**", f, Constant(2.0)))
    return Call("sign", u)  # the derivative of abs; at its kink it is taken to be 0


def _power(f: Expression, u: Expression, v: Expression, column: int) -> Expression:
    """Differentiate f = u**v: v u**(v-1) u' + f log(u) v'."""
    du, dv = derivative(u, column), derivative(v, column)
    first = second = _ZERO
    if du is not _ZERO:
        if isinstance(v, Constant):
            lower: Expression = Constant(v.value - 1)
        else:
            lower = Binary("-", v, _ONE)
        match v:
            case Constant(value=1.0):
                first = du
            case Constant(value=2.0):
                first = _times(_times(v, u), du)
            case _:
                first = _times(_times(v, Binary("**", u, lower)), du)
    if dv is not _ZERO:
        second = _times(_times(f, Call("log", u)), dv)
    return _plus(first, second)


def _is(expression: Expression, value: float) -> bool:
    return isinstance(expression, Constant) and expression.value == value


def _plus(left: Expression, right: Expression) -> Expression:
    if _is(left, 0):
        return right
    return left if _is(right, 0) else Binary("+", left, right)


def _minus(left: Expression, right: Expression) -> Expression:
    if _is(left, 0):
        return _times(Constant(-1.0), right)
    return left if _is(right, 0) else Binary("-", left, right)


def _times(left: Expression, right: Expression) -> Expression:
    if _is(left, 0) or _is(right, 0):
        return _ZERO
    if _is(left, 1):
        return right
    return left if _is(right, 1) else Binary("*", left, right)


def _over(left: Expression, right: Expression) -> Expression:
    return _ZERO if _is(left, 0) else Binary("/", left, right)
