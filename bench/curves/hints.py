"""What to write instead: remedies for spellings of other tools and of handwriting."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

import numpy as np

# Names of functions elsewhere → what a library writes for them.
FUNCTIONS_ELSEWHERE = {
    **dict.fromkeys(("ln", "loge", "logn"), "log"),
    **dict.fromkeys(("lg", "log_10"), "log10"),
    **dict.fromkeys(("ld", "lb", "log_2"), "log2"),
    **dict.fromkeys(("asin", "arcsine", "asn"), "arcsin"),
    **dict.fromkeys(("acos", "arccosine"), "arccos"),
    **dict.fromkeys(("atan", "arctg", "arctangent"), "arctan"),
    **dict.fromkeys(("asinh", "arsinh", "argsinh", "arcsh"), "arcsinh"),
    **dict.fromkeys(("acosh", "arcosh", "argcosh", "arcch"), "arccosh"),
    **dict.fromkeys(("atanh", "artanh", "argtanh", "arcth"), "arctanh"),
    "sinus": "sin",
    **dict.fromkeys(("cosine", "cosinus"), "cos"),
    **dict.fromkeys(("tg", "tangent"), "tan"),
    **{"sh": "sinh", "ch": "cosh", "th": "tanh"},
    **dict.fromkeys(("fabs", "absolute", "Abs", "modulus"), "abs"),
    **dict.fromkeys(("sgn", "signum"), "sign"),
    **dict.fromkeys(("min", "fmin", "Min", "amin"), "minimum(a, b)"),
    **dict.fromkeys(("max", "fmax", "Max", "amax"), "maximum(a, b)"),
    **dict.fromkeys(("relu", "ReLU"), "maximum(a, 0)"),
    "clip": "minimum(maximum(a, low), high)",
    **dict.fromkeys(("sqr", "pow2"), "square(a) or a**2"),
    "cube": "a**3",
    **dict.fromkeys(("pow", "power", "float_power"), "a**b"),
    **dict.fromkeys(("add", "plus"), "a + b"),
    **dict.fromkeys(("sub", "subtract", "minus"), "a - b"),
    **dict.fromkeys(("mul", "mult", "multiply", "times"), "a*b"),
    **dict.fromkeys(("div", "divide", "true_divide"), "a/b"),
    **dict.fromkeys(("neg", "negative"), "-a"),
    **dict.fromkeys(("inv", "reciprocal"), "1/a"),
    "hypot": "sqrt(a**2 + b**2)",
    **dict.fromkeys(("arctan2", "atan2"), "arctan(a/b), where b is positive"),
    **dict.fromkeys(("cot", "ctg", "cotan"), "1/tan(a)"),
    **dict.fromkeys(("sec", "secant"), "1/cos(a)"),
    **dict.fromkeys(("csc", "cosec"), "1/sin(a)"),
    **dict.fromkeys(("coth", "cth"), "1/tanh(a)"),
    "sech": "1/cosh(a)",
    "csch": "1/sinh(a)",
    "sinc": "sin(pi*a)/(pi*a)",
    **dict.fromkeys(("sind", "cosd", "tand"), "sin(pi/180*a), and likewise cos, tan"),
    **dict.fromkeys(("deg2rad", "radians"), "pi/180*a"),
    **dict.fromkeys(("rad2deg", "degrees"), "180/pi*a"),
    **dict.fromkeys(("exp2", "pow_2"), "2**a"),
    "exp10": "10**a",
    "expm1": "exp(a) - 1",
    "log1p": "log(1 + a)",
    **dict.fromkeys(("sigmoid", "expit", "logistic"), "1/(1 + exp(-a))"),
    "softplus": "log(1 + exp(a))",
    **dict.fromkeys(("heaviside", "step"), "0.5*(1 + sign(a))"),
    **dict.fromkeys(
        ("float", "int", "float16", "float32", "float64", "array", "asarray"),
        "the number alone; the dataset's dtype decides its precision",
    ),
}
# Names of numbers elsewhere → what a library writes for them.
NUMBERS_ELSEWHERE = {
    **dict.fromkeys(("Pi", "PI"), "pi"),
    **{"E": "e", "tau": "2*pi"},
}
# Of difflib's ratio. Names in mathematics are short and alike, as sin and sinc are, and
# a wrong function is worse advice than none.
_NEAR, _AS_NEAR = 0.8, 0.12
_LONGEST = 50  # characters of a name that is compared
_CHARACTERS = {
    **{"π": "pi", "−": "-", "–": "-", "·": "*", "×": "*", "÷": "/"},
    **{"²": "**2", "³": "**3", "√": "sqrt(a)"},
}
_COLUMN = re.compile(r"[xX]_?[0-9]*")
_COEFFICIENT = re.compile(r"[nus]_?[0-9]+|[NUS]_[0-9]+")


def for_character(character: str) -> str:
    """Return ``"; write pi"`` for a character such as π, else an empty string."""
    written = _CHARACTERS.get(character)
    return f"; write {written}" if written else ""


def for_function(name: str, known: Iterable[str]) -> str:
    """Return what to write for the unknown function `name`; empty if nobody knows.

    A name that stands for a function elsewhere is never taken for a misspelled one.
    """
    if name in FUNCTIONS_ELSEWHERE:
        return f"; write {FUNCTIONS_ELSEWHERE[name]}"
    return "" if name in np.__all__ else _misspelled(name, known)


def for_name(name: str, known: Iterable[str]) -> str:
    """Return what to write for the unknown `name` of a number, column or coefficient.

    Parameters
    ----------
    name
        A name that stands alone, without brackets behind it.
    known
        Names of constants and parts, which `name` may be meant for.
    """
    if _COLUMN.fullmatch(name):
        return "; write a column of the input as x[:,0], the second as x[:,1]"
    if name in NUMBERS_ELSEWHERE:
        return f"; write {NUMBERS_ELSEWHERE[name]}"
    if _COEFFICIENT.fullmatch(name):
        return f"; write a coefficient as {name.upper().replace('_', '')}"
    return _misspelled(name, known)


def _misspelled(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'tan' or 'tanh'?)"`` for a name near to some."""
    if len(name) > _LONGEST:  # a comparison takes time, and such a name is no word
        return ""
    near = {k: SequenceMatcher(None, name.lower(), k.lower()).ratio() for k in known}
    best = max(near.values(), default=0.0)
    if best < _NEAR:
        return ""
    meant = [f"'{k}'" for k, ratio in near.items() if ratio > best - _AS_NEAR]
    return f" (did you mean {' or '.join(meant)}?)"
