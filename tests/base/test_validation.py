import re
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from bench.base import resources
from bench.base.documents import Document, read_document
from bench.base.errors import SuiteError
from bench.base.validation import Matching, Strict, split_docstring, validated


class Point(Strict):
    """A point
    on a line.

    Attributes
    ----------
    kind
        Which kind.
    low, high
        Two ends,
        of two lines.
    """

    kind: Literal["point"]
    low: int = 0
    high: int = 0


class Circle(Strict):
    """A circle."""

    kind: Literal["circle"]


class Named(Point):
    """A point with a name.

    Attributes
    ----------
    given_name
        Its name.
    """

    given_name: str = Field("", alias="given-name")


class Drawing(Strict):
    """A drawing."""

    misplaced: ClassVar = {"ink": "in the pen"}

    shapes: tuple[Annotated[Point | Circle, Field(discriminator="kind")], ...] = ()
    params: dict[str, list[int]] = Field(default_factory=dict)
    count: Annotated[int, Field(ge=1)] = 1
    name: str = "n"


@pytest.fixture
def read(tmp_path):
    def read_drawing(text):
        path = tmp_path / "d.yaml"
        path.write_text(text)
        return validated(Drawing, read_document(path, SuiteError), SuiteError)

    return read_drawing


def test_lists_become_tuples_but_those_within_params_stay_lists(read):
    drawing = read("shapes: [{kind: circle}]\nparams: {a: [1, 2]}")
    assert drawing.shapes == (Circle(kind="circle"),)
    assert drawing.params == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("count: 0", "1: count: found 0; input should be greater than or equal to 1"),
        (
            "name: 5",
            "1: name: found 5; input should be a valid string: put it in quotes",
        ),
        ("\nnaem: x", "2: naem: unknown key 'naem' (did you mean 'name'?). Expected: "),
        ("\nink: 1", "2: ink: the key 'ink' belongs in the pen"),
        ("shapes:\n- {low: 1}", "2: shapes[0]: "),
        (
            "shapes:\n- {kind: circel}",
            "2: shapes[0]: found the kind 'circel' (did you mean 'circle'?), which",
        ),
        (
            "shapes:\n- kind: point\n  low: x",
            '3: shapes[0].low: found "x"; input should be a valid integer',
        ),
        ("- 1", "1: file: found [1]; input should be a valid dictionary"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(read, text, said):
    with pytest.raises(SuiteError) as caught:
        read(text)
    assert str(caught.value).partition("d.yaml:")[2].startswith(said)
    assert "more)" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "n_more"),
    [("count: 0\nname: 5", 1), ("name: 5\ncount: 0\nshapes: 7", 2)],
)
def test_further_mistakes_are_counted(read, text, n_more):
    with pytest.raises(SuiteError, match=rf" \(and {n_more} more\)$"):
        read(text)


def test_a_mistake_in_entries_made_of_one_counts_once(tmp_path):
    data = {"shapes": [{"kind": "point", "low": "x"}] * 3}
    moved = {("shapes", i): ("shapes", 0) for i in range(3)}
    document = Document(tmp_path, data, {("shapes", 0): 4}, moved)
    with pytest.raises(SuiteError) as caught:
        validated(Drawing, document, SuiteError)
    assert str(caught.value).startswith(f"{tmp_path}:4: shapes[0].low: ")
    assert "more)" not in str(caught.value)


def test_a_docstring_is_split_into_summary_and_attributes():
    assert split_docstring(Point) == (
        "A point on a line.",
        {
            "kind": "Which kind.",
            "low": "Two ends, of two lines.",
            "high": "Two ends, of two lines.",
        },
    )


def test_the_schema_has_the_descriptions_of_a_class_and_those_it_inherits():
    schema = Named.model_json_schema()
    assert schema["description"] == "A point with a name."
    described = {k: v["description"] for k, v in schema["properties"].items()}
    assert described == {
        "kind": "Which kind.",
        "low": "Two ends, of two lines.",
        "high": "Two ends, of two lines.",
        "given-name": "Its name.",
    }


PLAIN = Matching("^[a-z]+$", "letters from a to z", lambda text: text.lower())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ab", "found 'Ab'; expected letters from a to z, such as 'ab'"),
        ("5", "found '5'; expected letters from a to z"),
        ("", "found ''; expected letters from a to z"),
        ("a\n", "found 'a\\n'; expected letters from a to z"),
    ],
)
def test_a_text_of_another_pattern_is_refused_in_words(text, said):
    texts = TypeAdapter(Annotated[str, PLAIN])
    assert texts.validate_python("ab") == "ab"
    assert texts.json_schema() == {"type": "string", "pattern": "^[a-z]+$"}
    with pytest.raises(ValidationError) as caught:
        texts.validate_python(text)
    assert caught.value.errors()[0]["msg"] == said


def test_no_field_shows_its_pattern_to_a_reader():
    # pydantic's own check of a pattern prints the regular expression.
    for path in resources.PACKAGE.rglob("*.py"):
        assert not re.search(r"Field\([^)]*\bpattern=", path.read_text("utf-8")), path
