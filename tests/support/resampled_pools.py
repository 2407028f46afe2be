"""Pools of recorded curves that are drawn and divided again, and equal classifiers.

A pool has two classes, and features that are normal around the means of its class.
Half of the features belong to one classifier and half to another of the same kind. The
halves are exchangeable, so that the two are equally good in truth, though not in any
one pool. Stratified Monte-Carlo draws divide a pool into training and test curves, as
the split ``{resample: N}`` does.
"""

import numpy as np

# Training and test curves: the datasets of suites/recorded.yaml, and a large pool.
SIZES = {
    "GunPoint": (50, 150),
    "ItalyPowerDemand": (67, 1029),
    "ArrowHead": (36, 175),
    "OSULeaf": (200, 242),
    "ACSF1": (100, 100),
    "BasicMotions": (40, 40),
    "1000 curves": (700, 300),
}
N_FEATURES = 4  # that each of the two classifiers sees
SHIFT = 0.8  # between the classes in each feature, in standard deviations: about 77%
TREES, DEPTH = 40, 6


def draw_pool(rng, n_curves, shifts=(SHIFT, SHIFT)):
    """Draw labels (n_curves,) and one array (n_curves, N_FEATURES) a classifier."""
    labels = np.arange(n_curves) % 2
    signs = (labels - 0.5)[:, None]
    noise = rng.normal(size=(2, n_curves, N_FEATURES))
    halves = zip(noise, shifts, strict=True)
    return labels, [part + shift * signs for part, shift in halves]


def divide(rng, labels, n_train, n):
    """Draw which curves are trained on, bool of shape (n, n_curves), class by class."""
    keys = rng.random((n, len(labels)))
    is_train = np.zeros(keys.shape, bool)
    for label, size in ((0, n_train - n_train // 2), (1, n_train // 2)):
        members = np.flatnonzero(labels == label)
        chosen = np.argpartition(keys[:, members], size - 1, axis=1)[:, :size]
        np.put_along_axis(is_train, members[chosen], True, axis=1)
    return is_train


def _class_means(X, labels, is_train):
    """Yield weights (n, n_curves), sizes (n, 1) and means (n, d) of each class."""
    for label in (0, 1):
        weights = (is_train & (labels == label)).astype(float)
        sizes = weights.sum(axis=1, keepdims=True)
        yield weights, sizes, weights @ X / sizes


def naive_bayes(X, labels, is_train, _):
    """Predict by normal densities of independent features (Gaussian naive Bayes)."""
    scores = []
    for weights, sizes, means in _class_means(X, labels, is_train):
        variances = np.maximum(weights @ X**2 / sizes - means**2, 1e-3)
        # The density's exponent, expanded, so that it is three products of matrices.
        quadratic = (1 / variances) @ (X**2).T - 2 * (means / variances) @ X.T
        constant = (means**2 / variances + np.log(variances)).sum(axis=1)
        scores.append(-quadratic - constant[:, None])
    return scores[1] > scores[0]


def linear_discriminant(X, labels, is_train, _):
    """Predict by Fisher's linear discriminant, with the covariance within classes."""
    (_, sizes0, mean0), (_, sizes1, mean1) = _class_means(X, labels, is_train)
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    d = X.shape[1]
    within = (is_train.astype(float) @ products).reshape(-1, d, d)
    for sizes, mean in ((sizes0, mean0), (sizes1, mean1)):
        within -= sizes[:, :, None] * mean[:, :, None] * mean[:, None, :]
    n_free = (sizes0 + sizes1 - 2)[:, :, None]
    weights = np.linalg.solve(within / n_free, (mean1 - mean0)[:, :, None])[:, :, 0]
    middle = (weights * (mean0 + mean1) / 2).sum(axis=1)
    return weights @ X.T > middle[:, None]


def random_forest(X, labels, is_train, rng):
    """Predict by trees whose splits are drawn at random, anew for each repetition.

    They are the totally randomised trees of Geurts et al. (2006): only their leaves
    learn. All splits of one level of a tree are the same.
    """
    rows = np.ascontiguousarray(X.T)
    n_leaves = 2**DEPTH
    first = (np.arange(TREES) * n_leaves)[:, None]
    predicted = np.empty(is_train.shape, bool)
    for number, chosen in enumerate(is_train):
        features = rng.integers(len(rows), size=(TREES, DEPTH))
        low, high = rows[:, chosen].min(axis=1), rows[:, chosen].max(axis=1)
        at = low[features] + (high - low)[features] * rng.random(features.shape)
        leaves = np.repeat(first, len(X), axis=1)
        for level in range(DEPTH):
            above = rows[features[:, level]] > at[:, level, None]
            leaves += above.astype(np.int64) << level
        seen = leaves[:, chosen]
        total = np.bincount(seen.ravel(), minlength=TREES * n_leaves)
        ones = seen[:, labels[chosen] == 1]
        share = (np.bincount(ones.ravel(), minlength=len(total)) + 0.5) / (total + 1)
        predicted[number] = share[leaves].mean(axis=0) > 0.5
    return predicted


def nearest_neighbour(X, labels, is_train, _):
    """Predict the class of the nearest training curve."""
    squares = (X**2).sum(axis=1)
    distances = (squares[:, None] + squares - 2 * X @ X.T).astype(np.float32)
    predicted = np.empty(is_train.shape, bool)
    for number, chosen in enumerate(is_train):
        train = np.flatnonzero(chosen)
        predicted[number] = labels[train[distances[:, train].argmin(axis=1)]] == 1
    return predicted


def nearest_mean(X, labels, is_train, _):
    """Predict the class whose mean is nearer, which hardly depends on the draw."""
    scores = [
        means @ X.T - (means**2).sum(axis=1, keepdims=True) / 2
        for _, _, means in _class_means(X, labels, is_train)
    ]
    return scores[1] > scores[0]


KINDS = {
    "Gaussian naive Bayes": naive_bayes,
    "linear discriminant": linear_discriminant,
    "forest of random trees": random_forest,
}
# At the ends of what there is: one that depends much on its few training curves, and
# one that hardly does.
EXTREMES = {"nearest neighbour": nearest_neighbour, "nearest mean": nearest_mean}


def accuracies(kind, size, n_pools, n, seed, shifts=(SHIFT, SHIFT)):
    """Score two classifiers of a kind on draws of many pools: (n, n_pools, 2).

    Parameters
    ----------
    kind
        A function of `KINDS` or `EXTREMES`.
    size
        The training and the test curves of a draw.
    n
        The number of draws of each pool.
    shifts
        How far the classes are apart for each of the two.
    """
    rng = np.random.default_rng(seed)
    found = np.empty((n, n_pools, 2))
    for pool in range(n_pools):
        labels, halves = draw_pool(rng, sum(size), shifts)
        is_train = divide(rng, labels, size[0], n)
        for place, X in enumerate(halves):
            right = kind(X, labels, is_train, rng) == (labels == 1)
            found[:, pool, place] = (right & ~is_train).sum(axis=1) / size[1]
    return found
