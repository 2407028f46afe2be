import pandas as pd
import pytest

from bench.render.blocks import (
    Code,
    FigureFile,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
)
from bench.render.markdown import to_markdown
from bench.render.table_text import cell_text, lay_out, number_in


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
def test_words_of_strangers_make_no_structure(text: str, written: str) -> None:
    assert to_markdown([], opening=[Text(text)]) == written + "\n"


def test_a_cell_of_a_stranger_stays_in_its_row() -> None:
    frame = pd.DataFrame({"any": ["a|b\n\n<b>"], "n": [1]})
    rows = to_markdown([], opening=[Table(frame)]).splitlines()
    assert rows[2] == "| a&#124;b &lt;b&gt; |   1 |"
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("0.990±0.003", "0.990±0.003", 0.99),
        ("−0.5 [−1, 2]", "−0.5 [−1, 2]", -0.5),
        ("<0.001", "<0.001", 0.001),
        ("9 of 10", "9 of 10", 9.0),
        ("9/1/0", "9/1/0", 9.0),
        ("[-0.1, 0.2]", "[-0.1, 0.2]", -0.1),
        ("normal-100", "normal-100", None),
        ("100-normal", "100-normal", None),
        ("–", "–", None),
        (None, "–", None),
        (float("nan"), "–", None),
        (True, "True", None),
        (7, "7", 7.0),
        (0.123456, "0.1235", 0.123456),
        (12345.6, "12346", 12345.6),
        (1.2e-5, "1.2e-05", 1.2e-5),
        (float("-inf"), "-inf", float("-inf")),
    ],
)
def test_values_have_a_text_and_a_number(
    value: object, text: str, number: float | None
) -> None:
    assert cell_text(value) == text
    assert number_in(value) == number


def test_a_column_is_of_numbers_if_each_cell_is_one_or_blank() -> None:
    frame = pd.DataFrame(
        {
            "repetition": [0, 1],
            "score": ["0.5±0.1", "–"],
            "mixed": ["1", "SVC"],
            "nothing": ["–", "–"],
            ("test", "accuracy"): [0.5, None],
        }
    )
    grid = lay_out(frame)
    assert grid.numeric == (False, True, False, False, True)
    assert grid.header[-1] == "test accuracy"


def test_a_table_without_rows_keeps_its_titles() -> None:
    grid = lay_out(pd.DataFrame({"a": [], "b": []}))
    assert grid.header == ("a", "b")
    assert grid.rows == ()
