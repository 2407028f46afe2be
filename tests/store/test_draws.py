"""Tests of `bench.store.draws`."""

from dataclasses import replace

import given_splits
import pytest
import stored

from bench.store import Draws, recipe_column

ROW = [1.0, 0.1, -0.2, 0.3]
FIELDS = {"dataset": {"id": 1}, "repetition": 0, "seed": 0}


def result(fingerprint, classifier="A", **fields):
    made = stored.result_of(0)
    return replace(
        made, classifier=classifier, fields=FIELDS | fields, fingerprint=fingerprint
    )


def test_results_of_the_same_curves_have_no_problem():
    draws = Draws()
    assert draws.problem(result([ROW])) == ""
    assert draws.problem(result([[1.0 + 1e-7, *ROW[1:]]], "B")) == ""
    assert draws.problem(result([], "C")) == ""  # of an earlier version


def test_other_curves_of_one_draw_are_named():
    draws = Draws()
    draws.problem(replace(result([ROW]), cpu="X", blas="Y"))
    problem = draws.problem(result([[1.001, *ROW[1:]]], "B"))
    assert "B and A are of other curves, though their recipe is the same" in problem
    assert "X (Y)" in problem


def test_a_name_that_the_caller_knows_takes_the_place_of_the_fields():
    draws = Draws()
    draws.problem(result([ROW]), ("a", 0))
    assert "B and A" in draws.problem(result([[2.0, *ROW[1:]]], "B", seed=1), ("a", 0))
    assert draws.problem(result([[2.0, *ROW[1:]]], "B"), ("a", 1)) == ""


@pytest.mark.parametrize("field", ["repetition", "seed", "pool", "target"])
def test_other_draws_may_differ(field):
    draws = Draws()
    draws.problem(result([ROW]))
    assert draws.problem(result([[2.0, *ROW[1:]]], **{field: 7})) == ""


def test_networks_that_were_fitted_anew_are_named_as_such():
    draws = Draws()
    draws.problem(result([ROW], pool="torch 2.13.0"))
    problem = draws.problem(result([[2.0, *ROW[1:]]], "B", pool="torch 2.13.0"))
    assert "same draws, but of other fits" in problem


def test_the_column_of_recipes_names_the_fits():
    plain = recipe_column(FIELDS)
    assert len(plain) == 16
    assert recipe_column(FIELDS | {"pool": "sha256 abcdefabcdefabc"}) == (
        f"{plain}+abcdefabcdef"
    )
    assert recipe_column(FIELDS | {"pool": "torch 2.13.0"}) == f"{plain}+fitted"
    assert recipe_column(FIELDS | {"target": FIELDS["dataset"]}) == f"{plain} {plain}"


def test_the_given_split_is_another_draw_than_the_first_repetition(
    write_suite, tmp_path
):
    plan = stored.plan_of(given_splits.suite_of(write_suite, tmp_path))
    draws = Draws()
    for cell, row in ((plan.cells[0], ROW), (plan.given[0], [2.0, *ROW[1:]])):
        assert draws.problem(cell.result("done", fingerprint=[row])) == ""
    assert draws.problem(plan.given[1].result("done", fingerprint=[ROW]))
