"""Recorded curves in words and numbers: what they are, and how they are divided."""

from collections.abc import Sequence

import numpy as np

from bench.analysis.report_data import RecordedFacts
from bench.base import shown
from bench.curves import RecordedRecipe
from bench.suite import FoldsSplit, ResampleSplit

_NAMED = 6  # classes; of more the sizes alone are told
_NAME = 40  # characters of a class
_AEON = "aeon: "  # before the names of files that aeon bundles


def recorded_facts(recipe: RecordedRecipe) -> RecordedFacts:
    """Return what a report says of recorded curves beside their scores."""
    spec, curves, division = recipe.spec, recipe.curves, recipe.spec.division
    sizes = np.bincount(curves.labels, minlength=recipe.n_classes)
    given = recipe.as_given if recipe.has_given_beside else None
    is_given = isinstance(division, str)
    is_folds = isinstance(division, FoldsSplit)
    return RecordedFacts(
        sources=tuple(curves.sources),
        n_curves=len(curves.labels),
        class_sizes=tuple(map(int, sizes)),
        test_shares=_test_shares(recipe),
        n_channels=recipe.n_channels,
        data_hash=curves.data_hash,
        design="given" if is_given else "folds" if is_folds else "resample",
        n_draws=spec.repetitions,
        folds=division.folds if isinstance(division, FoldsSplit) else None,
        test=None if isinstance(division, str | FoldsSplit) else division.test,
        n_groups=None if curves.groups is None else len(np.unique(curves.groups)),
        most=spec.train,
        n_train=recipe.n_train,
        n_test=recipe.n_test,
        is_even=_is_even(recipe, sizes),
        overlap=float(recipe.overlap),
        given=None if given is None else (given.n_train, given.n_test),
        standardised=spec.standardised,
        license=curves.license,
    )


def _test_shares(recipe: RecordedRecipe) -> tuple[float, ...]:
    """Return the share of each class in the test curves of a repetition.

    Divisions by shares, folds or groups come close to that of all curves.
    """
    curves, division = recipe.curves, recipe.spec.division
    labels = curves.labels
    if _as_given(division):
        labels = labels[curves.n_given_train :]
    counts = np.bincount(labels, minlength=recipe.n_classes)
    return tuple(round(float(share), 4) for share in counts / counts.sum())


def _as_given(division: str | ResampleSplit | FoldsSplit) -> bool:
    """Tell whether test curves are as many of each class as in the given test file."""
    if isinstance(division, ResampleSplit):
        return division.test is None and division.groups is None
    return isinstance(division, str)


def _is_even(recipe: RecordedRecipe, sizes: np.ndarray) -> bool:
    """Tell whether all repetitions have exactly the same numbers of curves."""
    division = recipe.spec.division
    if isinstance(division, str):
        return True
    if division.groups is not None:
        return False
    if isinstance(division, FoldsSplit):
        return not (sizes % division.folds).any()
    return True


def recorded_in_words(recipe: RecordedRecipe) -> str:
    """Describe recorded curves: how many, of which classes, from where, what was done.

    How they are divided is told apart, see `bench.report`.
    """
    spec, curves = recipe.spec, recipe.curves
    n_curves, n_channels, n_points = curves.values.shape
    sizes = np.bincount(curves.labels, minlength=recipe.n_classes)
    points = f"{n_points} point{'s' * (n_points != 1)}"
    if n_channels > 1:
        points = f"{n_channels} channels of {points}"
    if curves.x is not None:
        points += f", from {curves.x.min():g} to {curves.x.max():g}"
    sentences = [
        f"{n_curves} recorded curves of {recipe.n_classes} classes "
        f"({_sizes(recipe.class_names, sizes)}); {points}, {spec.dtype}",
        f"Source: {_sources(curves.sources)}; license: "
        f"{shown(curves.license, 200) if curves.license else 'none stated'}",
    ]
    if spec.standardised:
        each = "channel of each curve" if n_channels > 1 else "curve"
        sentences.append(
            f"Each {each} is scaled to mean 0 and standard deviation 1, so its level "
            "and its range tell nothing"
        )
    if n := curves.n_interpolated:
        sentences.append(
            f"{n} missing value{'s' * (n != 1)} of {curves.values.size} "
            f"{'is' if n == 1 else 'are'} filled in on the line between the neighbours"
        )
    sentences += [note[:1].upper() + note[1:] for note in curves.notes]
    return ". ".join(sentences) + "."


def sources_in_words(sources: Sequence[str]) -> str:
    """Name the files of recorded curves: ``all.csv``, or ``GunPoint (aeon)``.

    Parameters
    ----------
    sources
        As `bench.curves.RecordedCurves.sources`.
    """
    if bundled := _bundled(sources):
        return f"{bundled} (aeon)"
    return " and ".join(shown(source, 60) for source in sources)


def _sources(sources: Sequence[str]) -> str:
    if bundled := _bundled(sources):
        files = " and ".join(shown(name.removeprefix(_AEON), 60) for name in sources)
        return f"{bundled}, as aeon bundles it ({files})"
    return sources_in_words(sources)


def _bundled(sources: Sequence[str]) -> str:
    """Return the name of a dataset that aeon bundles; empty for a user's files."""
    if not sources or not all(source.startswith(_AEON) for source in sources):
        return ""
    return shown(sources[0].removeprefix(_AEON).rpartition("_")[0], 60)


def _sizes(names: Sequence[str], sizes: np.ndarray) -> str:
    """Say how many curves each class has."""
    few = len(names) <= _NAMED
    if sizes.min() == sizes.max():
        listed = f": {', '.join(shown(name, _NAME) for name in names)}" if few else ""
        return f"{sizes[0]} of each{listed}"
    if few:
        return ", ".join(
            f"{size} of class {shown(name, _NAME)}"
            for name, size in zip(names, sizes, strict=True)
        )
    largest = shown(names[int(sizes.argmax())], _NAME)
    return f"{sizes.min()} to {sizes.max()} of each, most of class {largest}"
