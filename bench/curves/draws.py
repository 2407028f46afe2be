"""Draws: the curves of one class, of any kind, by one path for all classes."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bench.base import DatasetError, generator
from bench.curves.arrays import Block, collect
from bench.curves.mimic_cache import load_pool
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
    """Draw curves of one class: values (size, n_points) and, if asked, gradients.

    Parameters
    ----------
    label : int
        Of the class: its position in ``recipe.class_names``.
    gradients : bool
        Whether to return the exact derivatives too. There are none of a noisy curve:
        where they are asked for, the curves come without noise.
    part : str
        "train", "test", or any name; curves of different parts are independent.

    Raises
    ------
    DatasetError
        If a mimic pool holds too few curves.
    """
    name = class_stream(recipe, label)
    names = (recipe.stream, repetition, part, name)
    functions = functions_of(recipe, part, repetition, seed)
    slopes: np.ndarray | None
    if isinstance(recipe.spec.neural, MimicCurves):
        values, slopes = _mimics(recipe, label, size, functions, part, repetition, seed)
    else:
        dtype = np.float64 if recipe.spec.standardised else recipe.spec.dtype
        rng = generator(seed, "curves", *names)
        blocks = class_blocks(recipe, label, size, rng, gradients, functions)
        values, slopes = collect(blocks, size, recipe.x, gradients, dtype)
    noise = None if gradients else generator(seed, "noise", *names)
    return finished(recipe, values, slopes if gradients else None, noise)


def class_stream(recipe: DatasetRecipe, label: int) -> str:
    """Name a class in the random streams."""
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
    """Yield curves of a class as they are drawn: not standardised, without noise.

    Those that are to be standardised come in float64, others in the recipe's type.

    Parameters
    ----------
    functions
        Of the library, that may be drawn; all by default.
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
    slopes: np.ndarray | None,
    noise: np.random.Generator | None,
) -> Block:
    """Standardise curves, add noise, and convert them: each as the recipe has it.

    Parameters
    ----------
    noise
        What it is drawn from; none is added where None.
    """
    spec = recipe.spec
    if not spec.standardised:
        return values, slopes
    values, slopes = standardise(values, slopes)
    if spec.noise > 0 and noise is not None:
        values = add_noise(values, spec.noise, noise)
    # The last step, for all classes: a rounding before it would tell them apart.
    return (
        values.astype(spec.dtype),
        None if slopes is None else slopes.astype(spec.dtype),
    )


def functions_of(
    recipe: DatasetRecipe, part: str, repetition: int, seed: int
) -> np.ndarray | None:
    """Return the positions of the functions that a part's curves are of; None: all.

    The functions are permuted afresh in each repetition; test curves are of the last,
    all others of the rest. More unseen ones include the fewer.
    """
    split = recipe.spec.split
    if split is None:
        return None
    rng = generator(seed, "split", recipe.stream, repetition)
    order = rng.permutation(len(recipe.library.functions))
    n_seen = len(order) - split.unseen_functions
    return order[n_seen:] if part == "test" else order[:n_seen]


def _mimics(
    recipe: DatasetRecipe,
    label: int,
    size: int,
    functions: np.ndarray | None,
    part: str,
    repetition: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Take curves from a pool: training ones from its start, test ones from its end.

    Test curves are then the same however many are trained on, where the suite gives
    the pool's size.
    """
    spec = recipe.spec
    assert isinstance(spec.neural, MimicCurves)  # the caller asked
    in_cells = part in ("train", "test")
    pool = load_pool(recipe, repetition, seed, "cells" if in_cells else part)
    half = pool[label]
    rows = half.rows(functions)
    needed = size
    if in_cells and functions is None:
        needed += spec.test if part == "train" else spec.train
    if len(rows) < needed:
        n_kept = sum(len(own.functions) for own in pool)
        what = "train + test" if needed > size else part
        some = (
            "" if functions is None else f" of this part's {len(functions)} functions"
        )
        raise DatasetError(
            f"'{spec.id}', repetition {repetition}: a pool of {recipe.pool_size} nets, "
            f"{n_kept} of which fit their curve (error below {spec.neural.rmse:g}), "
            f"holds {len(rows)} {recipe.class_names[label]} curves{some}; expected "
            f"{needed} ({what}): raise neural.pool or neural.steps, or lower the sizes"
        )
    rows = rows[::-1][:size] if part == "test" else rows[:size]
    return half.values[rows], half.slopes[rows]
