import pytest
import report_folders
import stored

from bench.base import StoreError
from bench.render import FigureFile, Link, Section, Text
from bench.report import Chapter, Document
from bench.site import page as page_module
from bench.site.page import write_page

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>'


@pytest.fixture
def composed(monkeypatch):
    """Compose a small document instead of a report; return the folders of figures."""
    folders = []

    def compose(data, figures):
        folders.append(figures.folder)
        path = figures.folder / "figures/a.svg"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(DRAWING.format("drawn"))
        chapter = Section(data.datasets[0].id, [Text("inside")])
        return Document(
            title=data.suite.name,
            opening=[
                Text([Link("chapter", "datasets/first.md")]),
                FigureFile("figures/a.svg", "a figure"),
            ],
            sections=[Section("Datasets", []), Section("Provenance", [])],
            chapters=[Chapter("datasets/first.md", chapter)],
        )

    monkeypatch.setattr(page_module, "compose", compose)
    return folders


@pytest.fixture
def folder(tmp_path):
    return report_folders.write_report_folder(tmp_path / "small")


def test_the_page_lies_in_the_folder_with_its_drawings(composed, folder):
    path = write_page(folder)
    assert path == folder / "index.html"
    assert composed == [folder]
    text = path.read_text("utf-8")
    assert "<text>drawn</text>" in text
    assert 'href="results.csv"' in text


def test_elsewhere_nothing_is_written_to_the_folder(composed, folder, tmp_path):
    before = stored.content(folder)
    path = write_page(folder, tmp_path / "out/index.html")
    assert stored.content(folder) == before
    assert composed[0] != folder
    assert not composed[0].exists()
    assert "<text>drawn</text>" in path.read_text("utf-8")


def test_a_drawing_that_is_there_is_not_drawn_again(composed, folder, tmp_path):
    (folder / "figures").mkdir()
    (folder / "figures/a.svg").write_text(DRAWING.format("there"))
    path = write_page(folder, tmp_path / "index.html")
    assert "<text>there</text>" in path.read_text("utf-8")


def test_links_to_a_chapters_file_lead_into_the_page(composed, folder):
    text = write_page(folder).read_text("utf-8")
    assert '<a href="#first">chapter</a>' in text
    assert text.index("data-chapter") < text.index('id="provenance"')
    assert "datasets/first.md" not in text


def test_chapters_have_a_place_without_a_list_of_datasets(
    composed, folder, monkeypatch
):
    def compose(data, figures):
        chapter = Section("first", [Text("inside")])
        return Document(
            title="small",
            opening=[],
            sections=[Section(t, []) for t in ("Cost", "How it was measured", "Last")],
            chapters=[Chapter("datasets/first.md", chapter)],
        )

    monkeypatch.setattr(page_module, "compose", compose)
    text = write_page(folder).read_text("utf-8").partition("<main")[2]
    names = ("cost", "datasets", "first", "how-it-was-measured", "last")
    places = [text.index(f'<h2 id="{name}">') for name in names]
    assert places == sorted(places)


def test_the_explorer_comes_before_the_figures(composed, folder):
    text = write_page(folder).read_text("utf-8")
    assert text.index("data-explorer") < text.index('id="overview"')


def test_the_page_links_to_the_suite_if_it_is_there(
    composed, folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    suite = report_folders.report_data().suite.path
    assert suite not in write_page(folder).read_text("utf-8")
    page = (folder / "page.json").read_text("utf-8")
    (folder / "page.json").write_text(page.replace(suite, "my/small.yaml"), "utf-8")
    (tmp_path / "my").mkdir()
    (tmp_path / "my/small.yaml").write_text("")
    assert 'href="../my/small.yaml"' in write_page(folder).read_text("utf-8")


def test_the_same_data_gives_the_same_page(composed, folder):
    first = write_page(folder).read_bytes()
    assert write_page(folder).read_bytes() == first


def test_a_folder_without_data_is_an_error(tmp_path):
    with pytest.raises(StoreError, match=r"page\.json"):
        write_page(tmp_path)
