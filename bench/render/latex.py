r"""Data frames as LaTeX tables, ready to paste.

The package booktabs is all that a paper needs for them. Letters beyond Latin and Greek
stay as they are, for which LuaLaTeX or XeLaTeX needs a font.

Marks are escaped by hand, since pylatexenc leaves ``[`` and ``*`` as they are, which
LaTeX takes for an option of the row before, and knows no numbers to align.
"""

import re

import pandas as pd

from bench.render.table_text import BLANK, TextCell, lay_out, plain

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    # After the end of a row these would be taken for an option of \\.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "−": "$-$",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "µ": r"$\mu$",
    "…": r"\dots{}",
    "\ufffd": "?",
    **{mark: f"\\{mark}" for mark in "{}$&#_%"},
}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi - pi rho "
    "- sigma tau upsilon phi chi psi omega"
)
_CAPITALS = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
for _i, _name in enumerate(_GREEK.split()):
    if _name != "-":
        _SPECIAL[chr(0x3B1 + _i)] = f"$\\{_name}$"
    if _name.capitalize() in _CAPITALS.split():
        _SPECIAL[chr(0x391 + _i)] = f"$\\{_name.capitalize()}$"
_TRANSLATION = str.maketrans(_SPECIAL)

_ONE = r"[+\-−]?(?:\d+(?:\.\d*)?|\.\d+)"
_NUMBER = re.compile(
    rf"(?P<mean>[<>]?{_ONE})(?:±(?P<std>{_ONE}|{BLANK})|[eE](?P<power>[+-]?\d+))?"
    rf"|(?P<interval>\[{_ONE}, {_ONE}\])"
)
_NEGATIVE = re.compile(r"(?<![^\s(\[{,])[-−](?=\.?\d)")


def latex_table(
    frame: pd.DataFrame, *, caption: str, label: str, bold: pd.DataFrame | None = None
) -> str:
    r"""Write a frame as a floating booktabs table.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``, of text or numbers. A named index becomes
        the first columns. Columns of numbers are aligned right, others left.
    caption
        Plain text; it is escaped, as every cell and title is.
    label
        For ``\ref``; anything but letters, digits and ``:._-`` becomes a hyphen.
    bold
        Which cells are bold: booleans of the frame's shape, by position.

    Returns
    -------
    str
        Lines from a comment that names the package to ``\end{table}``, and a newline.
        A mean and deviation, ``0.990±0.003``, is set as ``$0.990 \pm 0.003$``.
    """
    grid = lay_out(frame, bold)
    rows = [[latex_text(title) for title in grid.header]]
    rows += [[_cell(cell) for cell in row] for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "    "
        + " & ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, grid.numeric, strict=True)
        ).rstrip()
        + r" \\"
        for row in rows
    ]
    columns = "".join("r" if right else "l" for right in grid.numeric)
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}[t]",
            r"  \centering",
            rf"  \caption{{{latex_text(caption)}}}",
            rf"  \label{{{re.sub(r'[^A-Za-z0-9:._-]+', '-', label)}}}",
            rf"  \begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            lines[0],
            r"    \midrule",
            *lines[1:],
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def latex_text(text: str) -> str:
    """Escape text for LaTeX; a hyphen before a number becomes a minus sign."""
    signed = _NEGATIVE.sub("−", plain(text))
    # Two hyphens would run together into a dash.
    return re.sub("-(?=-)", "-{}", signed.translate(_TRANSLATION))


def _cell(cell: TextCell) -> str:
    found = _NUMBER.fullmatch(cell.text)
    if found is None:
        text = "--" if cell.text == BLANK else latex_text(cell.text)
        return rf"\textbf{{{text}}}" if cell.bold else text
    number = (found["mean"] or found["interval"]).replace("−", "-")
    if found["std"] is not None:
        # A text dash within a formula; \text would need another package.
        std = r"\mbox{--}" if found["std"] == BLANK else found["std"]
        number += rf" \pm {std}"
    if found["power"] is not None:
        number += rf" \times 10^{{{int(found['power'])}}}"
    return rf"$\mathbf{{{number}}}$" if cell.bold else f"${number}$"
