"""Pages in Chromium, and what they should not say or ask for."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

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
MARKS = [
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
        cells = self.table(table).locator(
            f"tbody tr:not([hidden]) > :nth-child({column + 1})"
        )
        return list(cells.all_inner_texts())

    def check_silent_and_alone(self) -> None:
        """Check that it wrote nothing to the console and asked for no other file."""
        assert not self.said, self.said
        kinds = {address.partition(":")[0] for address in self.asked}
        assert kinds <= {"file", "data", "blob"}
        files = {
            address.partition("#")[0]
            for address in self.asked
            if address.startswith("file:")
        }
        assert len(files) == 1


def open_page(
    browser: Any,
    path: Path,
    width: int = 1400,
    scheme: str = "light",
    address: str = "",
    **options: Any,
) -> Opened:
    """Open a page in a window of its own, and wait until its scripts are done.

    Parameters
    ----------
    address
        What follows the path, such as ``#dataset=grid``.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, **options
    )
    context.set_default_timeout(10_000)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.goto(path.as_uri() + address)
    if options.get("java_script_enabled", True):
        opened.page.wait_for_selector("html[data-ready]", state="attached")
    return opened


def lightness(page: Any, selector: str, name: str) -> float:
    """Relative luminance of a colour, as the accessibility guidelines define it."""
    # A canvas gives the numbers of any colour, color-mix() among them.
    red, green, blue, _ = page.locator(selector).first.evaluate(
        """(element, name) => {
             const canvas = document.createElement("canvas").getContext("2d");
             canvas.fillStyle = getComputedStyle(element)[name];
             canvas.fillRect(0, 0, 1, 1);
             return [...canvas.getImageData(0, 0, 1, 1).data];
           }""",
        name,
    )
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (red / 255, green / 255, blue / 255)
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
