"""The symbolic derivative of a library's expression."""

from bench.expressions import Binary, Call, Coefficient, Constant, Expression, Input

_ZERO: Expression = Constant(0.0)
_ONE: Expression = Constant(1.0)


def derivative(expression: Expression, column: int) -> Expression:
    """Differentiate with respect to one column of the input.

    Zeros and ones are dropped on the way; nothing else is simplified. Subtrees are
    shared with the expression, so that evaluating both together costs little more.
    """
    match expression:
        case Constant() | Coefficient():
            return _ZERO
        case Input(column=own):
            return _ONE if own == column else _ZERO
        case Call(name=name, argument=u):
            du = derivative(u, column)
            return _ZERO if du is _ZERO else _times(_outer(name, u, expression), du)
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
    if dv is _ZERO:
        return _over(du, v)
    return _over(_minus(du, _times(_over(u, v), dv)), v)


def _outer(name: str, u: Expression, f: Expression) -> Expression:
    """Differentiate a function, f = name(u), with respect to u."""
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
    return Call("sign", u)  # of abs; at its kink the derivative is taken to be 0


def _power(f: Expression, u: Expression, v: Expression, column: int) -> Expression:
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
