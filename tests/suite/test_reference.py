import pytest

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
