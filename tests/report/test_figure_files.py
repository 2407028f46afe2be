import importlib.util
import os
import subprocess
import sys
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.figures import images, theme
from bench.report import figure_files
from bench.report.figure_files import Deferred, FigureFolder, fingerprint_of, slug

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
    ax = theme.axes_or_new(None)
    ax.plot(np.arange(n_dots), np.arange(n_dots) % 7, ".")
    ax.set_title(" ".join([*frame["name"], *(looks or {})]))
    return ax


@pytest.fixture(params=["svg", "png"])
def kind(request):
    """A format that figures may have."""
    return request.param


@pytest.fixture(autouse=True)
def _nothing_drawn():
    DRAWN.clear()


def add(folder, draw=plot, *args, name="a", kind=None, **kwargs):
    """Add a figure; return the path that the document shows."""
    report = FigureFolder(folder, **({"formats": [kind]} if kind else {}))
    figure = report.add(name, "words", "caption", draw, *(args or [FRAME]), **kwargs)
    return folder / figure.path


def files(folder):
    return {path.name for path in (folder / "figures").iterdir()}


def test_a_figure_is_a_png_for_documents_with_an_svg_for_pages_beside_it(tmp_path):
    assert add(tmp_path).name == "a.png"
    assert files(tmp_path) == {"a.png", "a.svg"}
    assert len(DRAWN) == 1


def test_a_folder_may_ask_for_one_format(tmp_path, kind):
    assert add(tmp_path, kind=kind).name == f"a.{kind}"
    assert files(tmp_path) == {f"a.{kind}"}


def test_an_unchanged_figure_is_not_drawn_again(tmp_path):
    path = add(tmp_path)
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert add(tmp_path, plot, FRAME.copy()) == path
    assert len(DRAWN) == 1
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_the_svg_alone_is_drawn_where_only_the_png_is_kept(tmp_path):
    path = add(tmp_path, kind="png")
    before = path.stat().st_mtime_ns, path.read_bytes()
    add(tmp_path)
    assert files(tmp_path) == {"a.png", "a.svg"}
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_check_is_given_each_figure_that_was_drawn(tmp_path):
    checked = []
    for _ in range(2):
        report = FigureFolder(tmp_path, check=lambda *given: checked.append(given))
        report.add("a", "words", "", plot, FRAME)
    [(name, figure)] = checked
    assert name == "a"
    assert figure.axes


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
def test_a_damaged_figure_is_drawn_again(tmp_path, kind, damage):
    path = add(tmp_path, kind=kind)
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    assert add(tmp_path, kind=kind).read_bytes() == whole
    assert len(DRAWN) == 2


def test_a_missing_figure_is_drawn_again(tmp_path, kind):
    whole = add(tmp_path, kind=kind).read_bytes()
    (tmp_path / "figures" / f"a.{kind}").unlink()
    assert add(tmp_path, kind=kind).read_bytes() == whole


def test_the_seal_leaves_the_image_whole(tmp_path, kind):
    path = add(tmp_path, kind=kind)
    bare = images.image_of(plot(FRAME).figure, [kind])[kind]
    if kind == "svg":
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
    monkeypatch.setattr(figure_files, "version", lambda name: "99")
    assert fingerprint_of(plot, (FRAME,), {}) != before
    figure_files._code.cache_clear()


def test_another_process_finds_the_same_fingerprint():
    code = (
        "import pandas as pd\n"
        "from bench.report.figure_files import fingerprint_of\n"
        "from bench.figures.theme import ClassifierStyle\n"
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
    old = [add(tmp_path, name=name, kind="svg") for name in ("gone", "edited")]
    old[1].write_bytes(old[1].read_bytes().replace(b"</svg>", b"<g/></svg>"))
    add(tmp_path, name="kept", kind="svg")
    folder = tmp_path / "figures"
    # An earlier version wrote both, without a seal.
    plot(FRAME).figure.savefig(folder / "kept.png")
    for name in ("own.svg", "own.png", "a.txt"):
        (folder / name).write_text("<svg>matplotlib</svg>")
    (folder / "z").mkdir()
    report = FigureFolder(tmp_path, formats=["svg"])
    report.add("kept", "words", "", plot, FRAME)
    report.remove_unused()
    assert files(tmp_path) == {
        "kept.svg",
        "edited.svg",
        "own.svg",
        "own.png",
        "a.txt",
        "z",
    }


def test_a_report_without_svgs_removes_those_of_an_earlier_one(tmp_path):
    add(tmp_path)
    report = FigureFolder(tmp_path, formats=["png"])
    report.add("a", "words", "", plot, FRAME)
    report.remove_unused()
    assert files(tmp_path) == {"a.png"}


def test_a_folder_without_figures_has_none_to_remove(tmp_path):
    FigureFolder(tmp_path / "none").remove_unused()
    assert not (tmp_path / "none").exists()


def test_names_that_differ_in_case_alone_give_files_that_differ_in_more(tmp_path):
    names = [
        add(tmp_path, name=name, kind="svg").name for name in ("curves-X11", "curves-x11")
    ]
    assert len({name.casefold() for name in names}) == 2
    assert names[1] == "curves-x11.svg"


@pytest.mark.parametrize("name", ["a b", "../up", "<b>", "a|b", "=1+1", "ä中", "模型"])
def test_any_id_gives_a_name_of_a_file(name):
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    assert slug(name) != slug(f"{name} ")
    assert slug("noise-20") == "noise-20"
