import itertools
import os
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from readable import assert_readable

from bench.analysis.results import summarise
from bench.figures import theme
from bench.figures.comparisons import plot_critical_differences, plot_differences
from bench.figures.curves import plot_calibration, plot_hardest
from bench.figures.datasets import (
    plot_classes,
    plot_curves,
    plot_densities,
    plot_inputs,
    plot_tangents,
)
from bench.figures.scores import (
    pareto_front,
    plot_overfitting,
    plot_pareto,
    plot_scores,
)
from bench.figures.sweeps import marks, plot_sweep
from bench.figures.training import dynamics_figure, has_dynamics, plot_dynamics
from bench.figures.transfer import plot_transfer, score_limits, short
from bench.report.transfer import transfer_figure, transfer_pages
from bench.stats.calibration import calibration_frame, hardest_curves
from bench.stats.histories import history_frame
from bench.stats.metrics import METRICS, Predictions
from bench.stats.rank_tests import maximal_cliques
from bench.stats.within_dataset import VERDICTS, compare_to
from bench.suite.presets import PRESETS

STRANGE = [
    "<b>|x|</b> & co",
    "$\\alpha$",
    "100$ and 5$",
    "_hidden",
    "two\nlines",
    "模型",
    "long-" * 20,
    "{label} %s \\frac",
    "SD",
]
TWENTY = [*PRESETS, *(f"CUSTOM-{i}" for i in range(7))]
NAMES = {
    "presets": list(PRESETS),
    "one": ["SD"],
    "strange": STRANGE,
    "twenty": TWENTY,
}


@pytest.fixture(autouse=True)
def settings_stay_as_they_are():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert not pyplot.get_fignums()


@pytest.fixture(params=NAMES)
def names(request):
    return NAMES[request.param]


def results_of(names, repetitions=10, *, equal=False, failed=()):
    rng = np.random.default_rng(0)
    rows = []
    for i, name in enumerate(names):
        for repetition in range(repetitions):
            done = name not in failed
            test = 0.8 if equal else 0.98 - 0.46 * i / len(names)
            noise = 0 if equal else rng.normal(0, 0.01)
            rows.append(
                {
                    "dataset": "d",
                    "repetition": repetition,
                    "classifier": name,
                    "status": "done" if done else "failed",
                    "train_accuracy": min(1.0, test + 0.03) if done else np.nan,
                    "test_accuracy": test + noise if done else np.nan,
                    "fit_seconds": 10 ** (2 - 5 * i / len(names)) if done else np.nan,
                    "predict_seconds": 0.1,
                }
            )
    return pd.DataFrame(rows)


# Colours, names, files


def test_every_preset_has_a_colour_of_its_own():
    colours = theme.classifier_colours(PRESETS)
    assert len(set(colours.values())) == len(PRESETS)


def test_a_colour_depends_neither_on_the_order_nor_on_the_presets_beside():
    looks = theme.classifier_styles(["B", "KNN", "A"])
    assert looks == theme.classifier_styles(["A", "B", "KNN"])
    assert looks["KNN"] == theme.classifier_styles([])["KNN"]
    assert looks["A"] != looks["B"]


def test_what_a_suite_adds_keeps_its_looks_when_presets_are_added():
    looks = theme.classifier_styles(["SD", "A", "B", "C"])
    colours = [looks[name].colour for name in "ABC"]
    assert colours == ["#A89F91", "#00535A", "#9E0059"]


@pytest.mark.parametrize("names", [TWENTY, [f"C{i}" for i in range(16)]])
def test_no_two_classifiers_of_a_figure_look_alike(names):
    looks = theme.classifier_styles(names)
    assert len({looks[name] for name in names}) == len(names)
    if len(names) <= 16:
        assert len({looks[name].colour for name in names}) == len(names)


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def cie_lab(colour, deficiency):
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    x, y, z = np.cbrt(to_xyz @ seen / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_a_colour_blind_reader_tells_classifiers_apart(deficiency):
    looks = theme.classifier_styles([*PRESETS, "A", "B", "C"])
    for first, second in itertools.combinations(looks.values(), 2):
        apart = np.linalg.norm(
            cie_lab(first.colour, deficiency) - cie_lab(second.colour, deficiency)
        )
        # 2.3 is just noticeable; of one marker, colours must do all the work.
        assert apart > (20 if first.marker == second.marker else 10), (first, second)


def test_text_of_strangers_is_shown_as_it_is():
    assert theme.plain("a $x$ b") == r"a \$x\$ b"
    assert theme.plain("two\nlines") == "two lines"
    assert theme.plain("模") == "\\u6a21"
    short = theme.plain("abc" * 40, 11)
    assert short == "abcab…bcabc"
    assert theme.plain("±1 × 2 – x") == "±1 × 2 – x"


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b.c"):
        ax = plot_scores(results_of(["SD", "KNN"]), "accuracy", order=["SD", "KNN"])
        written.append(theme.save(ax.figure, tmp_path / "new" / name))
    first, second = written
    assert (first.name, second.name) == ("a.svg", "b.c.svg")
    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()
    root = ElementTree.parse(first).getroot()
    width, height = (float(root.get(name)) for name in ("width", "height"))
    assert width == pytest.approx(160 * theme.COLUMN)
    box = [float(number) for number in root.get("viewBox").split()]
    assert height / width == pytest.approx(box[3] / box[2], rel=1e-4)
    assert len(list(first.parent.iterdir())) == 2


def test_a_figure_whose_svg_would_be_large_is_a_png(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 2))  # two columns: dots, which no line simplifies
    curves = rng.normal(size=(2, 10, 1000))
    path = theme.save(plot_curves(x, *curves).figure, tmp_path / "large")
    content = path.read_bytes()
    assert path.name == "large.png"
    assert content[:4] == b"\x89PNG"
    assert int.from_bytes(content[16:20]) == round(160 * theme.COLUMN)
    assert theme.image_of(plot_curves(x, *curves).figure) == (".png", content)
    [suffix, _] = theme.image_of(plot_curves(x, *curves[:, :2]).figure)
    assert suffix == ".svg"


def test_another_process_draws_the_same_bytes(tmp_path):
    names = ["SD", "KNN", "DT", "RF", "A", "B"]
    ranks = {name: i + 1.0 for i, name in enumerate(names)}
    ax = plot_critical_differences(ranks, [names[:4], names[2:]])
    here = theme.save(ax.figure, tmp_path / "here")
    code = (
        "from bench import figures, comparison_figures\n"
        f"names = {names}\n"
        "ax = comparison_figures.plot_critical_differences(\n"
        f"    {ranks}, [names[:4], names[2:]])\n"
        "figures.save(ax.figure, 'there')"
    )
    seed = {"PYTHONHASHSEED": "123"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | seed)
    assert (tmp_path / "there.svg").read_bytes() == here.read_bytes()


def test_an_svg_with_strange_names_is_well_formed(tmp_path):
    ax = plot_scores(results_of(STRANGE), "accuracy", order=STRANGE)
    svg = theme.save(ax.figure, tmp_path / "strange")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert b"<b>" not in svg.read_bytes()


def test_a_users_matplotlibrc_changes_nothing(tmp_path):
    order = ["SD", "KNN"]
    draws = []
    for size in (10, 40):
        with mpl.rc_context({"font.size": size, "axes.facecolor": "red"}):
            ax = plot_scores(results_of(order), "accuracy", order=order)
            draws.append(theme.save(ax.figure, tmp_path / "x").read_bytes())
    assert draws[0] == draws[1]


def test_a_long_title_is_broken_into_lines():
    _, axes = theme.new_figure(2, theme.PAGE)
    for ax in axes:
        theme.set_title(ax, "a dataset with $ of some length, of 16 cores " * 2)
    assert axes[0].get_title().count("\n") >= 1
    assert_readable(axes[0])


# Scores


def test_scores_of_every_repetition(names):
    ax = plot_scores(results_of(names), "accuracy", order=names)
    texts = assert_readable(ax)
    assert set(map(theme.plain, names)) <= set(texts)
    dots = sum(len(c.get_offsets()) for c in ax.collections)
    assert dots == 2 * 10 * len(names)


def test_a_classifier_that_failed_is_named_with_its_failures():
    results = results_of(["SD", "KNN", "DT"], failed=["KNN"])
    ax = plot_scores(results, "accuracy", order=["SD", "DT", "KNN"])
    assert "10 failed" in assert_readable(ax)
    summary = summarise(results)
    for plot in (plot_overfitting, plot_pareto):
        ax = plot(summary, "accuracy")
        assert ax.get_xlabel().endswith("not done: KNN")
        assert "KNN" not in assert_readable(ax)


def test_some_failures_are_counted_beside_the_dots():
    results = results_of(["SD", "KNN"])
    results.loc[[3, 4], "status"] = ["failed", "timeout"]
    ax = plot_scores(results, "accuracy", order=["SD", "KNN"])
    assert "8 done, 1 failed, 1 timeout" in assert_readable(ax)


def test_overfitting_and_pareto_name_every_point(names):
    summary = summarise(results_of(names))
    for plot in (plot_overfitting, plot_pareto):
        texts = assert_readable(plot(summary, "accuracy"))
        assert set(map(theme.plain, names)) <= set(texts)


def test_names_stay_apart_when_titles_and_neighbours_move_the_axes():
    summary = summarise(results_of(TWENTY))
    _, axes = theme.new_figure(2, theme.PAGE, 3.6)
    for ax in axes:
        plot_pareto(summary, "accuracy", ax=ax)
        theme.set_title(ax, "uniform-100, one thread, a processor at 2.1 GHz")
    assert_readable(axes[0])


def test_equal_scores_and_single_repetitions_are_drawn():
    results = results_of(TWENTY, 1, equal=True)
    summary = summarise(results)
    assert_readable(plot_scores(results, "accuracy", order=TWENTY))
    assert_readable(plot_pareto(summary, "accuracy"))
    # All names belong to one point.
    assert set(TWENTY) <= set(assert_readable(plot_overfitting(summary, "accuracy")))


def test_what_was_trained_online_says_so_instead_of_a_training_score(names):
    results = results_of(names, failed=names[:1])
    results.loc[results["classifier"].isin(names[:3]), "train_accuracy"] = np.nan
    ax = plot_scores(results, "accuracy", order=names)
    texts = assert_readable(ax)
    assert texts.count("trained online") == len(names[1:3])
    hole = (results["repetition"] == 0) & results["classifier"].isin(names[1:3])
    results.loc[hole, ["status", "test_accuracy"]] = "failed", np.nan
    texts = assert_readable(plot_scores(results, "accuracy", order=names))
    said = "9 done, 1 failed, trained online"
    assert texts.count(said) == len(names[1:3])
    ax = plot_overfitting(summarise(results), "accuracy")
    assert_readable(ax)
    said = " ".join(ax.get_xlabel().split())
    assert f"not done: {theme.plain(names[0])}" in said
    assert ("no training set (online): " in said) == (len(names) > 1)


def test_nothing_done_is_drawn_as_nothing_done():
    results = results_of(["SD", "KNN"], failed=["SD", "KNN"])
    assert_readable(plot_scores(results, "accuracy", order=["SD", "KNN"]))
    for plot in (plot_overfitting, plot_pareto):
        ax = plot(summarise(results), "accuracy")
        assert "not done: SD, KNN" in ax.get_xlabel()
        assert_readable(ax)


def test_the_pareto_front_by_hand():
    seconds = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 1.0])
    scores = np.array([0.5, 0.7, 0.6, 0.7, 0.9, 0.5])
    front = pareto_front(seconds, scores, larger_is_better=True)
    assert front.tolist() == [True, True, False, False, True, True]
    front = pareto_front(seconds, 1 - scores, larger_is_better=False)
    assert front.tolist() == [True, True, False, False, True, True]


@pytest.mark.parametrize("ratio", [1.0, 3.0, 20.0, 1e5])
def test_seconds_of_any_range_are_labelled(ratio):
    results = results_of(["KNN", "SD"])
    slow = results["classifier"] == "SD"
    results["fit_seconds"] = np.where(slow, 0.03 * ratio, 0.03)
    ax = plot_pareto(summarise(results), "accuracy")
    texts = assert_readable(ax)
    low, high = ax.get_xlim()
    ticks = {f"{m * 10.0**e:g}" for m in (1, 2, 5) for e in range(-4, 6)}
    assert sum(low <= float(text) <= high for text in ticks & set(texts)) >= 2


def test_seconds_of_less_than_the_clock_tells_are_drawn():
    results = results_of(["CHANCE", "SD"])
    results.loc[results["classifier"] == "CHANCE", "fit_seconds"] = 0.0
    ax = plot_pareto(summarise(results), "accuracy")
    assert ax.get_xlim()[0] > 0
    assert_readable(ax)


# Datasets


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_curves_points_and_tangents(n_inputs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, n_inputs))
    curves, gradients = np.sin(x[:, 0]), np.cos(x)
    symbolic, neural = np.outer([1, 2, 3], curves), np.outer([1, -1], curves)
    _, axes = theme.new_figure(3)
    plot_curves(x, symbolic, neural, ax=axes[0])
    assert len(axes[0].lines) == 5
    plot_inputs(x, ax=axes[1])
    plot_tangents(x, [(curves, gradients, theme.NEURAL, "neural")], ax=axes[2])
    tangents = [line for line in axes[2].lines if len(line.get_xdata()) == 2]
    assert len(tangents) == 6
    for line in tangents:
        (x0, x1), (y0, y1) = line.get_data()
        nearest = np.abs(x[:, 0] - (x0 + x1) / 2).argmin()
        assert np.isclose((y1 - y0) / (x1 - x0), gradients[nearest, 0])
    assert_readable(axes[0])


@pytest.mark.parametrize(("n", "n_inputs"), [(2, 1), (20, 1), (7, 2)])
def test_each_class_has_a_box_with_its_name_and_curves(n, n_inputs):
    x = np.random.default_rng(0).normal(size=(30, n_inputs))
    curves = np.random.default_rng(1).normal(size=(n, 5, 30))
    ax = plot_classes(x, {f"u^{i} $x": own for i, own in enumerate(curves)})
    assert [len(box.lines) for box in ax.child_axes] == [5] * n
    assert [box.get_title() for box in ax.child_axes] == [
        rf"u^{i} \$x" for i in range(n)
    ]
    order = np.argsort(x[:, 0])
    drawn = ax.child_axes[-1].lines[2].get_ydata()
    assert np.array_equal(drawn, curves[-1, 2][order])
    assert_readable(ax)


# Comparisons


def differences_of(names, repetitions=10, **how):
    results = results_of(names, repetitions, **how)
    scores = results.rename(columns={"test_accuracy": "score"})
    return compare_to(
        scores[["dataset", "repetition", "classifier", "score"]],
        "SD",
        alpha=0.05,
        margin=0.01,
        tie=0.00025,
        larger_is_better=True,
    )


def plot_against_sd(frame, **how):
    return plot_differences(frame, "accuracy", baseline="SD", margin=0.01, **how)


@pytest.mark.parametrize("repetitions", [1, 10])
def test_differences_to_the_baseline(names, repetitions):
    frame = differences_of(names, repetitions)
    ax = plot_against_sd(frame)
    texts = assert_readable(ax)
    others = [theme.plain(name) for name in names if name != "SD"]
    assert set(others) <= set(texts)
    said = [text for text in texts if f"(n={repetitions})" in text]
    assert len(said) == len(others)
    if not others:
        assert "nothing to compare" in texts


def test_the_best_difference_is_on_top_and_verdicts_have_shapes():
    frame = pd.DataFrame(
        {
            "classifier": ["A", "B", "C", "D", "E"],
            "n": 5,
            "difference": [0.0, -0.1, 0.2, 0.05, np.nan],
            "low": [0.0, -0.12, 0.18, -0.1, np.nan],
            "high": [0.0, -0.08, 0.22, 0.2, np.nan],
            "verdict": ["equivalent", "worse", "better", *["inconclusive"] * 2],
        }
    )
    ax = plot_against_sd(frame)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["C", "D", "A", "B", "E"]
    shapes = [line.get_marker() for line in ax.lines if line.get_marker() in "^vso"]
    assert shapes[:4] == ["^", "o", "s", "v"]
    assert "not compared" in assert_readable(ax)
    assert "95% simultaneous; band: margin ±0.01" in ax.get_xlabel()
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_every_verdict_has_a_shape():
    for verdict in VERDICTS:
        frame = pd.DataFrame(
            [{"classifier": "A", "n": 3, "difference": 0.1, "verdict": verdict}]
        ).assign(low=0.0, high=0.2)
        assert verdict in " ".join(assert_readable(plot_against_sd(frame)))


# Critical differences


def bars_of(ax):
    """Return the x ranges of the bars, by their height."""
    bars = [line for line in ax.lines if line.get_linewidth() == 2.2]
    return [
        (min(line.get_xdata()), max(line.get_xdata()), line.get_ydata()[0])
        for line in bars
    ]


def test_all_different_gives_no_bar():
    ranks = {name: i + 1.0 for i, name in enumerate("ABCDE")}
    ax = plot_critical_differences(ranks, [])
    assert bars_of(ax) == []
    assert_readable(ax)
    singles = plot_critical_differences(ranks, [["A"], ["B"]])
    assert bars_of(singles) == []


def test_none_different_gives_one_bar_over_all():
    ranks = {name: i + 1.0 for i, name in enumerate("ABCDE")}
    ax = plot_critical_differences(ranks, ["ABCDE"])
    assert [bar[:2] for bar in bars_of(ax)] == [(1, 5)]
    assert_readable(ax)


def test_overlapping_bars_lie_on_levels_of_their_own():
    # The example of scikit-posthocs' issue 86: c and d have changed places.
    ranks = dict(zip("abcdef", [1, 2, 4, 3, 5, 6], strict=True))
    ax = plot_critical_differences(ranks, ["abc", "def"])
    first, second = bars_of(ax)
    assert first[:2] == (1, 4)
    assert second[:2] == (3, 6)
    assert first[2] != second[2]


def test_bars_of_many_groups_never_touch():
    rng = np.random.default_rng(0)
    for _ in range(10):
        n = int(rng.integers(2, 12))
        names = [f"C{i}" for i in range(n)]
        pairs = [p for p in itertools.combinations(names, 2) if rng.random() < 0.4]
        cliques = maximal_cliques(names, pairs)
        ranks = dict(zip(names, rng.uniform(1, n, n), strict=True))
        bars = bars_of(plot_critical_differences(ranks, cliques))
        ends = sorted(
            (min(ranks[m] for m in group), max(ranks[m] for m in group))
            for group in cliques
        )
        assert np.allclose(sorted(bar[:2] for bar in bars), ends)
        for (a, b, level), (c, d, other) in itertools.combinations(bars, 2):
            assert level != other or b < c or d < a


def test_groups_that_are_not_maximal_are_refused():
    ranks = {"A": 1.0, "B": 2.0, "C": 3.0}
    for cliques in (["AB", "BC", "AC"], ["ABC", "AB"]):
        with pytest.raises(ValueError, match="expected all maximal groups"):
            plot_critical_differences(ranks, cliques)
    with pytest.raises(ValueError, match="have no rank"):
        plot_critical_differences(ranks, ["AZ"])


@pytest.mark.parametrize("equal", [False, True])
def test_critical_differences_of_any_names(names, equal):
    n = len(names)
    ranks = {name: (n + 1) / 2 if equal else i + 1.0 for i, name in enumerate(names)}
    cliques = [names] if equal else [names[i : i + 3] for i in range(max(n - 2, 1))]
    ax = plot_critical_differences(ranks, cliques)
    texts = assert_readable(ax)
    for name in names:
        assert f"{theme.plain(name)}  {ranks[name]:.2f}" in texts


# Training


def histories(names, repetitions=3, n_epochs=300):
    rng = np.random.default_rng(0)
    epochs = np.arange(n_epochs)
    return {
        (name, i): {
            "history_loss": np.exp(-epochs / 50) + rng.uniform(0, 0.1, n_epochs),
            "history_accuracy": 1 - np.exp(-epochs / 80) / 2,
            "history_largest_gradient": 10 ** rng.normal(-2, 0.5, n_epochs),
            "labels_test": np.zeros(3),
        }
        for name in names
        for i in range(repetitions)
    }


def test_histories_become_one_row_an_epoch():
    frame = history_frame(histories(["SD"], 2, 5) | {("KNN", 0): {"labels": [1]}})
    assert list(frame.columns[:3]) == ["classifier", "repetition", "epoch"]
    found = {"window", "loss", "accuracy", "largest_gradient"}
    assert set(frame.columns[3:]) == found
    assert len(frame) == 10
    assert frame["epoch"].tolist() == [1, 2, 3, 4, 5] * 2
    assert history_frame({}).empty


@pytest.mark.parametrize("repetitions", [1, 3])
def test_dynamics_of_every_quantity(repetitions):
    frame = history_frame(histories(["SD", "CSD"], repetitions))
    for quantity in ("loss", "accuracy", "largest_gradient"):
        ax = plot_dynamics(frame, quantity)
        texts = assert_readable(ax)
        assert f"SD (n={repetitions})" in texts
        assert "moving mean over 3" in ax.get_xlabel()
    assert ax.get_yscale() == "log"


def test_the_band_is_one_deviation_about_the_mean():
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    frame = history_frame(
        {("SD", i): {"history_loss": row} for i, row in enumerate(values)}
    )
    ax = plot_dynamics(frame)
    assert ax.lines[0].get_ydata().tolist() == [2.0, 4.0]
    box = ax.collections[0].get_datalim(ax.transData)
    assert np.isclose(box.y0, 2 - np.std([1, 3], ddof=1))
    assert np.isclose(box.y1, 4 + np.std([2, 6], ddof=1))


def test_a_critics_loss_below_zero_stays_linear():
    frame = history_frame({("SD-WGAN", 0): {"history_loss": -np.arange(1.0, 200)}})
    assert plot_dynamics(frame).get_yscale() == "linear"


def test_repetitions_that_stopped_early_count_while_they_trained():
    frame = history_frame(
        {
            ("SD", 0): {"history_accuracy": np.array([0.5, 0.6, 0.7])},
            ("SD", 1): {"history_accuracy": np.array([0.7])},
        }
    )
    ax = plot_dynamics(frame, "accuracy")
    assert np.allclose(ax.lines[0].get_ydata(), [0.6, 0.6, 0.7])


def test_what_was_not_recorded_is_said():
    assert "nothing recorded" in assert_readable(plot_dynamics(history_frame({})))
    frame = history_frame(histories(["SD"]))
    assert "nothing recorded" in assert_readable(plot_dynamics(frame, "loss_fake"))


def critic(n_epochs=300):
    """Return what a critic records: its loss has parts."""
    own = {"loss": -np.ones(n_epochs), "accuracy": np.full(n_epochs, 0.6)}
    own |= {"largest_gradient": np.ones(n_epochs), "loss_real": -np.ones(n_epochs)}
    return {f"history_{name}": values for name, values in own.items()}


def test_a_critics_loss_is_not_drawn_beside_cross_entropy():
    frame = history_frame(histories(["SD"]) | {("W1", 0): critic()})
    figure = dynamics_figure(frame)
    assert [len(ax.lines) for ax in figure.axes] == [1, 2, 2]
    assert {"SD (n=3)", "W1 (n=1)"} <= set(assert_readable(figure.axes[0]))


def test_trainings_of_different_lengths_say_how_they_were_smoothed():
    both = histories(["SD"], n_epochs=300) | histories(["CSD"], n_epochs=900)
    ax = plot_dynamics(history_frame(both), "accuracy")
    assert "moving mean over 1% of them" in ax.get_xlabel()
    assert [line.get_xdata()[-1] for line in ax.lines] == [300, 900]


def test_those_trained_online_have_no_training_accuracy():
    frame = history_frame(histories(["SD"]) | {("W1", 0): critic()})
    labels = [ax.get_ylabel() for ax in dynamics_figure(frame, online=["SD"]).axes]
    assert labels.count("training accuracy") == 1
    labels = [
        ax.get_ylabel() for ax in dynamics_figure(frame, online=["SD", "W1"]).axes
    ]
    assert "training accuracy" not in labels
    assert not has_dynamics(history_frame({}))
    with pytest.raises(ValueError, match="expected a loss, accuracy or gradient"):
        dynamics_figure(history_frame({}))


@pytest.mark.parametrize("n", [1, 20])
def test_one_legend_names_all_of_a_figure_of_training(n):
    frame = history_frame(histories(TWENTY[:n], n_epochs=20))
    for shown in (frame, frame.drop(columns="loss")):
        texts = assert_readable(dynamics_figure(shown).axes[0])
        assert {f"{name} (n=3)" for name in TWENTY[:n]} <= set(texts)


# Curves


def test_the_hardest_curves_by_hand():
    labels = np.array([0, 0, 1, 1])
    predictions = {
        "A": np.array([0, 1, 0, 1]),
        "B": np.array([0, 0, 0, 1]),
        "C": np.array([0, 1, 0, 1]),
    }
    frame = hardest_curves(labels, predictions)
    assert frame["curve"].tolist() == [2, 1]
    assert frame["wrong"].tolist() == [3, 2]
    assert frame["of"].tolist() == [3, 3]
    assert frame["label"].tolist() == [1, 0]
    assert hardest_curves(labels, predictions, n=1)["curve"].tolist() == [2]
    assert hardest_curves(labels, {}).empty


@pytest.mark.parametrize(("n", "n_inputs"), [(1, 1), (5, 2), (12, 1)])
@pytest.mark.parametrize("width", [theme.COLUMN, theme.PAGE])
def test_the_hardest_curves_are_drawn(n, n_inputs, width):
    x = np.random.default_rng(0).normal(size=(30, n_inputs))
    X = np.random.default_rng(1).normal(size=(20, 60)) * 1e4  # of two channels
    labels = np.arange(20) % 2
    hardest = hardest_curves(labels, {"A": 1 - labels, "B": labels}, n)
    height = 0.5 + 1.1 * -(-n // int(width / 1.05))
    ax = theme.new_figure(1, width, height)[1][0]
    plot_hardest(hardest, x, X, ax=ax)
    assert len(ax.child_axes) == n
    assert_readable(ax)
    line = ax.child_axes[0].lines[0]
    order = np.argsort(x[:, 0])
    assert np.array_equal(line.get_ydata(), X[0, :30][order])


def test_no_mistake_is_said():
    ax = plot_hardest(
        hardest_curves(np.zeros(3), {"A": np.zeros(3)}), np.zeros((2, 1)), np.eye(3, 2)
    )
    assert assert_readable(ax) == ["no curve is misclassified"]


def sure_predictions(names, repetitions=2, n=200):
    rng = np.random.default_rng(0)
    found = {}
    for name in names:
        for repetition in range(repetitions):
            p = rng.beta(0.5, 0.5, n)
            labels = (rng.random(n) < p**1.5).astype(int)
            scores = np.column_stack([1 - p, p]).astype(np.float32)
            predictions = (p > 0.5).astype(int)
            found[name, repetition] = Predictions(
                labels, predictions, "probability", scores
            )
    return found


@pytest.mark.parametrize("repetitions", [1, 3])
def test_calibration_agrees_with_the_metric(names, repetitions):
    predictions = sure_predictions(names, repetitions)
    ax = plot_calibration(calibration_frame(predictions))
    texts = assert_readable(ax)
    for name in names:
        errors = [
            METRICS["ece"].function(predictions[name, i]) for i in range(repetitions)
        ]
        assert f"{theme.plain(name)}  ECE {np.mean(errors):.3f}" in texts


def test_a_classifier_without_probabilities_has_no_calibration():
    labels = np.array([0, 1])
    frame = calibration_frame({("SVC", 0): Predictions(labels, labels)})
    assert frame.empty
    assert "no probabilities" in assert_readable(plot_calibration(frame))


# Sweeps


def sweep_of(names, repetitions=5, values=(10, 100, 1000)):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "classifier": name,
                "repetition": repetition,
                "n_points": value,
                "score": 0.5 + 0.1 * np.log10(value) - 0.01 * i + rng.normal(0, 0.01),
            }
            for i, name in enumerate(names)
            for repetition in range(repetitions)
            for value in values
        ]
    )


@pytest.mark.parametrize("repetitions", [1, 5])
def test_a_sweep_has_a_line_for_each_classifier(names, repetitions):
    ax = plot_sweep(
        sweep_of(names, repetitions), "n_points", "accuracy", label="points"
    )
    texts = assert_readable(ax)
    assert len(ax.lines) == len(names)
    assert set(map(theme.plain, names)) <= set(texts)
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    "values", [(20, 50, 100, 200, 500), tuple(2.0**i for i in range(12)), (1, 2, 3)]
)
def test_swept_values_are_labelled_without_overlap(values):
    scores = sweep_of(["SD", "KNN"], 2, values)
    texts = assert_readable(plot_sweep(scores, "n_points", "accuracy"))
    assert f"{values[0]:g}" in [text.removesuffix(".0") for text in texts]


def test_the_band_of_a_sweep_is_the_interval_of_the_mean():
    scores = pd.DataFrame(
        {"classifier": "SD", "std": [1.0, 1.0, 2.0, 2.0], "score": [0.4, 0.6, 0.5, 0.5]}
    )
    ax = plot_sweep(scores, "std", "accuracy")
    box = ax.collections[0].get_datalim(ax.transData)
    half = 12.706204736 * np.std([0.4, 0.6], ddof=1) / np.sqrt(2)
    assert np.allclose([box.y0, box.y1], [0.5 - half, 0.5 + half])
    assert ax.get_xscale() == "linear"
    assert ax.get_ylabel() == "held-out accuracy, 95% interval"


def test_a_classifier_that_failed_along_a_sweep_is_named():
    scores = sweep_of(["SD", "KNN"])
    scores.loc[scores["classifier"] == "KNN", "score"] = np.nan
    ax = plot_sweep(scores, "n_points", "accuracy")
    assert "KNN (0 of 15)" in assert_readable(ax)


def with_limit(names, **changes):
    values = (1, 1.25, 2, 3, 10, np.inf)
    return (
        sweep_of(names, values=values)
        .assign(**changes)
        .rename(columns={"n_points": "std"})
        .assign(score=lambda frame: frame["score"].where(frame["score"] < 1, 0.9))
    )


def test_the_limit_of_a_sweep_stands_beyond_a_gap(names):
    scores = with_limit(names)
    ax = plot_sweep(scores, "std", "accuracy", limit="grid")
    texts = assert_readable(ax)
    assert {"1", "2", "3", "10", "grid"} <= set(texts)
    assert ax.get_xscale() == "log"
    labels = [text.get_text() for text in ax.get_xticklabels()]
    ticks = dict(zip(labels, ax.get_xticks(), strict=True))
    assert ticks["grid"] > 1.3 * ticks["10"]
    # Each classifier has its points there, side by side.
    ends = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    ends = [x for x in ends if x > 1.4 * 10]
    assert len(set(ends)) == len(names)


def test_a_limit_alone_and_a_sweep_without_it_are_drawn():
    scores = with_limit(["SD", "KNN"])
    beyond = np.isinf(scores["std"])
    for lost in (beyond, ~beyond):
        some = scores.assign(score=scores["score"].mask(lost))
        texts = assert_readable(plot_sweep(some, "std", "accuracy", limit="grid"))
        assert "grid" in texts


def crossing(at, low, high, clear=True, leads=True, score=0.55):
    return {"before": "SD", "after": "a rather long name", "at": at, "low": low,
            "high": high, "score": score, "n": 5, "leads": leads, "clear": clear,
            }  # fmt: skip


@pytest.mark.parametrize("values", [(10, 100, 1000), (10, 20, 30)])
def test_crossings_are_written_above_a_sweep(values):
    scores = sweep_of(["SD", "KNN"], 5, values)
    low, high = values[0] * 1.02, values[-1] * 0.98
    crossings = pd.DataFrame(
        [
            crossing(15, 12, 17),
            crossing(20, low, high),
            crossing(high, high * 0.99, high),
            crossing(22, 14, np.inf, clear=False),
            crossing(13, 12, 14, leads=False),
        ]
    )
    ax = plot_sweep(scores, "n_points", "accuracy", crossings=crossings)
    texts = assert_readable(ax)
    names = f"SD → {theme.plain('a rather long name', 16)}"
    assert f"{names}: 15 [12, 17]" in texts
    assert sum(text.startswith(names) for text in texts) == 3
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert len(rings) == 4 + 3
    assert ax.get_ylim()[1] < 1


def test_few_crossings_are_written_and_the_surest():
    many = pd.DataFrame([crossing(x, x - x / 30, x + x / 30) for x in range(11, 20)])
    assert marks(many)["at"].tolist() == [14, 13, 12, 11]
    ax = plot_sweep(sweep_of(["SD"]), "n_points", "accuracy", crossings=many)
    assert len([t for t in assert_readable(ax) if t.startswith("SD →")]) == 4


def test_how_densely_points_lie():
    points = {
        "std 1": np.random.default_rng(0).normal(0, 1, (700, 1)).clip(-3, 3),
        "grid": np.linspace(-3, 3, 700, endpoint=False)[:, None],
    }
    ax = plot_densities(points, even="grid")
    texts = assert_readable(ax)
    assert {"std 1", "grid", "input, 700 points, 50 bins"} <= set(texts)
    for patch in ax.patches:
        heights, edges, _ = patch.get_data()
        assert np.isclose((heights * np.diff(edges)).sum(), 1)
    assert ax.patches[1].get_linestyle() == "--"
    few = plot_densities({"a": np.arange(5.0)[:, None], "b": np.arange(9.0)[:, None]})
    assert "input, 5 to 9 points, 5 bins" in assert_readable(few)


def test_an_empty_sweep_is_drawn():
    scores = sweep_of(["SD"]).assign(score=np.nan)
    ax = plot_sweep(scores, "n_points", "accuracy")
    assert "SD (0 of 15)" in assert_readable(ax)


# Transfers


def transfers_of(names, n=5):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"classifier": "KNN", "train": a, "test": b, "n": n, "n_cells": 5,
             "mean": rng.uniform(0.4, 1)}
            for a in names
            for b in names
        ]
    )  # fmt: skip


@pytest.mark.parametrize("n_datasets", [2, 6, 20])
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_a_transfer_is_a_table_of_numbers_that_can_be_read(n_datasets, metric):
    names = [f"a dataset of rather long id {i}" for i in range(n_datasets)]
    frame = transfers_of(names)
    frame.loc[1, "n"] = 4
    frame.loc[2, ["n", "mean"]] = [0, np.nan]
    ax = plot_transfer(frame, metric, order=names)
    texts = assert_readable(ax)
    assert short(frame.loc[0, "mean"]) in texts
    assert short(frame.loc[1, "mean"]) + "*" in texts
    assert "–" in texts
    assert "tested on" in texts
    assert len(ax.patches) == n_datasets


@pytest.mark.parametrize(("n_classifiers", "n_datasets"), [(1, 2), (3, 10), (7, 5)])
def test_panels_of_transfers_can_be_read(n_classifiers, n_datasets):
    names = [f"dataset {i}" for i in range(n_datasets)]
    own = transfers_of(names)
    classifiers = [f"C{i}" for i in range(n_classifiers)]
    frame = pd.concat([own.assign(classifier=name) for name in classifiers])
    [page] = transfer_pages(frame, classifiers)
    figure = transfer_figure(frame, "accuracy", page)
    texts = assert_readable(figure.axes[0])
    assert set(classifiers) <= set(texts)
    # At the foot of each column of panels, whether or not the last row is full.
    n_columns = len({ax.get_subplotspec().colspan.start for ax in figure.axes[:-1]})
    assert texts.count(names[0]) == n_columns + -(-n_classifiers // n_columns)


def test_a_row_is_what_is_trained_on():
    frame = pd.DataFrame(
        {"train": ["a", "a", "b", "b"], "test": ["a", "b", "a", "b"], "n": 1,
         "n_cells": 1, "mean": [0.9, 0.8, 0.7, 0.6]}
    )  # fmt: skip
    image = plot_transfer(frame, "accuracy", order=["a", "b"]).images[0].get_array()
    assert image.tolist() == [[0.9, 0.8], [0.7, 0.6]]
    assert score_limits(frame) == (0.6, 0.9)
    assert score_limits(frame.assign(mean=0.9)) == (0.4, 1.4)
    assert score_limits(frame.assign(mean=np.nan)) == (0, 1)


def test_scores_are_written_short():
    texts = [short(value) for value in (0.934, 1.0, 0.0, -0.25, 10.04)]
    assert texts == [".93", "1.00", ".00", "-.25", "10.04"]
