from pathlib import Path

import pandas as pd
import pytest

from bench.render.blocks import (
    Code,
    Folded,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
)
from bench.render.html_blocks import PageBlocks, escape_html


@pytest.fixture
def page() -> PageBlocks:
    return PageBlocks(Path())


def test_ids_are_made_of_letters_and_digits_and_never_repeat(page: PageBlocks) -> None:
    texts = [
        "Scores (mean)",
        "scores: mean",
        "Scores",
        "scores-mean-2",
        "µ",
        "!",
        "Page text",
    ]
    assert [page.new_id(text) for text in texts] == [
        "scores-mean",
        "scores-mean-2",
        "scores",
        "scores-mean-2-2",
        "section",
        "section-2",
        "page-text-2",  # the template has an element of the id page-text
    ]


def test_headings_are_collected_for_a_list_of_contents(page: PageBlocks) -> None:
    inner = Section("C <c>", [Section("D", [])])
    html = page.section(Section("B", [inner]), 2)
    assert page.headings == [(2, "B", "b"), (3, "C <c>", "c-c"), (4, "D", "d")]
    assert '<h4 id="d">D</h4>' in html


def test_headings_deeper_than_the_sixth_level_stay_at_the_sixth(
    page: PageBlocks,
) -> None:
    assert '<h6 id="a">' in page.section(Section("A", []), 7)


def test_parts_of_words_keep_the_spaces_between_them(page: PageBlocks) -> None:
    words = ["run ", Code("a & b"), " or ", Strong("stop"), "; ", Link("x", "a b.csv")]
    assert page.block(Text(words)) == (
        "<p>run <code>a &amp; b</code> or <strong>stop</strong>; "
        '<a href="a%20b.csv">x</a></p>'
    )


def test_lists_and_warnings_keep_several_paragraphs_in_one_element(
    page: PageBlocks,
) -> None:
    assert page.block(Items(["one\n\ntwo", "three"])) == (
        "<ul>\n<li>one<br>two</li>\n<li>three</li>\n</ul>"
    )
    warning = Warning("one\n\ntwo", title="A <b>")
    assert "<strong>A &lt;b&gt;.</strong> one<br>two</p>" in page.block(warning)


def test_folded_blocks_are_opened_by_their_title(page: PageBlocks) -> None:
    inside = [Items(["one"]), Folded("c", [Text("x")])]
    assert page.block(Folded("a < b", inside)) == (
        "<details>\n<summary>a &lt; b</summary>\n<ul>\n<li>one</li>\n</ul>\n"
        "<details>\n<summary>c</summary>\n<p>x</p>\n</details>\n</details>"
    )


def test_wide_tables_are_marked_for_print(page: PageBlocks) -> None:
    def classes(n_columns: int) -> str:
        frame = pd.DataFrame(
            [range(n_columns)], columns=[f"c{i}" for i in range(n_columns)]
        )
        html = page.table(Table(frame))
        return html.partition("<table")[2].partition(">")[0]

    assert [classes(n) for n in (9, 10, 16, 17)] == [
        "",
        ' class="wide"',
        ' class="wide"',
        ' class="wide widest"',
    ]


def test_an_infinite_number_sorts_as_javascript_writes_it(page: PageBlocks) -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "n": [float("inf"), float("-inf")]})
    html = page.table(Table(frame))
    assert 'data-order="Infinity"' in html
    assert 'data-order="-Infinity"' in html


def test_html_is_escaped_with_quotes_and_put_on_one_line() -> None:
    assert escape_html("<a href='b'>\n\"&\x00") == (
        "&lt;a href=&#x27;b&#x27;&gt; &quot;&amp;\ufffd"
    )


def test_a_cell_near_the_best_says_so_without_its_shade(page: PageBlocks) -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "n": ["0.9", "0.8"]})
    bold = pd.DataFrame([[False, True], [False, False]])
    marks = pd.DataFrame([[False, False], [False, True]])
    html = page.table(Table(frame, bold=bold, marks=marks))
    assert '<td class="number best" data-order="0.9">0.9</td>' in html
    assert (
        '<td class="number near" data-order="0.8">0.8'
        '<span class="dagger" aria-hidden="true">†</span>'
        '<span class="aside">, not distinguishable from the best</span></td>'
    ) in html


def test_links_in_a_table_keep_the_numbers_to_sort_by(page: PageBlocks) -> None:
    title = Link("a <b>", "a.md")
    frame = pd.DataFrame([["x", Link("0.5±0.1", "b c.md")], [Link("y", "y.md"), "–"]])
    frame.columns = pd.Index(["who", title], dtype=object)
    html = page.table(Table(frame))
    assert 'data-first="desc"><a href="a.md">a &lt;b&gt;</a></th>' in html
    assert '<th scope="row"><a href="y.md">y</a></th>' in html
    assert (
        '<td class="number" data-order="0.5"><a href="b%20c.md">0.5±0.1</a></td>'
    ) in html
    assert '<td class="number" data-order="">–</td>' in html


def test_a_heading_says_how_it_is_sorted_first_and_what_it_means(
    page: PageBlocks,
) -> None:
    frame = pd.DataFrame({"rank": [1.5], "why": ["a"]}, pd.Index(["x"], name="who"))
    help = {"rank": 'mean of "ranks"', "why": "a reason", "none": "ignored"}
    html = page.table(Table(frame, help=help, smaller_first=["rank", "none"]))
    assert (
        '<th scope="col">who</th><th scope="col" class="number" data-first="asc">'
        '<abbr title="mean of &quot;ranks&quot;">rank</abbr></th>'
        '<th scope="col"><abbr title="a reason">why</abbr></th>'
    ) in html
    assert 'data-first="desc"' in page.table(Table(frame))


def test_a_short_table_has_no_field_to_filter_it(page: PageBlocks) -> None:
    tables = [page.table(Table(pd.DataFrame({"a": range(n)}))) for n in (7, 8)]
    assert ["data-tools" in html for html in tables] == [False, True]
