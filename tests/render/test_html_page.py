import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import seed_page

from bench.base.errors import MissingFileError
from bench.render.blocks import Code, FigureFile, Link, Section, Table, Text
from bench.render.html_page import PagePart, write_webpage


class Outline(HTMLParser):
    """Elements of a page in order, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.lasttag == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data
        elif self.cdata_elem is None:
            self.said.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seed_page.write_seed_page(tmp_path_factory.mktemp("seed"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seed_page.write_hostile_page(tmp_path_factory.mktemp("hostile"))


def small_page(folder: Path, *blocks: object) -> Outline:
    sections = [Section("Scores", list(blocks))]  # type: ignore[arg-type]
    path = write_webpage(folder / "page.html", title="t", sections=sections)
    return Outline(path.read_text("utf-8"))


def test_the_page_holds_every_cell_and_every_figure(seed: Path) -> None:
    text = seed.read_text("utf-8")
    n_cells = len(pd.read_csv(seed_page.SEED / "results.csv"))
    rows = re.findall(r"<tbody>\n(.*?)\n</tbody>", text, re.DOTALL)
    assert [len(body.splitlines()) for body in rows] == [13, 13, n_cells]
    page = Outline(text)
    words = [drawing["aria-label"] for drawing in page.all("svg")]
    assert words == [f"The figure {name}.svg" for name in seed_page.DRAWINGS]
    [image] = page.all("img")
    content = base64.b64decode((image["src"] or "").partition(",")[2])
    assert content == (seed.parent / "figures/photograph.png").read_bytes()


def test_the_page_requests_no_other_file(seed: Path) -> None:
    for tag, attributes in Outline(seed.read_text("utf-8")).elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert (attributes.get(name) or "data:").startswith("data:"), tag
        if tag == "link":
            assert attributes["href"] == "data:,"


def test_headings_are_in_order_and_named_in_the_contents(seed: Path) -> None:
    page = Outline(seed.read_text("utf-8"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, 2, 3, 2, 3, 2, 2, 2, 2]
    headings = [a["id"] for t, a in page.elements if t in ("h2", "h3")]
    links = [a["href"] for a in page.all("a") if (a["href"] or "").startswith("#")]
    assert links[:-2] == ["#page-text", *(f"#{name}" for name in headings)]
    assert links[-2:] == ["#a-chapter", "#"]  # in the text, and a figure's own


def test_ids_are_used_once_and_refer_to_what_exists(hostile: Path) -> None:
    page = Outline(hostile.read_text("utf-8"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, ids[0]) in ids


def test_tables_have_a_caption_and_scopes_and_images_have_words(seed: Path) -> None:
    page = Outline(seed.read_text("utf-8"))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("caption")) == len(page.all("table")) == 3
    assert {title["scope"] for title in page.all("th")} == {"col", "row"}
    assert all(image["alt"] for image in page.all("img"))


def test_hostile_text_makes_no_element_and_ends_no_script(hostile: Path) -> None:
    page = Outline(hostile.read_text("utf-8"))
    assert len(page.all("script")) == 2
    assert not [a for _, a in page.elements if any(k.startswith("on") for k in a)]
    for said in seed_page.HOSTILE[:3]:
        assert said in page.said
    assert not re.search("[\x00\ud800]", hostile.read_text("utf-8"))


def test_the_policy_allows_exactly_the_scripts_of_the_page(seed: Path) -> None:
    page = Outline(seed.read_text("utf-8"))
    policy = next(a["content"] or "" for a in page.all("meta") if "http-equiv" in a)
    theme, script = page.scripts
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (theme, script)
    ]
    assert re.findall(r"'sha256-(.*?)'", policy) == hashes
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert policy.count("script-src") == 1


def test_a_part_brings_its_markup_style_scripts_and_data(tmp_path: Path) -> None:
    said = "</script><!-- & \u2028 \ud800"
    part = PagePart(
        title="A part",
        html="<p data-part>markup</p>",
        style="p { color: red }",
        script="run(1);",
        library="library();",
        data={"name": said, "none": None},
    )
    path = write_webpage(
        tmp_path / "page.html",
        title="t",
        opening=[Text("Words above.")],
        sections=[Section("After", [])],
        part=part,
    )
    text = path.read_text("utf-8")
    page = Outline(text)
    theme, data, library, script = page.scripts
    assert json.loads(data) == {"name": said.replace("\ud800", "?"), "none": None}
    assert not re.search("[<>&\u2028]", data)
    assert library == "library();"
    assert script.endswith("run(1);")
    policy = next(a["content"] or "" for a in page.all("meta") if "http-equiv" in a)
    for code in (theme, library, script):
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    places = [
        text.index(w)
        for w in ("Words above", ">A part</h2>", "data-part", "After</h2>")
    ]
    contents = text.index("<main")
    assert places == sorted(places)
    assert places[0] > contents
    assert 'href="#a-part"' in text


def test_the_contents_list_headings_to_the_third_level(tmp_path: Path) -> None:
    inner = Section("C <c>", [Section("D", [])])
    path = write_webpage(
        tmp_path / "page.html", title="t", sections=[Section("B", [inner])]
    )
    contents = re.search("<nav.*</nav>", path.read_text("utf-8"), re.DOTALL)
    assert contents
    assert (
        '<ul>\n<li class="level-2"><a href="#b">B</a></li>\n'
        '<li class="level-3"><a href="#c-c">C &lt;c&gt;</a></li>\n</ul>'
    ) in contents[0]


def test_a_page_with_one_heading_has_no_contents(tmp_path: Path) -> None:
    assert not small_page(tmp_path, Text("words")).all("nav")


def test_chapters_are_closed_sections_that_links_lead_to(tmp_path: Path) -> None:
    path = write_webpage(
        tmp_path / "page.html",
        title="t",
        sections=[
            Section("List", [Text([Link("one", "datasets/a b.md")])]),
            Section("End", []),
        ],
        chapters={"datasets/a b.md": Section("A", [Section("Inner", [])])},
        chapters_after="List",
        links=[Link("All", "../index.html")],
    )
    text = path.read_text("utf-8")
    assert '<a href="#a">one</a>' in text
    assert '<a href="../index.html">All</a>' in text
    assert text.count("<section data-chapter>") == 1
    contents = re.search("<nav.*</nav>", text, re.DOTALL)
    assert contents
    assert re.findall('href="(.*?)"', contents[0]) == ["#list", "#a", "#end"]


def test_data_that_json_lacks_is_an_error(tmp_path: Path) -> None:
    part = PagePart("p", "", data={"number": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_webpage(tmp_path / "page.html", title="t", sections=[], part=part)


def test_a_page_is_written_the_same_twice(seed: Path, tmp_path: Path) -> None:
    again = seed_page.write_seed_page(tmp_path / "again")
    assert again.read_bytes() == seed.read_bytes()


def test_cells_are_sorted_by_their_number_and_blanks_have_none(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"classifier": ["A", "B", "C"], "score": ["0.990±0.003", "−1.5", "–"]}
    )
    page = small_page(tmp_path, Table(frame))
    cells = page.all("td")
    assert [cell["data-order"] for cell in cells] == ["0.99", "-1.5", ""]
    assert all(cell["class"] == "number" for cell in cells)


def test_marked_cells_and_named_indices_are_shown(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"score": [0.25, 1.0]}, index=pd.Index(["A", "B"], name="classifier")
    )
    page = small_page(tmp_path, Table(frame, bold=frame > 0.5))
    assert [cell["class"] for cell in page.all("td")] == ["number", "number best"]
    assert [text for text in page.said if text in ("classifier", "A", "0.25", "1")] == [
        "classifier",
        "A",
        "0.25",
        "1",
    ]


def test_the_drawing_beside_a_picture_is_a_part_of_the_page(tmp_path: Path) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><g id="a" fill="url(#a)"/></svg>'
    (tmp_path / "a.png").write_bytes(b"picture")
    (tmp_path / "a.svg").write_text(drawing)
    page = small_page(tmp_path, FigureFile("a.png", "A <b>"), FigureFile("a.svg", "B"))
    assert not page.all("img")
    assert [svg["aria-label"] for svg in page.all("svg")] == ["A <b>", "B"]
    drawn = [(group["id"], group["fill"]) for group in page.all("g")]
    assert drawn == [("f1_a", "url(#f1_a)"), ("f2_a", "url(#f2_a)")]
    assert [figure["id"] for figure in page.all("figure")] == ["figure-a", "figure-a-2"]


def test_a_drawing_that_could_run_something_stays_an_image(tmp_path: Path) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    (tmp_path / "a.svg").write_text(drawing)
    (tmp_path / "b.svg").write_text(drawing)
    (tmp_path / "b.png").write_bytes(b"picture")
    page = small_page(tmp_path, FigureFile("a.svg", "A"), FigureFile("b.png", "B"))
    assert not page.all("svg")
    addresses = [(image["src"] or "").partition(",") for image in page.all("img")]
    assert [head for head, _, _ in addresses] == [
        "data:image/svg+xml;base64",
        "data:image/png;base64",
    ]
    assert base64.b64decode(addresses[0][2]).decode() == drawing


def test_a_figure_that_cannot_be_shown_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.png: No such file"):
        small_page(tmp_path, FigureFile("none.png", "nothing"))
    with pytest.raises(ValueError, match=r"a\.pdf: found the suffix '\.pdf'"):
        small_page(tmp_path, FigureFile("a.pdf", "nothing"))


def test_blank_lines_separate_paragraphs_and_parts_keep_their_spaces(
    tmp_path: Path,
) -> None:
    words = Text("one\n two\n\nthree"), Text(("see ", Code("four"), " below"))
    sections = [Section("Words", words)]
    path = write_webpage(tmp_path / "page.html", title="t", sections=sections)
    main = re.search("<main.*</main>", path.read_text("utf-8"), re.DOTALL)
    assert main
    assert re.findall("<p>(.*?)</p>", main[0]) == [
        "one two",
        "three",
        "see <code>four</code> below",
    ]
