import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import seed_page

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (400, 1400)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium here; Debian: apt-get install chromium"
    ),
]


@dataclass
class Opened:
    """A page in the browser, and what it should not have said or asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def table(self, number: int) -> Any:
        return self.page.locator("[data-table]").nth(number)

    def column(self, table: int, column: int) -> list[str]:
        cells = self.table(table).locator(f"tbody tr > :nth-child({column + 1})")
        return list(cells.all_inner_texts())


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "seed": seed_page.write_seed_page(tmp_path_factory.mktemp("seed")),
        "hostile": seed_page.write_hostile_page(tmp_path_factory.mktemp("hostile")),
    }


def open_page(
    browser: Any, path: Path, width: int = 1400, scheme: str = "light", **options: Any
) -> Opened:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, **options
    )
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.goto(path.as_uri())
    if options.get("java_script_enabled", True):
        opened.page.wait_for_selector("html[data-ready]", state="attached")
    return opened


def check_silent_and_alone(opened: Opened) -> None:
    assert opened.said == []
    kinds = {address.partition(":")[0] for address in opened.asked}
    assert kinds <= {"file", "data", "blob"}
    files = {address for address in opened.asked if address.startswith("file:")}
    assert len(files) == 1


@pytest.fixture
def show(browser: Any, paths: dict[str, Path]) -> Iterator[Callable[..., Opened]]:
    """Open a page of a width; at the end, it must have been silent and alone."""
    shown = []

    def show_page(name: str = "seed", *args: Any, **options: Any) -> Opened:
        shown.append(open_page(browser, paths[name], *args, **options))
        return shown[-1]

    yield show_page
    for opened in shown:
        check_silent_and_alone(opened)
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
        check_silent_and_alone(opened)
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
           .filter(e => !e.closest(".warning, .tools *, li"))
           .filter(e => e.matches(".tools") || !e.closest(".tools"))
           .map(e => [e.tagName, e.getBoundingClientRect()])
           .map(([tag, box]) => [tag, box.top, box.bottom])"""
    )
    assert len(boxes) > 15
    for (above, _, bottom), (below, top, _) in pairwise(boxes):
        assert top >= bottom, f"{below} overlaps {above}"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_contents_stand_beside_the_text_or_above_it(
    look: Callable[..., Any], width: int
) -> None:
    page = look(width=width)
    contents, text = (page.locator(name).bounding_box() for name in ("nav", "main"))
    if width == 400:
        assert contents["y"] + contents["height"] <= text["y"]
    else:
        assert contents["x"] + contents["width"] <= text["x"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_heading_sorts_by_the_number_and_keeps_blanks_last(
    show: Callable[..., Opened], width: int
) -> None:
    opened = show(width=width)
    heading = opened.table(0).locator("thead th").nth(5)
    before = opened.column(0, 0)
    for direction in ("ascending", "descending"):
        heading.click()
        sync_api.expect(heading).to_have_attribute("aria-sort", direction)
        *texts, last = opened.column(0, 5)
        values = [float(text) for text in texts]
        assert values == sorted(values, reverse=direction == "descending")
        assert last == "–"
    assert len(values) == 12
    assert opened.column(0, 0) != before


def test_the_keyboard_sorts_too(show: Callable[..., Opened]) -> None:
    opened = show()
    opened.table(0).locator("input").focus()
    for _ in range(2):  # the box that scrolls, then the first heading
        opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    heading = opened.table(0).locator("thead th").first
    sync_api.expect(heading).to_have_attribute("aria-sort", "ascending")
    names = opened.column(0, 0)
    assert names == sorted(names)
    assert len(names) == 13


def test_a_column_sorts_by_mean_and_not_as_text(show: Callable[..., Opened]) -> None:
    opened = show()
    seconds = opened.table(0).locator("thead th").nth(4)
    seconds.click()
    sync_api.expect(seconds).to_have_attribute("aria-sort", "ascending")
    values = [float(text) for text in opened.column(0, 4)]
    assert values == sorted(values)
    assert max(values) >= 10  # text would place it among the ones


@pytest.mark.parametrize("width", WIDTHS)
def test_a_field_filters_its_own_table(show: Callable[..., Opened], width: int) -> None:
    opened = show(width=width)
    table = opened.table(2)
    rows = len(opened.column(2, 0))
    assert table.locator("[data-count]").inner_text() == f"{rows} rows"
    table.locator("input").fill("sd-wgan uniform")
    assert set(opened.column(2, 0)) == {"uniform-100"}
    assert set(opened.column(2, 2)) == {"SD-WGAN"}
    assert table.locator("[data-count]").inner_text() == (
        f"10 of {rows} rows match “sd-wgan uniform”"
    )
    assert len(opened.column(0, 0)) == 13
    table.locator("input").fill("no such classifier")
    assert table.locator("tbody").inner_text() == "No row matches."
    table.locator("input").fill("")
    assert len(opened.column(2, 0)) == rows


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_enlarges_and_closes_by_keyboard(
    show: Callable[..., Opened], width: int
) -> None:
    page = show(width=width).page
    button = page.locator("figure button").nth(1)
    dialog = page.locator("dialog")
    assert not dialog.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert dialog.is_visible()
    image = dialog.locator("img")
    assert image.get_attribute("src") == button.locator("img").get_attribute("src")
    assert image.get_attribute("alt") == button.locator("img").get_attribute("alt")
    assert image.bounding_box()["width"] >= 0.85 * width
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("button => button === document.activeElement")


def test_a_figure_opens_by_a_click_and_closes_by_one(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    page.locator("figure button").first.click()
    assert page.locator("dialog").is_visible()
    page.get_by_role("button", name="Close").click()
    assert not page.locator("dialog").is_visible()
    page.locator("figure button").first.click()
    page.mouse.click(3, 3)  # beside the dialog
    assert not page.locator("dialog").is_visible()


def test_every_figure_is_drawn(look: Callable[..., Any]) -> None:
    widths = look().evaluate(
        "[...document.images].map(image => image.complete && image.naturalWidth)"
    )
    assert len(widths) >= 4
    assert min(widths) > 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_the_reader_chooses(
    show: Callable[..., Opened], scheme: str
) -> None:
    page = show(scheme=scheme).page
    toggle = page.get_by_role("button", name="Dark")
    dark = scheme == "dark"
    assert toggle.get_attribute("aria-pressed") == str(dark).lower()
    assert (lightness(page, "html", "background-color") < 0.1) == dark
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == str(not dark).lower()
    assert (lightness(page, "html", "background-color") < 0.1) != dark
    page.reload()
    assert (lightness(page, "html", "background-color") < 0.1) != dark


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


def lightness(page: Any, selector: str, name: str) -> float:
    """Relative luminance of a colour, as the accessibility guidelines define it."""
    said = page.locator(selector).first.evaluate(
        f"element => getComputedStyle(element)['{name}']"
    )
    assert re.fullmatch(r"rgb\(\d+, \d+, \d+\)", said), said
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(part) / 255 for part in re.findall(r"\d+", said))
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


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
    for control in ("nav", "header button", ".tools", "footer"):
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
    opened.table(0).locator("input").fill("</script>")
    assert opened.column(0, 0) == [seed_page.HOSTILE[0]]
    opened.table(0).locator("thead th").nth(1).click()
    opened.page.locator("figure button").first.click()
    assert (
        opened.page.locator("dialog figcaption").inner_text() == (seed_page.HOSTILE[0])
    )
    assert opened.page.evaluate("window.hacked") is None


def test_without_scripts_the_page_is_complete(show: Callable[..., Opened]) -> None:
    opened = show(java_script_enabled=False)
    assert opened.page.locator("tbody tr").count() == 13 + 13 + 260
    assert opened.page.locator("img").first.is_visible()
    assert not opened.page.locator("[data-tools]").first.is_visible()
    assert not opened.page.locator("header button").is_visible()


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


def test_the_contents_lead_to_their_sections(show: Callable[..., Opened]) -> None:
    page = show().page
    page.get_by_role("navigation").get_by_text("Every cell").click()
    heading = page.get_by_role("heading", name="Every cell").bounding_box()
    assert 0 <= heading["y"] < 900


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wide_table_scrolls_in_its_own_box(
    show: Callable[..., Opened], width: int
) -> None:
    opened = show(width=width)
    box = opened.table(2).locator(".scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
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
