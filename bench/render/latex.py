r"""Write data frames as LaTeX tables, ready to paste into a paper.

They need the package booktabs only. Letters other than Latin and Greek ones are not
changed; LuaLaTeX and XeLaTeX can show them with a suitable font.

Special characters are escaped by hand. pylatexenc does not escape ``[`` and ``*``,
which LaTeX would read as an option of the row before, and does not format numbers.
"""

import re

import pandas as pd

from bench.render.blocks import Table
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
    # At the start of a row these would be read as an option of the \\ before it.
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
    "†": r"$^\dagger$",
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
    frame: pd.DataFrame,
    *,
    caption: str,
    label: str,
    bold: pd.DataFrame | None = None,
    marks: pd.DataFrame | None = None,
) -> str:
    r"""Write a frame as a floating booktabs table.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``, of text or numbers. A named index becomes
        the first columns. Columns of numbers are aligned right, others left. Of a
        link only the words are written.
    caption
        The caption in plain text. It is escaped, as every cell and title is.
    label
        The label for ``\ref``. Characters other than letters, digits and ``:._-``
        become hyphens.
    bold
        Which cells are bold: booleans of the frame's shape, by position.
    marks
        Which cells have a dagger after them: booleans or texts of the frame's shape;
        see `bench.render.blocks.Table`.

    Returns
    -------
    str
        All lines from the comment that names the package to ``\end{table}``, with a
        newline at the end. A mean with its standard deviation, ``0.990±0.003``, is
        written as ``$0.990 \pm 0.003$``.
    """
    table = lay_out(Table(frame, bold=bold, marks=marks))
    rows = [[latex_text(title) for title in table.header]]
    rows += [[_cell(cell) for cell in row] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "    "
        + " & ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, table.numeric, strict=True)
        ).rstrip()
        + r" \\"
        for row in rows
    ]
    columns = "".join("r" if right else "l" for right in table.numeric)
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
    # LaTeX would turn two hyphens into a dash.
    return re.sub("-(?=-)", "-{}", signed.translate(_TRANSLATION))


def _cell(cell: TextCell) -> str:
    match = _NUMBER.fullmatch(cell.text)
    if match is None:
        text = "--" if cell.text == BLANK else latex_text(cell.text)
        text = rf"\textbf{{{text}}}" if cell.bold else text
        return text + r"$^\dagger$" * bool(cell.mark)
    number = (match["mean"] or match["interval"]).replace("−", "-")
    if match["std"] is not None:
        # A dash of text within a formula; \text would need the package amsmath.
        std = r"\mbox{--}" if match["std"] == BLANK else match["std"]
        number += rf" \pm {std}"
    if match["power"] is not None:
        number += rf" \times 10^{{{int(match['power'])}}}"
    number = rf"\mathbf{{{number}}}" if cell.bold else number
    # The empty group keeps the dagger from the power, of which TeX allows one only.
    return f"${number}{{}}^\\dagger$" if cell.mark else f"${number}$"
