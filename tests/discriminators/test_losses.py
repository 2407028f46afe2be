import pytest
import torch

from bench.discriminators.losses import (
    binary_cross_entropy,
    cross_entropy,
    gradient_penalty,
    stacked_cross_entropy,
    stacked_penalty,
    stacked_wasserstein,
    wasserstein,
)


def draw(n_rows, n_outputs, n_classes):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n_rows, n_outputs, generator=generator, dtype=torch.float64)
    return logits, torch.arange(n_rows) % n_classes


@pytest.mark.parametrize("weights", [[3.0, 4.0], [0.6, 0.8], [0.0, 0.0]])
def test_gradient_penalty_of_a_linear_net_is_its_gradient_norm_minus_one_squared(
    weights,
):
    w = torch.tensor(weights)
    X, labels = torch.randn(7, 2), torch.tensor([0, 1, 0, 1, 1, 0, 1])
    penalty = gradient_penalty(lambda Z: (Z @ w)[:, None], X, labels)
    torch.testing.assert_close(penalty, (w.norm() - 1) ** 2, atol=1e-6, rtol=1e-5)


def test_gradient_penalty_looks_between_a_real_and_a_fake_curve():
    seen = []

    def net(Z):
        seen.append(Z.detach())
        return Z.sum(1, keepdim=True)

    X = torch.cat([torch.zeros(20, 3), torch.ones(30, 3)])
    gradient_penalty(net, X, (torch.arange(50) >= 20).long())
    (between,) = seen
    assert between.shape == (20, 3)
    assert ((between >= 0) & (between <= 1)).all()
    assert (between == between[:, :1]).all()
    assert between[:, 0].unique().numel() > 1


def test_gradient_penalty_passes_gradients_to_the_weights():
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    X, labels = torch.randn(4, 2), torch.tensor([0, 1, 0, 1])
    gradient_penalty(lambda Z: (Z @ w)[:, None], X, labels).backward()
    # d/dw (|w| - 1)² = 2 (|w| - 1) w / |w|
    torch.testing.assert_close(w.grad, torch.tensor([4.8, 6.4]))


@pytest.mark.parametrize("label", [0, 1])
def test_gradient_penalty_of_a_single_class_is_zero(label):
    net = torch.nn.Linear(2, 1)
    labels = torch.full((4,), label)
    assert gradient_penalty(net, torch.randn(4, 2), labels) == 0


def test_wasserstein_is_mean_fake_minus_mean_real():
    logits = torch.tensor([[1.0], [5.0], [3.0], [10.0], [6.0]])
    loss, terms = wasserstein(logits, torch.tensor([0, 0, 0, 1, 1]), None)
    assert loss == 3 - 8
    assert terms == {"loss_real": -8, "loss_fake": 3}


@pytest.mark.parametrize(("label", "expected"), [(0, 2.0), (1, -2.0)])
def test_wasserstein_counts_an_absent_class_as_zero(label, expected):
    logits = torch.tensor([[1.0], [3.0]])
    loss, _ = wasserstein(logits, torch.full((2,), label), None)
    assert loss == expected


def test_binary_cross_entropy_equals_its_formula():
    logits, labels = draw(6, 1, 2)
    loss, terms = binary_cross_entropy(logits, labels, None)
    p = torch.sigmoid(logits[:, 0])
    expected = -torch.where(labels == 1, p, 1 - p).log().mean()
    torch.testing.assert_close(loss, expected)
    assert terms == {}


def test_cross_entropy_equals_its_formula():
    logits, labels = draw(6, 3, 3)
    loss, terms = cross_entropy(logits, labels, None)
    p = torch.softmax(logits, 1)[torch.arange(6), labels]
    torch.testing.assert_close(loss, -p.log().mean())
    assert terms == {}


@pytest.mark.parametrize(
    ("loss", "n_outputs", "n_classes"),
    [(binary_cross_entropy, 1, 2), (cross_entropy, 3, 3), (wasserstein, 1, 2)],
)
def test_weights_equal_repetition(loss, n_outputs, n_classes):
    logits, labels = draw(6, n_outputs, n_classes)
    counts = torch.tensor([1, 2, 0, 3, 1, 1])
    weighted, terms = loss(logits, labels, counts.to(logits.dtype))
    repeated, repeated_terms = loss(
        logits.repeat_interleave(counts, 0), labels.repeat_interleave(counts), None
    )
    torch.testing.assert_close(weighted, repeated)
    torch.testing.assert_close(terms, repeated_terms)


@pytest.mark.parametrize(
    ("loss", "n_outputs", "n_classes"),
    [(binary_cross_entropy, 1, 2), (cross_entropy, 3, 3), (wasserstein, 1, 2)],
)
def test_only_the_ratio_of_weights_counts(loss, n_outputs, n_classes):
    logits, labels = draw(6, n_outputs, n_classes)
    weights = torch.arange(1, 7, dtype=logits.dtype)
    torch.testing.assert_close(
        loss(logits, labels, weights)[0], loss(logits, labels, 7 * weights)[0]
    )


@pytest.mark.parametrize(
    ("stacked_loss", "loss"),
    [(stacked_cross_entropy, binary_cross_entropy), (stacked_wasserstein, wasserstein)],
)
def test_the_loss_of_a_stacked_network_is_its_loss_alone(stacked_loss, loss):
    logits = torch.randn(3, 8, dtype=torch.float64)
    labels = torch.tensor([1] * 4 + [0] * 4)
    losses, terms = stacked_loss(logits)
    for number, logits_alone in enumerate(logits):
        expected, expected_terms = loss(logits_alone[:, None], labels, None)
        torch.testing.assert_close(losses[number], expected)
        assert terms.keys() == expected_terms.keys()
        for name, value in expected_terms.items():
            torch.testing.assert_close(terms[name][number], value)


def test_the_penalty_of_a_stacked_network_is_at_interpolates_of_its_own_pairs():
    X = torch.randn(2, 6, 3, dtype=torch.float64)
    share = torch.rand(2, 3, dtype=torch.float64)
    penalties = stacked_penalty(lambda Z: (Z**2).sum(2), X, share)
    for number in range(2):
        real, fake = X[number, :3], X[number, 3:]
        between = share[number, :, None] * real + (1 - share[number, :, None]) * fake
        expected = ((2 * between).norm(dim=1) - 1) ** 2
        torch.testing.assert_close(penalties[number], expected.mean())
