import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from bench.render.blocks import Link
from bench.render.latex import latex_table, latex_text

ENGINES = ("pdflatex", "lualatex", "xelatex", "tectonic")
NASTY = (
    "\\ { } $ & # _ % ~ ^ ` < > | \" [x] * -- --- -0.5 ± × ≤ − – — … \u03b1 Ω µ é ß '"
)


def scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "classifier": ["SD", "MY_NET", "CHANCE"],
            "held-out accuracy": ["0.990±0.003", "0.929±0.012", "–"],
            "difference": ["–", "-0.061", "+0.384"],
            "p": [0.25, 1.2e-5, None],
        }
    )


def test_a_table_is_ready_to_paste() -> None:
    bold = pd.DataFrame(False, scores().index, scores().columns)
    bold.iloc[0, :2] = True
    text = latex_table(scores(), caption="Mean±std, 100%", label="tab:seed", bold=bold)
    assert (
        text
        == r"""% \usepackage{booktabs}
\begin{table}[t]
  \centering
  \caption{Mean$\pm$std, 100\%}
  \label{tab:seed}
  \begin{tabular}{lrrr}
    \toprule
    classifier  &          held-out accuracy & difference &                    p \\
    \midrule
    \textbf{SD} & $\mathbf{0.990 \pm 0.003}$ &         -- &               $0.25$ \\
    MY\_NET     &          $0.929 \pm 0.012$ &   $-0.061$ & $1.2 \times 10^{-5}$ \\
    CHANCE      &                         -- &   $+0.384$ &                   -- \\
    \bottomrule
  \end{tabular}
\end{table}
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.990±–", r"$0.990 \pm \mbox{--}$"),
        ("[−0.020, +0.010]", "$[-0.020, +0.010]$"),
        ("<0.001", "$<0.001$"),
        (1e-12, r"$1 \times 10^{-12}$"),
        ("9/1/0", "9/1/0"),
    ],
)
def test_numbers_are_written_as_formulae(text: object, written: str) -> None:
    frame = pd.DataFrame({"a": ["x"], "score": [text]})
    assert f"{written} \\\\\n" in latex_table(frame, caption="", label="a")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b", r"a\_b"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50% & more #1 $x$", r"50\% \& more \#1 \$x\$"),
        (
            "~^|<>",
            r"\textasciitilde{}\textasciicircum{}\textbar{}\textless{}\textgreater{}",
        ),
        ("[a]*", "{[}a{]}{*}"),
        ("a--b-c", "a-{}-b-c"),
        ("[-0.1, -.5] 1-2", "{[}$-$0.1, $-$.5{]} 1-2"),
        ("\u03c3=1 Δ", r"$\sigma$=1 $\Delta$"),
        ("one\n\n two\x00", "one two?"),
        ("†: near", r"$^\dagger$: near"),
    ],
)
def test_text_is_escaped(text: str, written: str) -> None:
    assert latex_text(text) == written


def test_a_dagger_marks_what_cannot_be_distinguished_from_the_best() -> None:
    frame = pd.DataFrame(
        {"a": ["x", "y", Link("z_1", "z.md")], "n": ["0.5±0.1", 1e-5, "–"]}
    )
    marks = pd.DataFrame([[False, True], ["near", 1], [True, False]])
    bold = pd.DataFrame([[False, True], [False, False], [True, False]])
    text = latex_table(frame, caption="", label="a", bold=bold, marks=marks)
    rows = [row.split() for row in text.splitlines() if row.endswith(r" \\")][1:]
    assert rows == [
        ["x", "&", r"$\mathbf{0.5", r"\pm", r"0.1}{}^\dagger$", r"\\"],
        [r"y$^\dagger$", "&", "$1", r"\times", r"10^{-5}{}^\dagger$", r"\\"],
        [r"\textbf{z\_1}$^\dagger$", "&", "--", r"\\"],
    ]


def test_a_row_is_one_line_with_one_cell_per_column() -> None:
    frame = pd.DataFrame({NASTY: [NASTY, "[0]"], "b": [NASTY, "&"], "c": [1.5, 2.0]})
    lines = latex_table(frame, caption=NASTY, label=NASTY).splitlines()
    rows = [line for line in lines if line.endswith(r" \\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]
    assert re.fullmatch(r"  \\label\{[A-Za-z0-9:._-]+\}", lines[4])


def test_a_named_index_becomes_the_first_column() -> None:
    frame = scores().set_index("classifier")[["difference"]]
    assert r"\begin{tabular}{lr}" in latex_table(frame, caption="", label="a")


@pytest.mark.skipif(
    not any(map(shutil.which, ENGINES)), reason=f"none of {', '.join(ENGINES)} is here"
)
def test_a_table_compiles(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {NASTY: [NASTY, "[0]", "*"], "b": ["0.990±0.003", "0.5±–", "-1.2e-05"]}
    )
    table = latex_table(
        frame, caption=NASTY, label=NASTY, bold=frame == frame, marks=frame == frame
    )
    source = tmp_path / "paper.tex"
    source.write_text(
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
        f"{table}\nTable~\\ref{{x}}.\n\\end{{document}}\n",
        "utf-8",
    )
    engine = next(name for name in ENGINES if shutil.which(name))
    options = (
        [] if engine == "tectonic" else ["-halt-on-error", "-interaction=batchmode"]
    )
    ran = subprocess.run(
        [engine, *options, source.name], cwd=tmp_path, capture_output=True, text=True
    )
    log = source.with_suffix(".log")
    assert ran.returncode == 0, log.read_text("utf-8", "replace")[-2000:]
    assert source.with_suffix(".pdf").stat().st_size > 1000
