from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import report_folders
from browser_pages import MARKS, Opened, lightness, open_page

from bench.analysis import read_data
from bench.render import FigureFile, Section, Text, write_webpage
from bench.report.chapters.matrix import matrix_table
from bench.site.explorer import explorer_part
from bench.site.page import write_page

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = MARKS
NAMES = ("SD", "KNN", "GNB")
HOSTILE = {
    "KNN": "</script><script>window.hacked = 1</script>",
    "GNB": "\"+alert(1)+'${alert(1)}\\' datum.c",
    "first": "<img src=x onerror='window.hacked = 2'>",
    "second": "a=b&c#d/e?f \u2028 é",
}
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="80">'
    '<g data-classifier="SD"><rect width="90" height="40" fill="red"/></g>'
    '<g data-classifier="KNN"><rect x="100" width="90" height="40" fill="blue"/></g>'
    '<text x="5" y="70" fill="currentColor">a figure</text></svg>'
)


def write_explorer_page(
    folder: Path, names: dict[str, str] | None = None, **options: Any
) -> Path:
    """Write a page with a matrix, the explorer, a figure and a chapter."""
    data = read_data(report_folders.write_report_folder(folder, names, **options))
    first = data.datasets[0].id
    (folder / "a.svg").write_text(DRAWING)
    return write_webpage(
        folder / "index.html",
        title="small",
        opening=[Text("Can it be told?"), matrix_table(data)],
        sections=[Section("Figures", [FigureFile("a.svg", "a figure")])],
        chapters={"datasets/first.md": Section(first, [Text("about the first")])},
        part=explorer_part(data),
    )


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    new = tmp_path_factory.mktemp
    return {
        "plain": write_explorer_page(new("plain")),
        "hostile": write_explorer_page(new("hostile"), HOSTILE),
        "swept": write_explorer_page(new("swept"), swept=True),
    }


@pytest.fixture
def show(browser: Any, paths: dict[str, Path]) -> Iterator[Callable[..., Opened]]:
    """Open a page; at the end, it must have been silent and alone."""
    shown = []

    def show_page(name: str = "plain", **options: Any) -> Opened:
        shown.append(open_page(browser, paths[name], **options))
        return shown[-1]

    yield show_page
    for opened in shown:
        opened.check_silent_and_alone()
        opened.page.context.close()


def dots(page: Any) -> int:
    return int(page.locator("[data-plot] .mark-symbol path").count())


def settled(page: Any) -> None:
    """Wait until the figure is drawn."""
    page.evaluate("new Promise(done => setTimeout(done, 20))")
    page.wait_for_function(
        "!document.querySelector('[data-plot]').hasAttribute('aria-busy')"
    )


def pick(page: Any, label: str, choice: str) -> None:
    page.get_by_label(label, exact=True).select_option(choice)
    settled(page)


def choices(page: Any, label: str) -> list[str]:
    return list(
        page.get_by_label(label, exact=True).locator("option").all_inner_texts()
    )


def test_the_pickers_choose_dataset_metric_and_axis(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    assert choices(page, "Dataset") == ["all datasets", *report_folders.DATASETS]
    assert choices(page, "Metric")[:2] == ["accuracy", "fit (s)"]
    assert choices(page, "Horizontal axis") == [
        "score",
        "fit (s), logarithmic",
        "training score",
        "repetition",
    ]
    assert dots(page) == 4 * 3 - 1  # GNB failed on the fourth
    for axis, n in (("fit", 3), ("training", 2), ("repetition", 12), ("score", 3)):
        pick(page, "Dataset", "first")
        pick(page, "Horizontal axis", axis)
        assert dots(page) == n, axis
        pick(page, "Dataset", "")
        assert dots(page) == 4 * n - {"repetition": 4}.get(axis, 1), axis
    pick(page, "Metric", "fit_seconds")
    assert "fit (s)" in page.locator("[data-plot]").inner_text()
    assert "fit (s), logarithmic" not in choices(page, "Horizontal axis")


def test_a_sweep_is_drawn_along_its_number(show: Callable[..., Opened]) -> None:
    page = show("swept").page
    axis = page.get_by_label("Horizontal axis", exact=True)
    assert axis.input_value() == "sweep0"
    assert choices(page, "Horizontal axis")[-1] == "test"
    assert page.get_by_label("Dataset", exact=True).is_disabled()
    lines = page.locator("[data-plot] .mark-line path")
    assert (dots(page), lines.count()) == (11, 3)
    pick(page, "Horizontal axis", "score")
    assert page.get_by_label("Dataset", exact=True).is_enabled()


def test_hovering_shows_the_numbers_of_a_point(show: Callable[..., Opened]) -> None:
    page = show(address="#dataset=first").page
    tip = page.locator("[data-tip]")
    assert not tip.is_visible()
    point = page.locator("[data-plot] .mark-symbol path").first
    point.hover(force=True)
    assert tip.is_visible()
    words = tip.inner_text()
    assert " on first" in words
    assert "±" in words
    assert "n = 4" in words
    assert "95% interval [" in words
    assert "repetitions: 0." in words
    page.mouse.move(1, 1)
    assert not tip.is_visible()


def test_a_classifier_is_highlighted_everywhere_until_escape(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    rows = page.locator("[data-table] tbody tr")
    groups = page.locator("figure [data-classifier]")

    def state() -> tuple[int, int, int, str]:
        faint = page.evaluate(
            """() => [...document.querySelectorAll("[data-plot] .mark-symbol path")]
               .filter(e => Number(e.getAttribute("opacity") ?? 1) < 0.5).length"""
        )
        dimmed = "[data-dimmed]"
        return (
            page.locator(f"tbody tr{dimmed}").count(),
            page.locator(f"figure [data-classifier]{dimmed}").count(),
            faint,
            page.locator("[data-chips] [aria-pressed='true']").all_inner_texts(),
        )

    nothing = (0, 0, 0, [])
    chosen = (2, 1, 7, ["SD"])
    assert state() == nothing
    assert (rows.count(), groups.count()) == (3, 2)
    for way in (
        lambda: rows.nth(0).locator("th button").click(),
        lambda: groups.first.click(),
        lambda: page.locator("[data-chips] button", has_text="SD").click(),
    ):
        way()
        settled(page)
        assert state() == chosen
        way()  # again: it ends
        settled(page)
        assert state() == nothing
    groups.first.click()
    page.keyboard.press("Escape")
    settled(page)
    assert state() == nothing
    assert not page.locator("dialog").first.is_visible()  # no figure was enlarged
    point = page.locator("[data-plot] .mark-symbol path").last
    point.click(force=True)
    settled(page)
    [chosen_name] = state()[3]
    assert chosen_name in NAMES


def test_a_cell_opens_its_repetitions_training_and_hardest_curves(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    cell = page.locator("tbody tr", has_text="SD").locator("td button").first
    cell.focus()
    page.keyboard.press("Enter")
    panel = page.locator("dialog[data-cell]")
    assert panel.get_by_role("heading", name="SD on first").is_visible()
    assert panel.locator("tbody tr").count() == 4
    assert "over 4 repetitions; 95% interval [" in panel.inner_text()
    page.wait_for_function(
        "document.querySelectorAll('[data-cell] .mark-line path').length >= 8"
    )
    for title in ("training loss", "training accuracy", "held-out accuracy"):
        assert panel.get_by_text(title).first.is_visible()
    curves = panel.locator(".curves figure")
    assert curves.count() >= 3
    assert "take it for" in curves.first.inner_text()
    assert panel.get_by_role("link", name="results.csv").is_visible()
    focus = "document.activeElement.closest('dialog') !== null"
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(f"{focus} || document.activeElement === document.body")
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert cell.evaluate("e => e === document.activeElement")
    failed = page.locator("tbody tr", has_text="GNB").locator("td button").nth(3)
    failed.click()
    assert panel.get_by_text("No repetition has a score.").is_visible()
    assert "failed: " in panel.locator("tbody").inner_text()
    panel.get_by_role("button", name="Close").click()
    cell.click()
    panel.get_by_role("link", name="Chapter first").click()
    assert not panel.is_visible()
    assert page.get_by_text("about the first").is_visible()


def test_the_address_holds_the_view(show: Callable[..., Opened]) -> None:
    page = show().page
    pick(page, "Dataset", "second")
    pick(page, "Horizontal axis", "fit")
    page.locator("[data-chips] button", has_text="KNN").click()
    page.locator("tbody tr", has_text="KNN").locator("td button").first.click()
    panel = page.locator("dialog[data-cell]")
    address = page.url
    assert address.partition("#")[2] == (
        "dataset=second&axis=fit&classifier=KNN&cell-dataset=first&cell-classifier=KNN"
    )

    def view() -> tuple[Any, ...]:
        labels = ("Dataset", "Horizontal axis")
        values = [
            page.get_by_label(label, exact=True).input_value() for label in labels
        ]
        pressed = page.locator("[data-chips] [aria-pressed='true']").all_inner_texts()
        return (*values, pressed, panel.is_visible())

    whole = ("second", "fit", ["KNN"], True)
    assert view() == whole
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert view() == whole
    for expected in (
        ("second", "fit", ["KNN"], False),
        ("second", "fit", [], False),
        ("second", "score", [], False),
        ("", "score", [], False),
    ):
        page.go_back()
        settled(page)
        assert view() == expected
    for _ in range(4):
        page.go_forward()
    settled(page)
    assert view() == whole
    assert page.url == address


def test_a_link_with_a_view_opens_it_and_nonsense_does_nothing(
    show: Callable[..., Opened],
) -> None:
    page = show(address="#dataset=third&axis=training&classifier=GNB").page
    assert page.get_by_label("Dataset", exact=True).input_value() == "third"
    assert page.evaluate("scrollY") > 0
    page = show(
        address="#dataset=no&axis=fit%00&classifier=__proto__&cell-dataset=x"
    ).page
    assert page.get_by_label("Dataset", exact=True).input_value() == ""
    assert dots(page) == 11


def test_a_link_to_a_place_keeps_the_view(show: Callable[..., Opened]) -> None:
    page = show().page
    pick(page, "Dataset", "second")
    page.get_by_role("navigation").get_by_text("Figures").click()
    settled(page)
    assert page.get_by_label("Dataset", exact=True).input_value() == "second"


def test_the_keyboard_reaches_pickers_legend_and_cells_in_few_stops(
    show: Callable[..., Opened],
) -> None:
    page = show().page
    stops = 0
    seen = set()
    while stops < 40:
        page.keyboard.press("Tab")
        stops += 1
        inside = page.evaluate(
            """() => ["thead", "tbody", "[data-chips]", "[data-controls]", "figure"]
               .filter(name => document.activeElement.closest(name))"""
        )
        seen.update(inside)
        if "figure" in inside:
            break
    assert seen == {"thead", "[data-chips]", "[data-controls]", "figure"}
    assert stops < 20
    page.locator("thead button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("dialog[data-cell]").is_visible()
    page.keyboard.press("Escape")
    page.locator("[data-chips] button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    pressed = page.locator("[data-chips] [aria-pressed='true']")
    assert pressed.all_inner_texts() == ["KNN"]
    page.keyboard.press("Escape")
    assert pressed.count() == 0


def test_what_is_shown_is_saved_as_svg_and_csv(show: Callable[..., Opened]) -> None:
    page = show(address="#dataset=first&axis=fit").page
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG", exact=True).click()
    drawing = Path(waiting.value.path()).read_text("utf-8")
    assert waiting.value.suggested_filename == "small-first-accuracy-fit.svg"
    assert drawing.startswith("<svg")
    assert "var(" not in drawing
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = Path(waiting.value.path()).read_text("utf-8").splitlines()
    assert lines[0] == "dataset,classifier,fit,accuracy,std,low,high,n"
    assert sorted(line.split(",")[1] for line in lines[1:]) == sorted(NAMES)


def test_names_of_strangers_are_shown_and_never_run(
    show: Callable[..., Opened],
) -> None:
    page = show("hostile").page
    assert choices(page, "Dataset")[1:3] == [
        HOSTILE["first"],
        HOSTILE["second"],
    ]
    for dataset in (HOSTILE["first"], HOSTILE["second"]):
        for axis in ("score", "fit", "repetition"):
            pick(page, "Dataset", dataset)
            pick(page, "Horizontal axis", axis)
            assert dots(page) >= 3
    for name in (HOSTILE["KNN"], HOSTILE["GNB"]):
        chip = page.locator("[data-chips] button").filter(has_text=name)
        chip.click()
        settled(page)
        assert chip.get_attribute("aria-pressed") == "true"
        page.reload()
        page.wait_for_selector("html[data-ready]", state="attached")
        assert chip.get_attribute("aria-pressed") == "true"
    page.locator("[data-plot] .mark-symbol path").first.hover(force=True)
    page.locator("tbody td button").nth(4).click()
    assert page.locator("dialog[data-cell]").is_visible()
    assert page.evaluate("window.hacked") is None


def test_nothing_is_wider_than_the_window(show: Callable[..., Opened]) -> None:
    page = show().page
    for width in (1400, 900, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)  # a resized window is drawn a little later
        for axis in ("fit", "repetition", "score"):
            pick(page, "Horizontal axis", axis)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("[data-plot] svg").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    page.locator("tbody td button").first.click()
    panel = page.locator("dialog[data-cell]")
    assert panel.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_dark_print_and_no_script(show: Callable[..., Opened]) -> None:
    page = show(scheme="dark").page
    label = "[data-plot] .role-axis-label text"
    assert lightness(page, label, "fill") > 0.3
    page.emulate_media(media="print")
    assert lightness(page, label, "fill") < 0.05
    assert page.locator("[data-plot] svg").is_visible()
    assert not page.locator("[data-controls]").is_visible()
    page = show(java_script_enabled=False).page
    assert "needs scripts" in page.locator("[data-unscripted]").inner_text()
    assert page.locator("tbody tr").count() == 3
    assert page.get_by_text("about the first").is_visible()


@pytest.mark.slow
def test_the_page_of_a_published_report_is_quick(browser: Any, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "reports/published/hard"
    path = write_page(folder, tmp_path / "index.html")
    assert path.stat().st_size <= 3e6
    opened = open_page(browser, path, 400)
    opened.check_silent_and_alone()
    marks = opened.page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('mark')"
        ".map(mark => [mark.name, mark.startTime]))"
    )
    assert marks["bench:explorer"] < 10_000  # 2,000 on an idle machine
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400
