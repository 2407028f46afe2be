"""Every figure of every published report, drawn again from its data and looked over."""

import figure_boxes
import pytest

from bench.analysis import is_report, read_data
from bench.base import resources
from bench.report import FigureFolder, compose

PUBLISHED = sorted(filter(is_report, resources.CHECKOUT.glob("reports/published/*")))
QUICK = "quick"  # its figures are drawn in each run of the tests


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(path, marks=[] if path.name == QUICK else pytest.mark.slow)
        for path in PUBLISHED
    ],
    ids=lambda path: path.name,
)
def test_no_label_is_cut_or_lies_over_another(folder, tmp_path):
    found, names = {}, []

    def check(name, figure):
        names.append(name)
        if problems := figure_boxes.problems_of(figure):
            found[name] = problems

    compose(read_data(folder), FigureFolder(tmp_path, ["svg"], check))
    assert found == {}
    # Those that git keeps are those that the code draws, with the same names.
    kept = {path.stem for path in (folder / "figures").glob("*.png")}
    assert set(names) == kept
