"""Expressions of a function library: trees of frozen nodes, evaluated and derived.

`evaluate` keeps the order in which an expression is written, since rounding is part
of a curve.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# "minimum" and "maximum" are written as functions, but have two operands as well.
Operator = Literal["+", "-", "*", "/", "**", "minimum", "maximum"]
KINDS = ("N", "U", "S")  # kinds of coefficients
FUNCTIONS = (
    *("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh"),
    *("sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"),
    *("log10", "log2", "square", "cbrt", "sign"),
)
PAIRED_FUNCTIONS: tuple[Operator, ...] = ("minimum", "maximum")  # of two arguments
CONSTANTS = {"pi": np.pi, "e": np.e}
_UFUNCS: dict[str, Any] = {name: getattr(np, name) for name in FUNCTIONS}


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


@dataclass(frozen=True, eq=False)
class Choice:
    """`below` where left < right, `above` where left > right, else their mean.

    The derivatives of minimum and maximum need it; it is not in the grammar.
    """

    left: "Expression"
    right: "Expression"
    below: "Expression"
    above: "Expression"


Expression = Constant | Input | Coefficient | Call | Binary | Choice


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
            case Choice():
                pending += (node.above, node.below, node.right, node.left)


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
        case Choice():
            left, right, below, above = (
                _value(operand, x, coefficients, computed)
                for operand in (node.left, node.right, node.below, node.above)
            )
            value = _choose(left, right, below, above, x.dtype)
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
        case "minimum":
            return np.minimum(left, right)
        case "maximum":
            return np.maximum(left, right)
    return left**right


def _choose(left: Any, right: Any, below: Any, above: Any, dtype: Any) -> Any:
    # Of two Python floats np.where would make an array in double precision.
    below, above = np.asarray(below, dtype), np.asarray(above, dtype)
    mean = (below + above) / 2
    return np.where(left < right, below, np.where(left > right, above, mean))


_ZERO: Expression = Constant(0.0)
_ONE: Expression = Constant(1.0)


def derivative(expression: Expression, column: int) -> Expression:
    """Differentiate with respect to one column of the input.

    Terms that are zero and factors that are one are dropped; nothing else is
    simplified. The result shares subtrees with the expression, so that evaluating both
    together costs little more than one of them. A node that occurs in several places
    is differentiated once.

    Where abs, sign, minimum or maximum have a kink or a step, the derivative is the
    mean of those on both sides: 0 for abs(u) at u = 0.
    """
    return _derivative(expression, column, {})


def _derivative(f: Expression, column: int, known: dict[int, Expression]) -> Expression:
    """Differentiate; `known` holds the derivatives of the nodes so far, by their id."""
    if id(f) not in known:
        known[id(f)] = _derivative_of_node(f, column, known)
    return known[id(f)]


def _derivative_of_node(
    f: Expression, column: int, known: dict[int, Expression]
) -> Expression:
    match f:
        case Constant() | Coefficient():
            return _ZERO
        case Input(column=read):
            return _ONE if read == column else _ZERO
        case Call(name=name, argument=u):
            du = _derivative(u, column, known)
            if du is _ZERO:
                return _ZERO
            return _times(_derivative_of_call(name, u, f), du)
        case Binary(operator=operator, left=u, right=v):
            du = _derivative(u, column, known)
            dv = _derivative(v, column, known)
        case Choice(left=left, right=right, below=u, above=v):
            du = _derivative(u, column, known)
            dv = _derivative(v, column, known)
            return _choice(left, right, du, dv)
    match operator:
        case "+":
            return _plus(du, dv)
        case "-":
            return _minus(du, dv)
        case "*":
            return _plus(_times(du, v), _times(u, dv))
        case "**":
            return _derivative_of_power(f, u, v, du, dv)
        case "minimum":
            return _choice(u, v, du, dv)
        case "maximum":
            return _choice(u, v, dv, du)
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
        case "log10":
            return _over(Constant(1 / math.log(10)), u)
        case "log2":
            return _over(Constant(1 / math.log(2)), u)
        case "sqrt":
            return _over(Constant(0.5), f)
        case "cbrt":
            return _over(Constant(1 / 3), Call("square", f))
        case "square":
            return _times(Constant(2.0), u)
        case "sinh":
            return Call("cosh", u)
        case "cosh":
            return Call("sinh", u)
        case "tanh":
            return _minus(_ONE, Binary("**", f, Constant(2.0)))
        case "arcsin":
            return _over(_ONE, Call("sqrt", _one_minus_square(u)))
        case "arccos":
            return _over(Constant(-1.0), Call("sqrt", _one_minus_square(u)))
        case "arctan":
            return _over(_ONE, _plus(_ONE, Call("square", u)))
        case "arcsinh":
            return _over(_ONE, Call("sqrt", _plus(_ONE, Call("square", u))))
        case "arccosh":
            # Two roots, so that points left of 1 have no derivative, as no value.
            roots = _times(Call("sqrt", _minus(u, _ONE)), Call("sqrt", _plus(u, _ONE)))
            return _over(_ONE, roots)
        case "arctanh":
            return _over(_ONE, _one_minus_square(u))
        case "sign":
            return _ZERO
    return Call("sign", u)  # the derivative of abs


def _one_minus_square(u: Expression) -> Expression:
    """Return (1 - u) (1 + u), which near u = 1 rounds far less than 1 - u**2."""
    return _times(_minus(_ONE, u), _plus(_ONE, u))


def _derivative_of_power(
    f: Expression, u: Expression, v: Expression, du: Expression, dv: Expression
) -> Expression:
    """Differentiate f = u**v: v u**(v-1) u' + f log(u) v'."""
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


def _choice(
    left: Expression, right: Expression, below: Expression, above: Expression
) -> Expression:
    if below is _ZERO and above is _ZERO:
        return _ZERO
    return below if below is above else Choice(left, right, below, above)


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
