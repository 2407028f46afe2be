"""Maximal cliques: the groups that a critical-difference diagram joins by bars."""

from collections.abc import Sequence


def maximal_cliques(
    names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Return the largest groups, of two or more, all of whose pairs are given.

    Bron and Kerbosch's search. Groups and their members are in the order of `names`.
    """
    near: dict[str, set[str]] = {name: set() for name in names}
    for first, second in pairs:
        near[first].add(second)
        near[second].add(first)
    found: list[set[str]] = []

    def grow(group: set[str], open_: set[str], closed: set[str]) -> None:
        if not open_ and not closed:
            found.append(group)
            return
        pivot = max(sorted(open_ | closed), key=lambda name: len(near[name] & open_))
        for name in sorted(open_ - near[pivot]):
            grow(group | {name}, open_ & near[name], closed & near[name])
            open_, closed = open_ - {name}, closed | {name}

    grow(set(), set(names), set())
    place = {name: i for i, name in enumerate(names)}
    groups = [sorted(group, key=place.__getitem__) for group in found if len(group) > 1]
    return tuple(map(tuple, sorted(groups, key=lambda g: [place[name] for name in g])))
