import importlib.util
import os
import subprocess
import sys
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bench.figures.drawing.images import image_of
from bench.report import current, figure_files
from bench.report.figure_files import Deferred, FigureFolder, fingerprint_of

DRAWN = []
FRAME = pd.DataFrame({"name": ["a", "b"], "score": [0.5, np.nan]})


DAMAGE = {
    "edited": lambda content: content.replace(b"a", b"b", 1),
    "halved": lambda content: content[: len(content) // 2],
    "cut": lambda content: content[:-3],
    "longer": lambda content: content + b" ",
    "empty": lambda content: b"",
    "only its end": lambda content: content[-250:],
}


def plot(frame, *, looks=None, n_dots=3):
    """Draw dots; add their number to `DRAWN`."""
    DRAWN.append(n_dots)
    ax = Figure(figsize=(1, 1)).subplots()
    ax.plot(np.arange(n_dots), np.arange(n_dots) % 7, ".")
    ax.set_title(" ".join([*frame["name"], *(looks or {})]))
    return ax


@pytest.fixture(params=[".svg", ".png"])
def suffix(request):
    return request.param


@pytest.fixture(autouse=True)
def _nothing_drawn():
    DRAWN.clear()


def add(folder, draw=plot, *args, name="a", suffix=".png", **kwargs):
    figure = FigureFolder(folder).add(
        name, "words", "caption", draw, *(args or [FRAME]), **kwargs
    )
    return (folder / figure.path).with_suffix(suffix)


def test_an_unchanged_figure_is_not_drawn_again(tmp_path, suffix):
    path = add(tmp_path, suffix=suffix)
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert add(tmp_path, plot, FRAME.copy(), suffix=suffix) == path
    assert len(DRAWN) == 1
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_of_two_files_only_the_missing_one_is_written(tmp_path, suffix):
    path = add(tmp_path, suffix=suffix)
    whole = path.read_bytes()
    [other] = [p for p in path.parent.iterdir() if p != path]
    before = other.stat().st_mtime_ns
    path.unlink()
    add(tmp_path)
    assert path.read_bytes() == whole
    assert other.stat().st_mtime_ns == before
    assert len(DRAWN) == 2


def test_a_folder_may_have_one_format_only(tmp_path):
    for formats in (["svg"], ["png"]):
        folder = tmp_path / formats[0]
        figure = FigureFolder(folder, formats).add("a", "words", "", plot, FRAME)
        assert figure.path == f"figures/a.{formats[0]}"
        assert [path.name for path in (folder / "figures").iterdir()] == [
            f"a.{formats[0]}"
        ]


def test_each_figure_that_is_drawn_is_checked_after_its_layout(tmp_path):
    checked = []

    def check(name, figure):
        checked.append((name, figure.get_layout_engine()))

    figures = FigureFolder(tmp_path, check=check)
    for name in ("a", "b", "a"):
        figures.add(name, "words", "", plot, FRAME)
    assert [name for name, _ in checked] == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    [
        {"args": [FRAME.assign(score=[0.5, 0.6])]},
        {"args": [FRAME.assign(score=np.float32([0.5, np.nan]))]},
        {"args": [FRAME.iloc[::-1]]},
        {"args": [FRAME.rename(columns={"score": "rate"})]},
        {"n_dots": 4},
        {"looks": {"B": 1, "A": 2}},
        {"looks": {"A": 1, "B": 3}},
        {"looks": None},
    ],
)
def test_a_figure_of_other_data_is_drawn_again(tmp_path, change):
    looks = {"A": 1, "B": 2}
    first = add(tmp_path, looks=looks)
    again = {"looks": looks} | change
    assert add(tmp_path, plot, *again.pop("args", []), **again) == first
    assert len(DRAWN) == 2


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_figure_is_drawn_again(tmp_path, suffix, damage):
    path = add(tmp_path, suffix=suffix)
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    assert add(tmp_path, suffix=suffix).read_bytes() == whole
    assert len(DRAWN) == 2


def test_the_seal_leaves_the_image_whole(tmp_path, suffix):
    path = add(tmp_path, suffix=suffix)
    bare = image_of(plot(FRAME).figure)[suffix[1:]]
    if suffix == ".svg":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
        assert path.read_bytes().startswith(bare)
        return
    with Image.open(path) as image, Image.open(BytesIO(bare)) as expected:
        assert np.array_equal(image, expected)  # reading checks every chunk
        assert image.info["Comment"].startswith("bench: drawn from ")
        assert not expected.info.get("Comment")


def test_the_code_that_draws_is_a_part_of_the_fingerprint(tmp_path):
    path = tmp_path / "own.py"
    fingerprints = []
    for text in ("def draw(x): ...\n", "def draw(x): return x\n"):
        path.write_text(text)
        figure_files._code.cache_clear()
        spec = importlib.util.spec_from_file_location("own", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        fingerprints.append(fingerprint_of(module.draw, (1,), {}))
    assert fingerprints[0] != fingerprints[1]
    assert fingerprint_of(module.draw, (1,), {}) == fingerprints[1]


def test_the_versions_that_draw_are_a_part_of_the_fingerprint(monkeypatch):
    before = fingerprint_of(plot, (FRAME,), {})
    figure_files._code.cache_clear()
    current.code_digest.cache_clear()
    monkeypatch.setattr(current, "version", lambda name: "99")
    assert fingerprint_of(plot, (FRAME,), {}) != before
    figure_files._code.cache_clear()
    current.code_digest.cache_clear()


def test_another_process_finds_the_same_fingerprint():
    code = (
        "import pandas as pd\n"
        "from bench.report.figure_files import fingerprint_of\n"
        "from bench.figures.drawing.theme import ClassifierStyle\n"
        "from bench.figures.scores import scores_figure\n"
        "frame = pd.DataFrame({'name': ['a', 'b'], 'score': [.5, None]})\n"
        "looks = {name: ClassifierStyle('#000000', name) for name in 'ab'}\n"
        "data = {'looks': looks, 'order': ['a', 'b']}\n"
        "print(fingerprint_of(scores_figure, (frame, 'accuracy'), data))"
    )
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(fingerprints) == 1
    assert len(fingerprints.pop()) == 65


@pytest.mark.parametrize("bad", [plot, {"a": [len]}])
def test_a_function_cannot_be_data(tmp_path, bad):
    with pytest.raises(TypeError, match="data of a figure: found the function"):
        add(tmp_path, looks=bad)


class Costly(Deferred):
    """Curves that nobody should need."""

    def __init__(self, seed):
        self.seed = seed

    @property
    def identity(self):
        return {"seed": self.seed}

    @property
    def curves(self):
        raise AssertionError("computed")


def test_deferred_data_goes_by_its_identity():
    fingerprints = [fingerprint_of(plot, (Costly(seed),), {}) for seed in (1, 1, 2)]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_only_our_figures_that_are_not_shown_are_removed(tmp_path):
    old = [add(tmp_path, name=name, suffix=".svg") for name in ("gone", "edited")]
    old[1].write_bytes(old[1].read_bytes().replace(b"</svg>", b"<g/></svg>"))
    kept = tmp_path / "figures" / "kept.svg"  # an earlier version wrote no seal
    plot(FRAME).figure.savefig(kept)
    foreign = [tmp_path / "figures" / n for n in ("own.svg", "a.txt", "z")]
    for path in foreign[:-1]:
        path.write_text("<svg>by hand</svg>")
    foreign[-1].mkdir()
    report = FigureFolder(tmp_path, ["png"])
    for name in ("kept", "own"):
        report.add(name, "words", "", plot, FRAME)
    report.remove_unused()
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"kept.png", "edited.svg", "own.svg", "own.png", "a.txt", "z"}


def test_a_folder_without_figures_has_none_to_remove(tmp_path):
    FigureFolder(tmp_path / "none").remove_unused()
    assert not (tmp_path / "none").exists()


def test_names_that_differ_in_case_alone_give_files_that_differ_in_more(tmp_path):
    names = [add(tmp_path, name=name).name for name in ("dataset-X11", "dataset-x11")]
    assert len({name.casefold() for name in names}) == 2
    assert names[1] == "dataset-x11.png"
