"""Names of functions, such as ``e^(-u^2)``, set as formulas where that is safe."""

import re
from collections.abc import Callable
from functools import cache

from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.textpath import TextToPath

from bench.figures.drawing.theme import plain

_NAMES = {"sin", "cos", "tan", "exp", "ln", "log", "sinh", "cosh", "tanh", "max", "min"}
_ROOT = re.compile(r"sqrt(?:\(([^()]*)\)|\|([^|]*)\|)")
_POWER = re.compile(r"\^(?:\(([^()]*)\)|(-?[\w.]+))")


def formula(text: str, longest: int = 22) -> str:
    """Return a function's name as mathtext, or else as `plain` text.

    It is a formula only if it consists of short words, numbers and the signs of
    arithmetic, and matplotlib can parse it; anything else is shown as it was typed.
    """
    words = " ".join(text.split())
    if len(words) > longest or not _looks_like_one(words):
        return plain(text, longest)
    typeset = f"${_typeset(words)}$"
    return typeset if _parses(typeset) else plain(text, longest)


def fitted(text: str, inches: float, size: float) -> str:
    """Return a text as `plain` does, shortened until it is at most so wide."""
    return _fitted(text, inches, size, plain)


def fitted_formula(text: str, inches: float, size: float) -> str:
    """Return a function's name as `formula` does, shortened until it fits."""
    return _fitted(text, inches, size, formula)


def width_of(text: str, size: float) -> float:
    """Return the width of a line of text in inches, with letters of `size` points."""
    font = FontProperties(size=size)
    if is_math_text(text):
        parsed = MathTextParser("path").parse(text, 72, font)
        return float(parsed.width) / 72
    words = text.replace(r"\$", "$")
    return float(
        TextToPath().get_text_width_height_descent(words, font, ismath=False)[0] / 72
    )


def _fitted(
    text: str, inches: float, size: float, shown: Callable[[str, int], str]
) -> str:
    longest = max(4, int(inches * 72 / (0.45 * size)))
    result = shown(text, longest)
    while longest > 4 and (width := width_of(result, size)) > inches:
        longest = max(4, min(longest - 1, int(longest * inches / width)))
        result = shown(text, longest)
    return result


def _looks_like_one(text: str) -> bool:
    """Tell whether a text is made of variables, functions, numbers and operators."""
    if not re.fullmatch(r"[\w.+\-*/^()| ]+", text, re.ASCII) or "_" in text:
        return False
    letters = re.findall(r"[a-zA-Z]+", text)
    if any(len(word) > 2 and word not in {*_NAMES, "sqrt", "abs"} for word in letters):
        return False
    is_call = any(word in _NAMES for word in letters) and len(letters) > 1
    return bool(letters) and (is_call or bool(re.search(r"[\^+*/()|]", text)))


def _typeset(text: str) -> str:
    text = re.sub(r"\babs\(([^()]*)\)", r"|\1|", text)
    before = None
    while before != text:  # a power may hold another one
        before = text
        text = _POWER.sub(lambda m: "↑{" + (m[1] or m[2]) + "}", text)
    text = _ROOT.sub(
        lambda m: "√" + (f"({m[1]})" if m[1] is not None else f"|{m[2]}|"), text
    )
    text = text.replace("↑", "^").replace("**", "^").replace("*", r"\,")
    # A space beside no operator separates factors; mathtext drops spaces.
    text = re.sub(r"(?<=[\w)|}]) (?=[\w(|\\])", r"\\,", text)
    names = "|".join(sorted(_NAMES, key=len, reverse=True))
    return re.sub(rf"(?<![a-zA-Z\\])({names})(?![a-zA-Z])", r"\\mathrm{\1}", text)


@cache
def _parses(text: str) -> bool:
    try:
        width_of(text, 6.5)
    except ValueError:
        return False
    return True
