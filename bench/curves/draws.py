"""Drawing the curves of one class; all classes take the same path."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bench.base import DatasetError, generator
from bench.curves.arrays import Block, collect
from bench.curves.mimics.cache import load_pool
from bench.curves.mimics.pools import PoolHalf
from bench.curves.neural import stream_mlp
from bench.curves.noise import add_noise, standardise
from bench.curves.recipes import DatasetRecipe
from bench.curves.wild import stream_wild
from bench.suite import MimicCurves, MlpCurves, WildCurves


def draw_class(
    recipe: DatasetRecipe,
    label: int,
    size: int,
    gradients: bool,
    *,
    part: str = "train",
    repetition: int = 0,
    seed: int = 0,
) -> Block:
    """Draw curves of one class.

    Parameters
    ----------
    label : int
        The position of the class in ``recipe.class_names``.
    gradients : bool
        Whether to return the exact gradients too. A noisy curve has no gradient, so
        no noise is added if this is true.
    part : str
        "train", "test" or any other name. Curves of different parts are independent.

    Returns
    -------
    values : array of shape (size, n_points)
    gradients : array of shape (size, n_points, n_inputs), or None

    Raises
    ------
    DatasetError
        If a mimic pool holds too few curves.
    """
    name = class_stream(recipe, label)
    names = (recipe.stream, repetition, part, name)
    functions = functions_of(recipe, part, repetition, seed)
    gradient_values: np.ndarray | None
    places = None
    if isinstance(recipe.spec.neural, MimicCurves):
        half, rows = _mimic_rows(recipe, label, size, functions, part, repetition, seed)
        # In double precision, as curves of other kinds are.
        values = half.values[rows].astype(float)
        gradient_values = half.slopes[rows].astype(float)
        places = half.places[rows]
    else:
        dtype = np.float64 if recipe.spec.standardised else recipe.spec.dtype
        rng = generator(seed, "curves", *names)
        blocks = class_blocks(recipe, label, size, rng, gradients, functions)
        values, gradient_values = collect(blocks, size, recipe.x, gradients, dtype)
    noise_rng = None if gradients else generator(seed, "noise", *names)
    return finished(
        recipe, values, gradient_values if gradients else None, noise_rng, places
    )


def class_stream(recipe: DatasetRecipe, label: int) -> str:
    """Return the name of a class in the random streams."""
    if recipe.spec.task == "which-function":
        return f"function {label}"
    return recipe.class_names[label]


def class_blocks(
    recipe: DatasetRecipe,
    label: int,
    n_curves: int,
    rng: np.random.Generator,
    gradients: bool,
    functions: Iterable[int] | None = None,
) -> Iterator[Block]:
    """Yield raw curves of a class: not standardised, and without noise.

    Curves that are to be standardised are float64; others have the recipe's dtype.

    Parameters
    ----------
    functions
        Positions of the library's functions that may be drawn; all by default.
    """
    spec, x, library, neural = recipe.spec, recipe.x, recipe.library, recipe.spec.neural
    dtype = np.dtype(np.float64 if spec.standardised else spec.dtype)
    if spec.task == "which-function":
        return library.only([label]).stream(x, n_curves, rng, gradients, dtype)
    network = neural.model_dump(exclude={"kind"})
    options: dict[str, Any] = {"gradients": gradients, "dtype": dtype}
    if label == 0 and isinstance(neural, MlpCurves):
        return stream_mlp(x, n_curves, rng, **network, **options)
    if label == 0 and isinstance(neural, WildCurves):
        return stream_wild(x, n_curves, rng, **network, **options)
    if functions is not None:
        library = library.only(functions)
    return library.stream(x, n_curves, rng, gradients, dtype)


def finished(
    recipe: DatasetRecipe,
    values: np.ndarray,
    gradients: np.ndarray | None,
    noise_rng: np.random.Generator | None,
    places: np.ndarray | None = None,
) -> Block:
    """Standardise raw curves, add noise and convert their dtype, as the recipe says.

    Parameters
    ----------
    noise_rng
        Generator of the noise; without one, no noise is added.
    places
        The place of each curve's noise in the draws; by default the first ones.
    """
    spec = recipe.spec
    if not spec.standardised:
        return values, gradients
    values, gradients = standardise(values, gradients)
    if spec.noise > 0 and noise_rng is not None:
        values = add_noise(values, spec.noise, noise_rng, places)
    # The conversion comes last for all classes: if one class were rounded earlier, the
    # rounding alone would give it away.
    return (
        values.astype(spec.dtype),
        None if gradients is None else gradients.astype(spec.dtype),
    )


def functions_of(
    recipe: DatasetRecipe, part: str, repetition: int, seed: int
) -> np.ndarray | None:
    """Return the positions of the functions that a part is drawn from; None is all.

    Each repetition permutes the functions. Test curves are drawn from the last ones,
    all other curves from the rest. A larger number of unseen functions includes those
    of a smaller number.
    """
    split = recipe.spec.split
    if split is None:
        return None
    rng = generator(seed, "split", recipe.stream, repetition)
    order = rng.permutation(len(recipe.library.functions))
    n_seen = len(order) - split.unseen_functions
    return order[n_seen:] if part == "test" else order[:n_seen]


def _mimic_rows(
    recipe: DatasetRecipe,
    label: int,
    size: int,
    functions: np.ndarray | None,
    part: str,
    repetition: int,
    seed: int,
) -> tuple[PoolHalf, np.ndarray]:
    """Take training curves from the start of a pool, and test curves from its end.

    If the suite sets the pool's size, the test curves then do not depend on the number
    of training curves.
    """
    spec = recipe.spec
    assert isinstance(spec.neural, MimicCurves)  # the caller checks this
    in_cells = part in ("train", "test")
    pool = load_pool(recipe, repetition, seed, "cells" if in_cells else part)
    half = pool[label]
    rows = half.rows(functions)
    needed = size
    # Without a split both parts share the pool, so it must hold enough for both.
    if in_cells and functions is None:
        needed += spec.test if part == "train" else spec.train
    if len(rows) < needed:
        n_kept = sum(len(pool_half.functions) for pool_half in pool)
        needed_for = "train + test" if needed > size else part
        restriction = (
            "" if functions is None else f" of this part's {len(functions)} functions"
        )
        raise DatasetError(
            f"'{spec.id}', repetition {repetition}: a pool of {recipe.pool_size} "
            f"networks, {n_kept} of which fit their curve (error below "
            f"{spec.neural.rmse:g}), holds {len(rows)} {recipe.class_names[label]} "
            f"curves{restriction}; expected {needed} ({needed_for}): raise neural.pool "
            "or neural.steps, or lower the sizes"
        )
    rows = rows[::-1][:size] if part == "test" else rows[:size]
    return half, rows
