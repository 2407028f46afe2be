import pandas as pd

from bench.render.blocks import (
    Code,
    FigureFile,
    Folded,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
)
from bench.render.markdown import markdown_table, to_markdown


def test_every_kind_of_block_is_written() -> None:
    frame = pd.DataFrame({"classifier": ["A_1", "B"], "score": ["0.990±0.003", "–"]})
    text = to_markdown(
        [
            Section(
                "Scores",
                [
                    Table(frame, "Mean±std.", frame == "0.990±0.003"),
                    Section(
                        "Within",
                        [FigureFile("figures/a b.png", "Dots", "All of *it*.")],
                    ),
                ],
            ),
            Section("Last", [Items(["one", ("see ", Link("it", "results.csv"), ".")])]),
            Section(
                "Folded",
                [
                    Folded(
                        "a_b < <c>", [Items(["one"]), Table(frame.head(1)), Text("x")]
                    )
                ],
            ),
        ],
        title="seed",
        opening=[
            Warning("Careful."),
            Warning("A tree is enough.", title="Shortcut"),
            Text(("Run ", Code("a_b"), ", ", Strong("now"))),
        ],
    )
    assert (
        text
        == """# seed

> **Warning.** Careful.

> **Shortcut.** A tree is enough.

Run `a_b`, **now**

## Scores

| classifier   |           score |
|:-------------|----------------:|
| A_1          | **0.990±0.003** |
| B            |               – |

Mean±std.

### Within

![Dots](figures/a%20b.png)\\
All of \\*it\\*.

## Last

- one
- see [it](results.csv).

## Folded

<details>
<summary>a_b < &lt;c></summary>

- one

| classifier   |       score |
|:-------------|------------:|
| A_1          | 0.990±0.003 |

x

</details>
"""
    )


def test_text_of_a_cell_stays_in_its_row() -> None:
    frame = pd.DataFrame({"any": ["a|b\n\n<b>"], "n": [1]})
    rows = to_markdown([], opening=[Table(frame)]).splitlines()
    assert rows[2] == r"| a\|b \<b> |   1 |"
    assert len(rows) == 3


def test_a_dagger_marks_what_cannot_be_distinguished_from_the_best() -> None:
    frame = pd.DataFrame({"who": ["A", "B", "C"], "score": ["0.9±0.1", "0.8", "–"]})
    bold = pd.DataFrame([[0, 1], [0, 0], [0, 0]])
    marks = pd.DataFrame([[False, False], [False, "near"], [None, ""]])
    rows = to_markdown([], opening=[Table(frame, bold=bold, marks=marks)]).splitlines()
    assert rows[2:] == [
        "| A     | **0.9±0.1** |",
        "| B     |       0.8 † |",
        "| C     |           – |",
    ]


def test_cells_and_titles_may_hold_links() -> None:
    link = Link("grid_1", "datasets/grid 1.md")
    frame = pd.DataFrame([["A", 0.5], [Link("B", "b.md"), ("0.4 ", Code("x|y"))]])
    frame.columns = pd.Index(["who", link], dtype=object)
    rows = to_markdown([], opening=[Table(frame)]).splitlines()
    assert [[cell.strip() for cell in row.split(" | ")] for row in rows] == [
        ["| who", "[grid_1](datasets/grid%201.md) |"],
        ["|:----------|-----------:|"],
        ["| A", "0.5 |"],
        ["| [B](b.md)", r"0.4 `x\|y` |"],
    ]


def test_a_table_of_results_is_written_without_a_caption() -> None:
    frame = pd.DataFrame({"classifier": ["a|b*c*"], "score_1": ["0.5"]})
    assert markdown_table(frame).splitlines() == [
        "| classifier   |   score_1 |",
        "|:-------------|----------:|",
        r"| a\|b\*c\*    |       0.5 |",
    ]
