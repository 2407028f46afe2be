"""Maximal cliques: the groups that a critical-difference diagram joins by bars."""

from collections.abc import Sequence


def maximal_cliques(
    names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Return the largest groups, of two or more, all of whose pairs are given.

    Groups and their members are in the order of `names`, whatever the order of `pairs`.
    """
    import networkx as nx  # takes 0.1 s, which only a report over datasets should pay

    place = {name: i for i, name in enumerate(names)}
    graph = nx.Graph((place[first], place[second]) for first, second in pairs)
    groups = sorted(sorted(group) for group in nx.find_cliques(graph))
    return tuple(tuple(names[i] for i in group) for group in groups)
