"""Text in markdown: shown as it is, by another program's reading of it."""

import re
import time

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_text import BARE_LINK, entities_in, shown

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
from bench.render.markdown import escape, to_markdown
from bench.render.markdown_inline import inline
from bench.render.table_text import plain

# What markup is made of, and neighbours that change what it means.
_MARKS = st.sampled_from(
    [
        *"\\`*_~<>&[]()!|$#+-=.:;^@/'\"1aéx ±†–",
        *("**", "~~", "```", "~~~", "---", "===", "](", "][", "]: ", "[x] ", "1. "),
        *("<b>", "</b>", "<!--", "-->", "&amp;", "&#35;", "http://a.b", "a@b.co"),
        *("www.", "://", "https", "\n", "\n\n", "\x00", "\u2003", "a_b", "\\|"),
    ]
)
_TEXT = st.lists(_MARKS, min_size=1, max_size=9).map("".join)
_PART = st.one_of(
    _TEXT,
    _TEXT.map(Code),
    _TEXT.map(Strong),
    _TEXT.map(lambda text: Link(text, "x.csv")),
)
_ELEMENTS = {Code: "code", Strong: "strong", Link: "a"}


def read(block):
    text, elements = shown(to_markdown([], opening=[block]))
    return "".join(text.split()), [e for e in elements if e not in ("thead", "tbody")]


def words(parts):
    """Return what a reader should see of parts, and the elements."""
    texts = (plain(p if isinstance(p, str) else p.text) for p in parts)
    elements = [
        _ELEMENTS[type(part)]
        for part in parts
        if not isinstance(part, str) and (plain(part.text) or isinstance(part, Link))
    ]
    return "".join("".join(texts).split()), elements


@settings(deadline=None, max_examples=100)
@given(parts=st.lists(_PART, min_size=1, max_size=4))
@example(parts=["a*", Strong("b*c"), "*"])
@example(parts=["_a ", Strong("b_ c")])
@example(parts=["wow!", Link("[a", "x.csv")])
@example(parts=["\\", Code("a`b"), Code("c")])
@example(parts=["[a ", Link("b", "x.csv"), "](c)"])
@example(parts=["x", Strong("(a)"), "y", Strong("b"), Strong("c")])
@example(parts=[Code("a\\|b|c")])
def test_words_are_read_as_they_were_written(parts):
    text, elements = words(parts)
    if not text:
        return
    assert read(Text(parts)) == (text, ["p", *elements])
    assert read(Items([parts])) == (text, ["ul", "li", *elements])
    quoted = ["blockquote", "p", "strong", *elements]
    assert read(Warning(parts)) == (f"Warning.{text}", quoted)
    frame = pd.DataFrame({"z": ["q"], "y": [[*parts, Strong("end")]]})
    cells = ["table", "tr", "th", "th", "tr", "td", "td", *elements, "strong"]
    assert read(Table(frame)) == (f"zyq{text}end", cells)


@settings(deadline=None, max_examples=100)
@given(text=_TEXT)
@example(text="===")
@example(text="|-|")
@example(text="[](a]: b")
@example(text="<=#a@b.co>")
def test_a_text_is_read_as_it_was_written_wherever_it_stands(text):
    expected = "".join(plain(text).split())
    if not expected:
        return
    assert read(Table(pd.DataFrame({text: [text]}))) == (
        expected * 2,
        ["table", "tr", "th", "tr", "td"],
    )
    heading = to_markdown([Section(text, [])])
    assert "".join(shown(heading)[0].split()) == expected
    assert shown(heading)[1] == ["h2"]
    assert read(FigureFile("a.png", text, plain(text))) == (
        expected * 2,
        ["p", "img", "br"],
    )
    folded = to_markdown([], opening=[Folded(text, [Text(plain(text))])])
    assert "".join(shown(folded)[0].split()) == expected * 2
    assert shown(folded)[1] == ["details", "summary", "p"]
    for document in (heading, folded):
        assert not any(line != line.rstrip() for line in document.splitlines())


@settings(deadline=None, max_examples=100)
@given(text=_TEXT)
def test_no_text_becomes_a_link(text):
    assert not BARE_LINK.search(escape(text))


@pytest.mark.parametrize(
    "text",
    [
        *("[0.98, 1.00]", "0.931±0.012", "+0.118 [-0.057, -0.008]", "F11_v1", "a_b_c"),
        *("x * y", "2*x", "u^2*v", "e^(-u^2)", "~0.5", "~0.5 to ~0.6", "+0.1", "-0.1"),
        *("p < 0.05", "<0.001", "a<b", "n > 3", "a & b", "&alone;", "AT&T", "C# or F#"),
        *("see 1. of it", "note: this", "SD@0.5", "$5 or $6", "50%", "a|b", "C:\\new"),
        *("[a] (b)", "a [b] c", 'it\'s "so"', "x!", "`", "a ` b", "===", "(a)", "#1"),
        *("fit_cpu_seconds", "hidden [32, 32]", "{'a': 1}", "–", "www", "http:"),
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("*a*", r"\*a\*"),
        ("_a_", r"\_a\_"),
        ("~~a~~", r"\~\~a\~\~"),
        ("`a`", r"\`a\`"),
        ("[a](b)", r"[a\](b)"),
        ("[a][b]", r"[a\][b]"),
        ("[a]: b", r"\[a]: b"),
        ("<b>", r"\<b>"),
        ("&amp;", r"\&amp;"),
        ("$a$", r"\$a\$"),
        (r"a\*b", r"a\\*b"),
        ("http://a.org", r"http\://a.org"),
        ("www.a.org", r"www\.a.org"),
        ("a@b.org", "a<!-- -->@b.org"),
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("+ a", r"\+ a"),
        ("12. a", r"12\. a"),
        ("2) a", r"2\) a"),
        ("> a", r"\> a"),
        ("---", r"\---"),
        ("~~~ a", r"\~~~ a"),
        ("```", r"\```"),
        ("<script", r"\<script"),
    ],
)
def test_markup_is_escaped_by_a_backslash_where_one_can(text, written):
    assert escape(text) == written
    if not BARE_LINK.search(text):
        assert shown(escape(text)) == (text, ["p"])


def test_the_place_of_a_text_decides():
    assert inline(["a|b"], "cell") == r"a\|b"
    assert inline(["# a"], "cell") == "# a"
    assert inline(["a #"], "heading") == r"a \#"
    assert inline(["[x] a"], "item") == r"\[x] a"
    assert inline(["[x] a"]) == "[x] a"
    assert inline(["=="], "line") == r"\=="
    assert inline(["|-|:-:|"], "line") == r"\|-|:-:|"
    assert inline([":--"], "line") == r"\:--"
    assert inline(["- | a"], "line") == r"\- | a"
    assert inline([Code("a|b")], "cell") == r"`a\|b`"
    assert inline([Code("a_b <c> & `d`")]) == "`` a_b <c> & `d` ``"


def test_the_target_of_a_link_is_read_unchanged():
    link = Link("a", "b c.csv?d=1&copy;=(2)_*x*")
    assert inline([link]) == r"[a](b%20c.csv?d=1\&copy;=%282%29_%2Ax%2A)"


def test_a_long_text_of_marks_takes_no_time():
    began = time.process_time()
    for marks in ("<a", "*a ", "[a](", "@1.", "`a ", "$a$", "a_ _b", "~ ~", "&a;"):
        escape(marks * 3000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("It is \\[0.98, 1.00\\].", ["\\[", "\\]"]),
        ("| a&#95;1 | \\*a\\* |\n|---|---|\n| x\\*y | \\|x |", ["&#95;", "\\*"]),
        ("\\*a\\* and x\\_y\n\n```\n\\[\n```\n`\\[` \\# b", ["\\_", "\\#"]),
        ("\\# a\n\n- \\[x] b\n\n> \\> c\n\n12\\. d", []),
        ("http\\://a.b www\\.a.b \\$a\\$ a<!-- -->@b.c [a\\][b]", []),
        ("<summary>a &lt; b &lt;c &amp; &amp;lt;</summary>", ["&lt;", "&amp;"]),
        ("- \\+0.1", ["\\+"]),
        ("![a](b)\\\n\\=== and\n\n![a](b)\\\n\\===", ["\\="]),
    ],
)
def test_escapes_without_a_need_are_found(markdown, found):
    assert [re.split(": | in ", line)[1] for line in entities_in(markdown)] == found


@settings(deadline=None, max_examples=100)
@given(text=_TEXT)
def test_no_entity_is_without_a_need(text):
    """A backslash may be, where the rules are simpler than markdown's own."""
    assert not [line for line in entities_in(escape(text)) if ": &" in line]
