import pandas as pd
import pytest

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
            Section("Folded", [Folded("a_b", ["one"])]),
        ],
        title="seed",
        opening=[Warning("Careful."), Text(("Run ", Code("a_b"), ", ", Strong("now")))],
    )
    assert (
        text
        == """# seed

> **Warning.** Careful.

Run <code>a&#95;b</code>, **now**

## Scores

| classifier   |           score |
|:-------------|----------------:|
| A&#95;1      | **0.990±0.003** |
| B            |               – |

Mean±std.

### Within

![Dots](figures/a%20b.png)

All of &#42;it&#42;.

## Last

- one
- see [it](results.csv).

## Folded

<details>
<summary>a&#95;b</summary>

- one

</details>
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# no heading", "&#35; no heading"),
        ("- no item", "&#45; no item"),
        ("12. no item", "12&#46; no item"),
        ("12 items", "12 items"),
        ("> no quote", "&gt; no quote"),
        ("one | two", "one &#124; two"),
        ("one\n# two", "one # two"),
    ],
)
def test_text_makes_no_markdown_structure(text: str, written: str) -> None:
    assert to_markdown([], opening=[Text(text)]) == written + "\n"


def test_text_of_a_cell_stays_in_its_row() -> None:
    frame = pd.DataFrame({"any": ["a|b\n\n<b>"], "n": [1]})
    rows = to_markdown([], opening=[Table(frame)]).splitlines()
    assert rows[2] == "| a&#124;b &lt;b&gt; |   1 |"
    assert len(rows) == 3


def test_a_table_of_formatted_text_escapes_ids_and_titles_alone() -> None:
    frame = pd.DataFrame({"classifier": ["a|b*"], "score_1": ["**0.5**"]})
    assert markdown_table(frame).splitlines() == [
        "| classifier    |   score&#95;1 |",
        "|:--------------|--------------:|",
        "| a&#124;b&#42; |       **0.5** |",
    ]
