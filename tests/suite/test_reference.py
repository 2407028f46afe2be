import pytest

from bench.base import resources
from bench.base.errors import MissingFileError, SuiteError
from bench.suite.reference import load_reference

TEXT = """\
title: Notebook
source: A notebook.
measures: test_accuracy
lesson: Beware.
datasets:
  a:
    SD: {mean: 0.9, std: 0.1}
    KNN: {mean: 1.5e-1}
"""


def test_a_reference_is_found_beside_the_suite_before_the_shipped_ones(tmp_path):
    (tmp_path / "seed-notebook.yaml").write_text(TEXT)
    for name in ("seed-notebook", "seed-notebook.yaml"):
        reference = load_reference(name, tmp_path)
        assert reference.title == "Notebook"
        assert reference.datasets["a"]["KNN"].mean == 0.15
        assert reference.datasets["a"]["KNN"].std is None
    (tmp_path / "seed-notebook.yaml").unlink()
    assert load_reference("seed-notebook", tmp_path).title != "Notebook"


def test_a_path_is_not_searched_among_the_shipped_ones(tmp_path):
    with pytest.raises(MissingFileError, match=r"no reference './seed-notebook' in "):
        load_reference("./seed-notebook", tmp_path)


def test_a_missing_reference_is_named_with_the_nearest_one(tmp_path):
    with pytest.raises(MissingFileError, match="did you mean 'seed-notebook'"):
        load_reference("seed-notebok", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("test_accuracy", "accuracy", "r.yaml:3: measures: found "),
        ("mean: 0.9", "maen: 0.9", "r.yaml:7: datasets.a.SD.maen: unknown key 'maen'"),
        ("lesson: Beware.\n", "", "the key 'lesson' is missing"),
    ],
)
def test_a_mistake_in_a_reference_has_its_line(tmp_path, old, new, said):
    (tmp_path / "r.yaml").write_text(TEXT.replace(old, new))
    with pytest.raises(SuiteError) as caught:
        load_reference("r", tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("{}", "expected a mean, or low and high, or given"),
        ("{low: 0.5}", "expected a mean, or low and high, or given"),
        ("{given: 0.5, high: 0.9}", "expected low and high together"),
        ("{given: 0.5, std: 0.9}", "found std without mean"),
        ("{given: 0.5, n: 30}", "found n without mean, low or high"),
        ("{low: 0.9, high: 0.8}", "expected low ≤ mean ≤ high"),
        ("{mean: 0.7, low: 0.8, high: 0.9}", "expected low ≤ mean ≤ high"),
        ("{mean: 0.7, n: 0}", "datasets.a.SD.n: "),
    ],
)
def test_a_published_score_is_whole(tmp_path, score, said):
    (tmp_path / "r.yaml").write_text(TEXT.replace("{mean: 0.9, std: 0.1}", score))
    with pytest.raises(SuiteError) as caught:
        load_reference("r", tmp_path)
    assert said in str(caught.value)
    assert "r.yaml:7: " in str(caught.value)


def test_the_published_scores_of_the_archive_are_those_of_its_table():
    datasets = load_reference("ucr", resources.ROOT).datasets
    errors = {
        "gunpoint": (0.0867, 0.0933),
        "italy-power-demand": (0.0447, 0.0496),
        "arrowhead": (0.2, 0.2971),
        "osuleaf": (0.4793, 0.4091),
        "acsf1": (0.46, 0.36),
    }
    for name, pair in errors.items():
        for classifier, error in zip(("1NN-ED", "1NN-DTW"), pair, strict=True):
            assert datasets[name][classifier].given == pytest.approx(1 - error)
        assert datasets[name]["MRH"].n == 30
    assert datasets["basic-motions"]["1NN-DTW"].given == 0.975
