import numpy as np
from study_text import planned

from bench.curves.datasets import make_dataset
from bench.study.training import draw_validation, resolve, train


def test_no_validation_curve_is_trained_on_or_tested_on(tmp_path):
    [recipe] = planned(tmp_path).plan.datasets
    X, y = draw_validation(recipe, ("value",), 20, seed=3)
    assert X.shape == (40, 20)
    assert sorted(y) == [0] * 20 + [1] * 20
    rows = {row.tobytes() for row in X}
    for repetition in range(3):
        data = make_dataset(recipe, repetition, seed=3)
        for part in (data.X_train, data.X_test):
            assert rows.isdisjoint(row.tobytes() for row in part)


def test_stacked_networks_equal_those_trained_alone(tmp_path):
    plan = planned(tmp_path)
    [recipe] = plan.plan.datasets
    validation = draw_validation(recipe, ("value",), 50, seed=3)
    configurations = [
        resolve(plan.suite, n, {"lr": lr, "neural.curves_per_net": k})
        for n, (lr, k) in enumerate([(1e-2, 1), (1e-3, 3)])
    ]
    assert configurations[0].architecture == configurations[1].architecture
    together = train(configurations, validation, lambda *_: False)
    for configuration, member in zip(configurations, together, strict=True):
        [alone] = train([configuration], validation, lambda *_: False)
        X = validation[0]
        np.testing.assert_allclose(
            member.decision_function(X), alone.decision_function(X), atol=1e-3
        )
    logits = [member.decision_function(validation[0]) for member in together]
    assert not np.allclose(*logits, atol=1e-2)


def test_other_layers_or_training_are_another_architecture(tmp_path):
    suite = planned(tmp_path).suite
    first = resolve(suite, 0, {"hidden": (4, 4)})
    for other in ({"hidden": (8,)}, {"hidden": (4, 4), "training.steps": 2}):
        assert resolve(suite, 1, other).architecture != first.architecture
