import re

import pytest
import report_folders
import stored
from PIL import Image

from bench.base import PUBLISHED, MissingFileError, OutputError, StoreError
from bench.render import Text
from bench.report import Document
from bench.site import page as page_module
from bench.site.index import thumbnail, write_site
from bench.site.readme import read_readme

HOSTILE = "</script><script>window.hacked=1</script>"
README = """# A <b>title</b>

The first paragraph, with <script>alert(1)</script>.

![A picture](a.png) ![Elsewhere](../secret.png) ![Gone](gone.png)

[web](https://example.org) [own](data.csv) [code](javascript:alert(1))
[file](/etc/passwd) [other](../small/README.md) [outside](../../x) [here](#more)

## More

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture(autouse=True)
def undrawn(request, monkeypatch):
    """Pages without figures, which take seconds to draw."""
    if request.node.get_closest_marker("slow"):
        return

    def compose(data, figures):
        return Document(data.suite.name, [Text(data.suite.name)], [])

    monkeypatch.setattr(page_module, "compose", compose)


@pytest.fixture
def reports(tmp_path):
    """A folder with a report, and one that is a README.md alone."""
    folder = tmp_path / "reports"
    report_folders.write_report_folder(folder / "small")
    text = folder / "text"
    text.mkdir()
    (text / "README.md").write_text(README)
    (text / "data.csv").write_text("a\n1\n")
    Image.new("RGB", (4, 4)).save(text / "a.png")
    Image.new("RGB", (4, 4)).save(folder / "secret.png")
    (folder / "nothing").mkdir()
    return folder


def links(text):
    return re.findall(r'<a [^>]*href="([^"]*)"', text)


def test_every_report_has_a_page_its_tables_and_a_card(reports, tmp_path):
    said = []
    index = write_site(reports, tmp_path / "out", said.append)
    assert said == ["small", "text"]
    text = index.read_text("utf-8")
    assert [a for a in links(text) if "/" in a] == [
        "small/index.html",
        "text/index.html",
    ]
    for words in ("small", "Can it be told?", "SD has the best mean", "Best mean rank"):
        assert words in text
    assert "4 datasets × 3 classifiers" in text
    page = (tmp_path / "out/small/index.html").read_text("utf-8")
    assert "../index.html" in links(page)
    assert "results.csv" in links(page)
    for name in ("results.csv", "summary.csv", "page.json"):
        written = (tmp_path / "out/small" / name).read_bytes()
        assert written == (reports / "small" / name).read_bytes()


def test_the_reports_are_left_as_they_are(reports, tmp_path):
    before = stored.content(reports)
    write_site(reports, tmp_path / "out")
    assert stored.content(reports) == before


def test_a_readme_becomes_a_page_without_its_markup_and_foreign_files(
    reports, tmp_path
):
    write_site(reports, tmp_path / "out")
    page = (tmp_path / "out/text/index.html").read_text("utf-8")
    assert "<h1>A &lt;b&gt;title&lt;/b&gt;</h1>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("data:image/png") == 1
    assert "[Elsewhere]" in page
    assert "[Gone]" in page
    found = links(page)
    for kept in ("https://example.org", "data.csv", "../small/index.html", "#more"):
        assert kept in found
    assert not [a for a in found if "javascript" in a or "etc" in a or "../x" in a]
    assert "<td>1</td>" in page
    assert (tmp_path / "out/text/data.csv").exists()


def test_an_image_behind_a_link_is_not_shown(tmp_path):
    (tmp_path / "text").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    (tmp_path / "text/README.md").write_text("![x](a.png)")
    (tmp_path / "text/a.png").symlink_to(tmp_path / "secret.png")
    assert "data:" not in read_readme(tmp_path / "text").body


def test_names_of_strangers_are_text(tmp_path):
    folder = tmp_path / "reports/a#b 'c'"
    report_folders.write_report_folder(folder, {"SD": HOSTILE, "small": HOSTILE})
    index = write_site(tmp_path / "reports", tmp_path / "out")
    text = index.read_text("utf-8")
    assert "<script>window" not in text
    assert "a%23b%20%27c%27/index.html" in links(text)
    page = (tmp_path / "out/a#b 'c'/index.html").read_text("utf-8")
    assert "<script>window" not in page
    assert "\\u003cscript\\u003ewindow" in page


def test_a_site_is_written_again_and_what_is_gone_is_removed(reports, tmp_path):
    out = tmp_path / "out"
    write_site(reports, out)
    first = stored.content(out)
    write_site(reports, out)
    assert stored.content(out) == first
    (out / "text/mine.txt").write_text("kept")
    for path in (reports / "text").iterdir():
        path.unlink()
    write_site(reports, out)
    assert not (out / "text/index.html").exists()
    assert (out / "text/mine.txt").exists()


def test_an_edited_list_of_files_removes_nothing_outside(reports, tmp_path):
    out = tmp_path / "out"
    write_site(reports, out)
    (tmp_path / "mine.txt").write_text("kept")
    with (out / ".bench-site").open("a") as file:
        file.write(f"../mine.txt\n{tmp_path / 'mine.txt'}\n")
    write_site(reports, out)
    assert (tmp_path / "mine.txt").exists()


def test_only_a_free_folder_or_a_site_is_written(reports, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a.txt").write_text("mine")
    with pytest.raises(OutputError, match="not of a site; expected a new folder"):
        write_site(reports, tmp_path / "full")
    with pytest.raises(OutputError, match="expected a new folder"):
        write_site(reports, tmp_path / "full/a.txt")
    assert stored.names(tmp_path / "full") == ["a.txt"]


def test_without_reports_nothing_is_written(reports, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(MissingFileError, match=r"found no folder with page\.json"):
        write_site(reports / "nothing", out)
    with pytest.raises(MissingFileError, match="name the folder that holds it"):
        write_site(reports / "small", out)
    with pytest.raises(MissingFileError, match="No such file"):
        write_site(tmp_path / "none", out)
    assert not out.exists()


def test_a_damaged_report_is_an_error_before_anything_is_written(reports, tmp_path):
    (reports / "small/page.json").write_text("{")
    with pytest.raises(StoreError, match=r"page\.json: found no JSON object"):
        write_site(reports, tmp_path / "out")
    (reports / "small/page.json").unlink()
    (reports / "text/README.md").write_bytes(b"\xff")
    with pytest.raises(StoreError, match=r"README\.md: cannot be read"):
        write_site(reports, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_picture_on_a_card_is_deeper_for_better_scores():
    picture = thumbnail(report_folders.report_data())
    shades = [float(s) for s in re.findall(r'fill-opacity="([\d.]+)"', picture)]
    assert len(shades) == 4 * 3 - 1  # GNB failed on one
    assert max(shades) > 0.9
    assert min(shades) < 0.4


@pytest.mark.slow
def test_the_published_reports_become_a_site_without_a_change(tmp_path):
    before = stored.content(PUBLISHED)
    index = write_site(PUBLISHED, tmp_path / "out")
    assert stored.content(PUBLISHED) == before
    names = [folder.name for folder in sorted(PUBLISHED.iterdir())]
    pages = [a for a in links(index.read_text("utf-8")) if a.endswith("/index.html")]
    assert pages == [f"{name}/index.html" for name in names]
    for page in pages:
        path = tmp_path / "out" / page
        assert path.stat().st_size <= 3e6
        text = path.read_text("utf-8")
        text = re.sub("<script.*?</script>", "", text, flags=re.DOTALL)
        for link in links(text):
            is_elsewhere = link.startswith(("#", "http"))
            assert is_elsewhere or (path.parent / link).exists(), (page, link)
