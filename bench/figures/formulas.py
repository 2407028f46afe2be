"""Names of functions, such as ``e^(-u^2)``, set as formulas where that is safe."""

import re
from functools import cache

from matplotlib.mathtext import MathTextParser

from bench.figures.theme import plain

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
        lambda m: r"\surd " + (f"({m[1]})" if m[1] is not None else f"|{m[2]}|"), text
    )
    text = text.replace("↑", "^").replace("**", "^").replace("*", r"\,")
    # A space beside no operator separates factors; mathtext drops spaces.
    text = re.sub(r"(?<=[\w)|}]) (?=[\w(|\\])", r"\\,", text)
    names = "|".join(sorted(_NAMES, key=len, reverse=True))
    return re.sub(rf"(?<![a-zA-Z\\])({names})(?![a-zA-Z])", r"\\mathrm{\1}", text)


@cache
def _parses(text: str) -> bool:
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return False
    return True
