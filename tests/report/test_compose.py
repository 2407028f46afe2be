from dataclasses import replace

import pytest
import yaml_text
from read_blocks import of, text_of

from bench.analysis import Answer
from bench.render import FigureFile, Folded, Section, Table, to_markdown
from bench.report.compose import compose

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


def datasets(n, **changes):
    return [GRID | {"id": f"d{i}", "train": 30 + i} | changes for i in range(n)]


def titles(document):
    return [section.title for section in document.sections]


def test_one_dataset_has_its_table_in_the_opening_and_no_chapter_file(
    make_data, figures
):
    data = make_data(description="What is asked.")
    document = compose(data, figures)
    assert document.title == "small"
    assert document.chapters == ()
    [table] = of(Table, document.opening)
    assert "verdict" in table.frame
    assert isinstance(document.opening[-1], FigureFile)
    assert document.opening[-1].path == "figures/scores-grid.png"
    [chapter] = [s for s in document.sections if s.title == "grid"]
    assert not of(Table, chapter.blocks, folded=False)
    assert "matrix" not in figures.data
    assert titles(document) == ["grid", "Cost", "How it was measured", "Provenance"]


@pytest.mark.parametrize(("n", "figure"), [(2, "scores"), (3, "scores"), (4, "matrix")])
def test_several_datasets_have_the_matrix_and_chapters_beside_it(
    make_data, figures, n, figure
):
    data = make_data(datasets=datasets(n), repetitions=3)
    document = compose(data, figures)
    [table] = of(Table, document.opening)
    assert "rank" in table.frame
    assert document.opening[-1].path == f"figures/{figure}.png"
    assert [chapter.path for chapter in document.chapters] == [
        f"datasets/d{i}.md" for i in range(n)
    ]
    assert [chapter.section.title for chapter in document.chapters] == [
        facts.id for facts in data.datasets
    ]
    assert not {"d0", "d1"} & set(titles(document))
    assert ("Datasets" in titles(document)) == (n > 3)


def test_the_list_of_datasets_quotes_whole_words(make_data, figures):
    long = "A long description of many words. " * 20
    data = make_data(datasets=datasets(4, description=long), repetitions=1)
    [section] = [s for s in compose(data, figures).sections if s.title == "Datasets"]
    texts = section.blocks[0].frame["what"]
    assert texts.str.endswith(" …").all()
    assert texts.str.len().max() <= 162


def test_answers_follow_the_matrix_and_the_opening_has_the_first(make_data, figures):
    answers = (
        Answer("Is it?", "Yes.", "2026-11-24", "0123abc", True),
        Answer("Why?", "Because.", "2026-11-24", "0123abc", True),
    )
    data = make_data(datasets=datasets(2), repetitions=2)
    document = compose(replace(data, answers=answers), figures)
    opening = text_of(document.opening)
    assert "Answer. Yes." in opening
    assert "Because" not in opening
    assert titles(document)[0] == "Answers"
    inside = [s.title for s in of(Section, document.sections[:1])]
    assert inside == ["Answers", "Is it?", "Why?"]


def test_what_is_the_same_for_all_datasets_is_said_once(make_data, figures):
    data = make_data(datasets=datasets(4), repetitions=3)
    document = compose(data, figures)
    methods = "Korn and Graubard"
    assert text_of(document.sections).count(methods) == 1
    for chapter in document.chapters:
        text = text_of([chapter.section])
        assert methods not in text
        assert "ddof" not in text_of(of(Table, [chapter.section], folded=False))


def test_a_chapter_has_at_most_three_figures_outside_of_folds(make_data, figures):
    data = make_data(
        datasets=datasets(2, channels=["value"]),
        classifiers=["SD", "SD-WGAN", "KNN", "GNB", "DT", "RF"],
        accuracy=lambda dataset, name: 0.8,
        metrics=["accuracy", "brier", "log_loss"],
        repetitions=2,
        put={"online": ["SD", "SD-WGAN"], "critics": {"SD-WGAN": 10.0}},
    )
    for chapter in compose(data, figures).chapters:
        assert len(of(FigureFile, [chapter.section], folded=False)) <= 3
        assert len(of(Folded, [chapter.section])) == 1
        assert len(of(Table, [chapter.section], folded=False)) == 1


def test_no_section_is_empty(make_data, figures):
    data = make_data(lambda dataset, name: None, datasets=datasets(4), repetitions=1)
    document = compose(data, figures)
    for section in of(Section, document.sections):
        assert section.blocks, section.title
    text = to_markdown(
        document.sections, title=document.title, opening=document.opening
    )
    assert "None yet: no cell is done." in text
    assert " nan" not in text


@pytest.mark.parametrize("n", [1, 2])
def test_where_nothing_can_be_learnt_no_chart_ranks_guesses(make_data, figures, n):
    null = [
        entry | {"neural": {"kind": "library"}, "test": 200}
        for entry in [GRID, GRID | {"id": "other", "library": "families20"}][:n]
    ]
    data = make_data(lambda dataset, name: 0.5, datasets=null, repetitions=3)
    document = compose(data, figures)
    assert "cost" not in figures.data
    assert not {"differences", "pairs", "critical-differences"} & figures.data.keys()
    assert titles(document)[0] == "Is there a leak?"
    assert "No leak found." in text_of(document.opening)
    for table in of(Table, document.opening):
        assert "rank" not in table.frame
        assert table.bold is None or not table.bold.to_numpy().any()
