import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import seed_page
from browser_pages import MARKS, Opened, lightness, open_page

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = MARKS
WIDTHS = (400, 1400)


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "seed": seed_page.write_seed_page(tmp_path_factory.mktemp("seed")),
        "hostile": seed_page.write_hostile_page(tmp_path_factory.mktemp("hostile")),
    }


@pytest.fixture
def show(browser: Any, paths: dict[str, Path]) -> Iterator[Callable[..., Opened]]:
    """Open a page of a width; at the end, it must have been silent and alone."""
    shown = []

    def show_page(name: str = "seed", *args: Any, **options: Any) -> Opened:
        shown.append(open_page(browser, paths[name], *args, **options))
        return shown[-1]

    yield show_page
    for opened in shown:
        opened.check_silent_and_alone()
        opened.page.context.close()


@pytest.fixture(scope="session")
def look(browser: Any, paths: dict[str, Path]) -> Iterator[Callable[..., Any]]:
    """Look at a page that no test changes; it is opened once."""
    shown: dict[tuple[str, int, str], Opened] = {}

    def look_at(name: str = "seed", width: int = 1400, scheme: str = "light") -> Any:
        key = (name, width, scheme)
        if key not in shown:
            shown[key] = open_page(browser, paths[name], width, scheme)
        return shown[key].page

    yield look_at
    for opened in shown.values():
        opened.check_silent_and_alone()
        opened.page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["seed", "hostile"])
def test_nothing_is_wider_than_the_window(
    look: Callable[..., Any], name: str, width: int
) -> None:
    page = look(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    edges = page.evaluate(
        """() => [...document.querySelectorAll(
             "h1, h2, h3, p, li, nav, figure, .table, .scroll, .tools, .warning")]
           .map(e => e.getBoundingClientRect()).filter(box => box.width > 1)
           .map(box => [box.left, box.right])"""
    )
    assert len(edges) > 20
    assert min(left for left, _ in edges) >= 0
    assert max(right for _, right in edges) <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["seed", "hostile"])
def test_blocks_do_not_overlap(look: Callable[..., Any], name: str, width: int) -> None:
    boxes = look(name, width).evaluate(
        """() => [...document.querySelectorAll(
             "header, main :is(h2, h3, p, ul, .tools, .scroll, figure)")]
           .filter(e => !e.closest(".warning, .tools *, li, .more"))
           .filter(e => e.matches(".tools") || !e.closest(".tools"))
           .map(e => [e.tagName, e.getBoundingClientRect()])
           .map(([tag, box]) => [tag, box.top, box.bottom])"""
    )
    assert len(boxes) > 15
    for (above, _, bottom), (below, top, _) in pairwise(boxes):
        assert top >= bottom, f"{below} overlaps {above}"


def test_the_contents_stand_beside_the_text_or_unfold_above_it(
    look: Callable[..., Any], show: Callable[..., Opened]
) -> None:
    page = look()
    contents, text = (page.locator(name).bounding_box() for name in ("nav", "main"))
    assert contents["x"] + contents["width"] <= text["x"]
    page = show(width=400).page
    button = page.get_by_role("button", name="Contents")
    entry = page.get_by_role("navigation").get_by_text("Every cell")
    assert not entry.is_visible()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    entry.click()
    assert not entry.is_visible()
    assert 0 <= page.get_by_role("heading", name="Every cell").bounding_box()["y"] < 900


def test_the_contents_mark_the_section_that_is_read(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    rng = random.Random(0)
    height = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    for place in [0, height, *(rng.uniform(0, height) for _ in range(18))]:
        page.evaluate("y => scrollTo(0, y)", place)
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => "
            "requestAnimationFrame(done)))"
        )
        expected, marked = page.evaluate(
            """() => {
                 const above = [...document.querySelectorAll("main :is(h2, h3)[id]")]
                   .filter(h => h.getBoundingClientRect().top <= innerHeight / 4);
                 const links = [...document.querySelectorAll("nav [aria-current]")];
                 return [above.slice(-1).map(h => "#" + h.id), links.map(a => a.hash)];
               }"""
        )
        assert marked == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_a_heading_sorts_the_best_first_and_keeps_blanks_last(
    show: Callable[..., Opened], width: int
) -> None:
    opened = show(width=width)
    heading = opened.table(0).locator("thead th").nth(5)
    before = opened.column(0, 0)
    for direction in ("descending", "ascending"):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == direction
        *texts, last = opened.column(0, 5)
        values = [float(text) for text in texts]
        assert values == sorted(values, reverse=direction == "descending")
        assert last == "–"
    assert len(values) == 12
    assert opened.column(0, 0) != before


def test_a_table_is_one_stop_of_the_tab_key_and_arrows_move_in_it(
    show: Callable[..., Opened],
) -> None:
    opened = show()
    page = opened.page
    focused = "document.activeElement.textContent"
    opened.table(0).locator("input").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "classifier"
    page.keyboard.press("Enter")
    names = opened.column(0, 0)
    assert names == sorted(names)
    assert len(names) == 13
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "held-out accuracy"
    page.keyboard.press("Tab")
    outside = "!document.querySelector('[data-table]').contains(document.activeElement)"
    assert page.evaluate(outside)


def test_a_column_sorts_by_mean_and_not_as_text(show: Callable[..., Opened]) -> None:
    opened = show()
    seconds = opened.table(0).locator("thead th").nth(4)
    for _ in range(2):
        seconds.locator("button").click()
    assert seconds.get_attribute("aria-sort") == "ascending"
    values = [float(text) for text in opened.column(0, 4)]
    assert values == sorted(values)
    assert max(values) >= 10  # text would place it among the ones


def test_a_field_filters_its_own_table(show: Callable[..., Opened]) -> None:
    opened = show()
    table = opened.table(2)
    count, field = table.locator("[data-count]"), table.locator("input")
    rows = len(opened.column(2, 0))
    assert count.inner_text() == f"{rows} rows"
    field.fill("sd-wgan uniform")
    assert set(opened.column(2, 0)) == {"uniform-100"}
    assert set(opened.column(2, 2)) == {"SD-WGAN"}
    assert count.inner_text() == f"10 of {rows} rows match “sd-wgan” and “uniform”"
    assert len(opened.column(0, 0)) == 13
    field.fill("no-such-classifier")
    assert table.locator("tbody td.none").inner_text() == "No row matches."
    field.fill("")
    assert len(opened.column(2, 0)) == rows


def test_a_filter_takes_patterns_and_numbers(show: Callable[..., Opened]) -> None:
    opened = show()
    field = opened.table(0).locator("input")
    everyone = opened.column(0, 0)

    def kept(words: str) -> list[str]:
        field.fill(words)
        return opened.column(0, 0)

    assert kept("SD") == [name for name in everyone if "SD" in name]
    assert kept("^SD$") == ["SD"]
    assert set(kept("/^(CSD|QDA)$/")) == {"CSD", "QDA"}
    scores = [float(text.partition("±")[0]) for text in opened.column(0, 1)]
    assert scores
    field.fill("")
    scores = [float(text.partition("±")[0]) for text in opened.column(0, 1)]
    high = [n for n, score in zip(everyone, scores, strict=True) if score > 0.9]
    assert 0 < len(high) < len(everyone)
    assert kept(">0.9") == high
    seconds = [float(text) for text in _all(opened, field, 4)]
    quick = [n for n, s in zip(everyone, seconds, strict=True) if s <= 1]
    assert 0 < len(quick) < len(everyone)
    assert kept("fit<=1") == quick
    kept("KNN fit<=1")
    assert opened.column(0, 0) == ["KNN"]
    assert kept("SD$ (") == ["No row matches."]  # no pattern: a part of a cell


def _all(opened: Opened, field: Any, column: int) -> list[str]:
    field.fill("")
    return opened.column(0, column)


def test_figures_turn_over_and_close_by_keyboard(show: Callable[..., Opened]) -> None:
    page = show(width=1400).page
    dialog = page.locator("dialog")
    assert not dialog.is_visible()
    button = page.locator("figure .enlarge").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    assert dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Close"
    assert dialog.locator("svg text").inner_html() == "scores"
    assert dialog.locator("svg").bounding_box()["width"] >= 0.85 * 1400
    assert dialog.locator("[data-place]").inner_text() == "2 of 4"
    page.keyboard.press("ArrowRight")
    assert dialog.locator("svg text").inner_html() == "forest"
    page.keyboard.press("ArrowRight")
    assert dialog.locator("img").get_attribute("alt") == "The figure photograph.png"
    page.keyboard.press("ArrowRight")
    assert dialog.locator("svg text").inner_html() == "matrix"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "Enlarge: The figure photograph.png"


def test_a_figure_is_saved_linked_and_closed_by_mouse(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    page.locator("figure .picture").first.click(position={"x": 20, "y": 20})
    dialog = page.locator("dialog")
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name="Download SVG").click()
    saved = Path(waiting.value.path()).read_text("utf-8")
    assert waiting.value.suggested_filename == "seed-figure-matrix.svg"
    assert 'color="#333333"' in saved
    assert "var(" not in saved
    dialog.get_by_role("link", name="Link").click()
    assert not dialog.is_visible()
    assert page.url.endswith("#figure-matrix")
    page.locator("figure .picture").last.click()
    page.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()
    page.locator("figure .picture").last.click()
    page.mouse.click(3, 3)  # beside the dialog
    assert not dialog.is_visible()


def test_every_figure_is_drawn(look: Callable[..., Any]) -> None:
    widths = look().evaluate(
        "[...document.querySelectorAll('main figure :is(svg, img)')]"
        ".map(picture => picture.naturalWidth ?? picture.clientWidth)"
    )
    assert len(widths) == 4
    assert min(widths) > 100


def test_a_drawing_has_the_colours_of_the_page(look: Callable[..., Any]) -> None:
    light = lightness(look(), "figure svg text", "fill")
    dark = lightness(look(scheme="dark"), "figure svg text", "fill")
    assert light < 0.1
    assert dark > 0.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_the_reader_chooses(
    show: Callable[..., Opened], scheme: str
) -> None:
    page = show(scheme=scheme).page
    toggle = page.locator("[data-theme-toggle]")

    def is_dark() -> bool:
        return lightness(page, "html", "background-color") < 0.1

    seen = []
    for _ in range(3):
        seen.append((toggle.inner_text(), is_dark()))
        toggle.click()
    assert seen == [
        ("Theme: system", scheme == "dark"),
        ("Theme: light", False),
        ("Theme: dark", True),
    ]
    toggle.click()
    page.reload()
    assert (toggle.inner_text(), is_dark()) == ("Theme: light", False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(look: Callable[..., Any], scheme: str) -> None:
    page = look(scheme=scheme)
    for words, behind in (
        ("p", "html"),
        (".warning strong", ".warning"),
        ("main a", "html"),
        ("nav a", "html"),
        ("figcaption", "html"),
        ("caption", "html"),
        ("td.number", "td.number"),
        ("td.best", "td.best"),
        ("tbody th", "tbody th"),
        ("thead th", "thead th"),
        ("header button", "header button"),
        ("footer", "html"),
    ):
        pair = (
            lightness(page, words, "color"),
            lightness(page, behind, "background-color"),
        )
        contrast = (max(pair) + 0.05) / (min(pair) + 0.05)
        assert contrast >= 4.5, f"{words}: {contrast:.1f} to 1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_is_black_on_white_complete_and_without_controls(
    show: Callable[..., Opened], scheme: str
) -> None:
    opened = show(width=680, scheme=scheme)
    page = opened.page
    page.emulate_media(media="print")
    assert lightness(page, "html", "background-color") == 1
    for words in ("p", "tbody th", "td.best", "caption", "h1"):
        assert lightness(page, words, "color") < 0.02
    for control in ("nav", "header button", ".tools", "footer", ".enlarge"):
        assert not page.locator(control).first.is_visible()
    assert len(opened.column(2, 0)) == 260
    assert page.locator("tbody").nth(2).locator("tr").last.is_visible()


@pytest.mark.parametrize("name", ["seed", "hostile"])
def test_tables_fit_on_paper(show: Callable[..., Opened], name: str) -> None:
    page = show(name, width=680).page  # A4 less its margins
    page.emulate_media(media="print")
    boxes = page.evaluate(
        """() => [...document.querySelectorAll(".scroll")].map(e => [
             e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight,
             e.getBoundingClientRect().right])"""
    )
    assert len(boxes) >= 3
    for beyond, below, right in boxes:
        assert beyond <= 0
        assert below <= 0
        assert right <= 680


def test_print_says_that_a_table_was_filtered(show: Callable[..., Opened]) -> None:
    opened = show()
    opened.table(0).locator("input").fill("QDA")
    opened.page.emulate_media(media="print")
    count = opened.table(0).locator("[data-count]")
    assert count.inner_text() == "1 of 13 rows match “QDA”"
    assert count.is_visible()
    assert not opened.table(1).locator("[data-count]").is_visible()


def test_the_page_prints_to_a_file(show: Callable[..., Opened]) -> None:
    content = show().page.pdf(format="A4")
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 4


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_are_shown_and_never_run(
    show: Callable[..., Opened], width: int
) -> None:
    opened = show("hostile", width)
    assert opened.page.evaluate("window.hacked") is None
    assert opened.column(0, 0)[:3] == list(seed_page.HOSTILE[:3])
    opened.table(0).locator("thead th button").nth(1).dispatch_event("click")
    opened.page.locator("figure .picture").first.click()
    assert (
        opened.page.locator("dialog figcaption").inner_text() == (seed_page.HOSTILE[0])
    )
    assert opened.page.evaluate("window.hacked") is None


def test_without_scripts_the_page_is_complete(show: Callable[..., Opened]) -> None:
    opened = show(java_script_enabled=False)
    page = opened.page
    assert page.locator("tbody tr").count() == 13 + 13 + 260
    assert page.locator("figure svg").first.is_visible()
    assert page.get_by_role("navigation").get_by_text("Every cell").is_visible()
    for control in ("[data-tools]", "header button", "footer", "dialog"):
        assert not page.locator(control).first.is_visible()


def test_the_first_stop_of_the_keyboard_skips_to_the_text(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    box = page.locator(".skip").bounding_box()
    assert box["y"] >= 0
    outline = page.locator(".skip").evaluate("e => getComputedStyle(e).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "page-text"


def test_a_chapter_opens_by_its_heading_and_by_links_to_it(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    chapter = page.get_by_role("button", name="A chapter")
    inside = page.get_by_text("Inside the chapter")
    assert not inside.is_visible()
    chapter.focus()
    page.keyboard.press("Enter")
    assert inside.is_visible()
    page.keyboard.press("Enter")
    assert not inside.is_visible()
    page.get_by_role("link", name="To the chapter").click()
    assert inside.is_visible()
    assert page.url.endswith("#a-chapter")
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert inside.is_visible()


def test_print_shows_closed_chapters(show: Callable[..., Opened]) -> None:
    page = show().page
    page.emulate_media(media="print")
    inside = page.get_by_text("Inside the chapter")
    assert inside.bounding_box()["height"] > 5
    assert inside.evaluate("e => e.checkVisibility({ contentVisibilityAuto: true })")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wide_table_scrolls_in_its_own_box_and_says_so(
    show: Callable[..., Opened], width: int
) -> None:
    opened = show(width=width)
    box = opened.table(2).locator(".scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert opened.table(2).get_by_text("More columns").is_visible()
    edge, row, title = box.evaluate(
        """box => {
             box.scrollTo(300, 1000);
             const seen = [box, box.querySelectorAll("tbody th")[40],
                           box.querySelector("thead th")];
             return seen.map(e => e.getBoundingClientRect().toJSON());
           }"""
    )
    assert box.evaluate("box => box.scrollTop") == 1000
    assert row["left"] == pytest.approx(edge["left"], abs=1)  # rows keep their names
    assert title["top"] == pytest.approx(edge["top"], abs=3)  # columns their titles
    box.evaluate("box => box.scrollTo(box.scrollWidth, 0)")
    sync_api.expect(opened.table(2).get_by_text("More columns")).to_be_hidden()
