import pytest
import torch

from bench.discriminators.skorch_net import Curves, DiscriminatorNet, summarise


def test_a_summary_has_means_weighted_by_batch_size_and_the_largest_gradient():
    epoch = {
        "batches": [
            {"train_batch_size": 3, "train_loss": 1.0, "largest_gradient": 0.5},
            {"train_batch_size": 1, "train_loss": 5.0, "largest_gradient": 0.2},
        ]
    }
    assert summarise([epoch, epoch]) == {
        "loss": [2.0, 2.0],
        "largest_gradient": [0.5, 0.5],
    }


def test_a_summary_has_the_validation_loss_but_not_its_batches():
    training = {"train_batch_size": 2, "train_loss": 1.0}
    validation = {"valid_batch_size": 9, "valid_loss": 7.0}
    epoch = {"batches": [training, validation], "valid_loss": 7.0}
    assert summarise([epoch]) == {"loss": [1.0], "valid_loss": [7.0]}


@pytest.mark.parametrize("batch_size", [None, 10, 4, 3])
def test_training_batches_hold_every_curve_once(batch_size):
    X = torch.arange(20.0).reshape(10, 2)
    curves = Curves(X, torch.arange(10), torch.ones(10))
    net = DiscriminatorNet(
        torch.nn.Identity, criterion=torch.nn.Identity, batch_size=batch_size
    )
    batches = list(net.get_iterator(curves, training=True))
    assert len(batches) == len(net.get_iterator(curves, training=True))
    labels = torch.cat([labels for _, (labels, _) in batches])
    assert sorted(labels.tolist()) == list(range(10))
    for rows, (labels, weights) in batches:
        torch.testing.assert_close(rows, X[labels])
        assert len(weights) == len(labels)


def test_prediction_takes_curves_in_their_order():
    curves = Curves(torch.arange(10_000.0)[:, None])
    net = DiscriminatorNet(torch.nn.Identity, criterion=torch.nn.Identity, batch_size=7)
    batches = list(net.get_iterator(curves, training=False))
    assert [len(rows) for rows, _ in batches] == [4096, 4096, 1808]
    torch.testing.assert_close(torch.cat([rows for rows, _ in batches]), curves.X)
    assert all(weights is None for _, (_, weights) in batches)
