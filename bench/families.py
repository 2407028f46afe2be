"""Families: datasets that are variants of one library, and so not independent."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.errors import StatisticsError


def families(identities: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Group datasets by their library, in the order of the datasets.

    Parameters
    ----------
    identities
        Dataset → what its library is known by, such as its name or text.
    """
    groups: dict[str, list[str]] = {}
    for dataset, identity in identities.items():
        groups.setdefault(identity, []).append(dataset)
    return tuple(map(tuple, groups.values()))


def family_codes(
    datasets: Sequence[str], families: Iterable[Sequence[str]] | None
) -> np.ndarray:
    """Give each dataset the number of its family: 0, 1, …, shape (n_datasets,).

    A dataset that no family names is one by itself; names of no dataset are ignored.
    """
    family: dict[str, int] = {}
    for number, members in enumerate(families or ()):
        for dataset in members:
            if family.setdefault(dataset, number) != number:
                raise StatisticsError(f"the dataset '{dataset}' is in two families")
    codes: dict[object, int] = {}
    keys: list[object] = [family.get(name, name) for name in datasets]
    return np.array([codes.setdefault(key, len(codes)) for key in keys])
