import pytest
import yaml_text

from bench.base.errors import SuiteError
from bench.cells.plan import make_plan
from bench.suite.changes import Change
from bench.suite.load import load_suite

DATASET = yaml_text.SUITE["datasets"][0]


def changed(path, *texts):
    return load_suite(path, [Change.parse(text) for text in texts])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("datasets.0.train=200", lambda s: s.datasets[0].train == 200),
        ("datasets.grid.train=200", lambda s: s.datasets[0].train == 200),
        ("datasets.v1.5.test=9", lambda s: s.datasets[1].test == 9),
        ("stats.margin=0.02", lambda s: s.stats.margin == 0.02),
        ("stats.margin=2e-2", lambda s: s.stats.margin == 0.02),
        ("classifiers.0=RF", lambda s: s.classifiers[0].id == "RF"),
        ("classifiers.KNN.params.p=1", lambda s: s.classifiers[0].params == {"p": 1}),
        ("limits.timeout=5m", lambda s: s.limits.timeout == "5m"),
        ("name=yes", lambda s: s.name == "yes"),
        ("description=a = b", lambda s: s.description == "a = b"),
        ("metrics=[roc_auc, accuracy]", lambda s: s.metrics[0] == "roc_auc"),
        ("datasets.0.neural.hidden=[8]", lambda s: s.datasets[0].neural.hidden == (8,)),
        (
            "datasets.0.inputs={kind: normal, size: 9}",
            lambda s: s.datasets[0].inputs.kind == "normal",
        ),
        ("limits.timeout=null", lambda s: s.limits.timeout is None),
    ],
)
def test_a_value_is_set_where_its_name_says(write_suite, text, read):
    path = write_suite(datasets=[DATASET, DATASET | {"id": "v1.5"}])
    suite = changed(path, text)
    assert read(suite)
    assert not read(load_suite(path)) or "null" in text
    assert set(suite.changes.values()) == {f"--set {text}"}


def test_a_changed_suite_has_the_keys_of_the_one_written_out(write_suite):
    texts = ["datasets.grid.train=20", "classifiers.KNN.params.n_neighbors=3"]
    texts += ["repetitions=3", "stats.margin=0.5"]
    suite = changed(write_suite(), *texts)
    entry = {"use": "KNN", "id": "KNN", "params": {"n_neighbors": 3}}
    classifiers = [entry, *yaml_text.SUITE["classifiers"][1:]]
    written = load_suite(
        write_suite(
            repetitions=3,
            classifiers=classifiers,
            datasets=[DATASET | {"train": 20}],
            stats={"margin": 0.5},
        )
    )
    assert suite.model_dump() == written.model_dump()
    keys = [cell.key for cell in make_plan(suite).everything]
    assert keys == [cell.key for cell in make_plan(written).everything]


def test_fewer_repetitions_are_a_part_of_all_and_more_contain_them(write_suite):
    path = write_suite(repetitions=5)
    keys = {
        n: {
            c.key for c in make_plan(load_suite(path, [Change.of_repetitions(n)])).cells
        }
        for n in (2, 5, 7)
    }
    assert keys[2] < keys[5] < keys[7]
    assert load_suite(path, [Change.of_repetitions(5)]).changes == {}  # as it is


def test_a_sweep_may_be_changed_but_not_one_of_its_datasets(write_suite):
    entry = DATASET | {"id": "noisy", "sweep": {"noise": [1, 2]}}
    path = write_suite(datasets=[entry])
    suite = changed(path, "datasets.noisy.sweep.noise=[1, 5, 9]")
    assert [d.noise for d in suite.datasets] == [1, 5, 9]
    with pytest.raises(SuiteError, match=r"--set datasets.noisy.sweep.noise=x: .*list"):
        changed(path, "datasets.noisy.sweep.noise=x")
    with pytest.raises(SuiteError, match=r"noise in the entry as well"):
        changed(path, "datasets.noisy.noise=3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("datasets.0.train=abc", 'datasets[0].train: found "abc"; input should be a'),
        ("datasets.0.trian=1", "unknown key 'trian' (did you mean 'train'?)"),
        ("statz.margin=1", "statz: unknown key 'statz' (did you mean 'stats'?)"),
        ("datasets.gird.train=1", "no entry 'gird' (did you mean 'grid'?)"),
        ("datasets.7.train=1", "expected a position from 0 to 0, or an id: grid"),
        ("name.x=1", 'name: found "small", which has no parts'),
        ("datasets..train=1", "no entry ''"),
        ("stats..x=1", "found an empty part of the name"),
        ("repetitions=0", "repetitions: found 0"),
        ("repetitions=!!int 5", "the tag"),
        ("repetitions=&a 5", "an anchor or alias"),
        ("repetitions=.nan", "is not a finite number"),
        ("repetitions=", "found no value"),
        ("repetitions=[1", "not readable as YAML"),
        ("repetitions=1\n2", "expected KEY=VALUE"),
        ("repetitions", "expected KEY=VALUE"),
        ("=5", "expected KEY=VALUE"),
        ("stats.=5", "expected KEY=VALUE"),
        ("name=" + "x" * 2000, "expected KEY=VALUE"),
        ("datasets.0.inputs={kind: grid, low: 3, high: 1, size: 9}", "low < high"),
        ("extends=quick", "the key 'extends' belongs in a suite file"),
    ],
)
def test_a_wrong_change_is_one_message_that_names_the_option(write_suite, text, said):
    with pytest.raises(SuiteError) as caught:
        changed(write_suite(), text)
    assert str(caught.value).startswith("--set")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_answers_are_about_the_unchanged_suite(write_suite):
    answer = {"question": "?", "answer": "!", "date": "2026-11-24", "commit": "abcdef1"}
    path = write_suite(answers=[answer])
    assert changed(path, "seed=3").answers[0].answer == "!"  # the seed is 3
    assert changed(path, "seed=4").answers == ()
    assert changed(path, "answers.0.answer=No.").answers[0].answer == "No."


def test_the_words_of_the_command_have_the_changes(write_suite):
    path = write_suite()
    changes = [Change.of_repetitions(7), Change.parse("description=a b")]
    suite = load_suite(path, changes)
    assert suite.command_words == f"{path.as_posix()} -n 7 --set 'description=a b'"
    assert load_suite(path).command_words == path.as_posix()


RECORDED = [
    {"id": "two", "recorded": {"files": ["a.npz", "b.npz"]}, "split": {"resample": 5}},
    {"id": "one.b", "recorded": {"files": "a.npz"}},
    {
        "recorded": {"files": ["a.npz"]},
        "split": {"resample": 9, "test": 0.5},
        "id": "0",
    },
    {"id": "cv", "recorded": {"files": "a.npz"}, "split": {"folds": 3}},
    {"id": "given", "recorded": {"aeon": "GunPoint"}},
]


def repetitions_of(folder, changes, datasets, **more):
    path = folder / "recorded.yaml"
    path.write_text(yaml_text.suite_text(datasets=datasets, **more))
    suite = load_suite(path, changes)
    return suite, [suite.repetitions_of(spec) for spec in suite.datasets]


def test_a_number_of_repetitions_is_also_one_of_draws(tmp_path):
    seven = [Change.of_repetitions(7)]
    mixed = [*RECORDED, yaml_text.SUITE["datasets"][0]]
    suite, numbers = repetitions_of(tmp_path, seven, mixed)
    assert numbers == [7, 7, 7, 3, 1, 7]
    assert suite.datasets[2].split.test == 0.5
    assert suite.command_words.endswith("recorded.yaml -n 7")
    suite, numbers = repetitions_of(tmp_path, seven, RECORDED, repetitions=None)
    assert numbers == [7, 7, 7, 3, 1]
    ten = [Change.of_repetitions(10)]  # which one file has by default
    suite, numbers = repetitions_of(tmp_path, ten, RECORDED[1:2], repetitions=None)
    assert (numbers, suite.changes) == ([10], {})


def test_a_sweep_is_drawn_as_often_as_the_option_says(tmp_path):
    entry = RECORDED[1] | {"sweep": {"train": [2, 4]}}
    three = [Change.of_repetitions(3)]
    assert repetitions_of(tmp_path, three, [entry], repetitions=None)[1] == [3, 3]


@pytest.mark.parametrize("position", [3, 4])
def test_folds_and_a_given_split_take_no_number(tmp_path, position):
    datasets, two = RECORDED[position:], [Change.of_repetitions(2)]
    with pytest.raises(SuiteError, match="^-n 2: the splits of recorded curves set"):
        repetitions_of(tmp_path, two, datasets, repetitions=None)
