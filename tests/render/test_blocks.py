import pandas as pd
import pytest

from bench.render.blocks import Code, FigureFile, Link, Table, Warning, paragraphs


def test_a_text_is_split_at_blank_lines_and_its_lines_are_joined() -> None:
    assert paragraphs("one\n  two\n\n \n three ") == [["one two"], ["three"]]
    assert paragraphs(" \n ") == []


def test_words_with_parts_are_one_paragraph() -> None:
    assert paragraphs(["see ", Code("a"), "\n\nb"]) == [["see ", Code("a"), "\n\nb"]]
    assert paragraphs([]) == []


@pytest.mark.parametrize("target", ["a/b.csv", "../x", "https://a.org", "HTTP://a.org"])
def test_a_link_may_lead_to_a_file_or_a_page(target: str) -> None:
    assert Link("words", target).target == target


@pytest.mark.parametrize("path", ["/etc/a.png", "C:\\a.png", "\\\\server\\a.png"])
def test_an_absolute_path_of_a_figure_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="relative to the document"):
        FigureFile(path, "nothing")


def test_a_figure_without_a_description_is_refused() -> None:
    with pytest.raises(ValueError, match=r"FigureFile\.alt: found no text"):
        FigureFile("a.png", " ")


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x"]
)
def test_a_link_that_would_run_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match=r"Link\.target"):
        Link("click", target)


@pytest.mark.parametrize("name", ["bold", "marks"])
def test_marked_cells_must_have_the_shape_of_the_frame(name: str) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    message = rf"Table.{name}: found the shape \(1, 1\); .* shape \(2, 1\)$"
    with pytest.raises(ValueError, match=message):
        Table(frame, **{name: frame.head(1) > 0})


def test_the_title_of_a_warning_ends_with_one_mark() -> None:
    titles = [Warning("x").heading, Warning("x", title="Really?").heading]
    assert titles == ["Warning.", "Really?"]
