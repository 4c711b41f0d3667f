"""Units that decisions keep together and a search has parted: tied by a corridor, then drawn again.

A search moves one unit at a time, so that two units far apart seldom come into one grid by themselves. Bound to the
units on the way between them they never leave each other; what else the grid takes in is left to the search.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gridopt.solvers.community import Community

Ints = NDArray[np.int32]


def parted(community: Community, labels: Ints) -> int:
    """How many pairs that belong together lie in two grids; labels (n,)."""
    return sum(bool(labels[a] != labels[b]) for a, b in _tied(community))


def with_corridors(community: Community) -> Community | None:
    """The community with each pair that belongs together tied by the units on the way between its two.

    None where every pair touches already, or no way leads there. The way holds as few people as there can be, then the
    fewest metres (Dijkstra 1959); institutions, locked grids and units that must lie apart from either end are walked
    around.
    """
    ways = {tie for pair in _tied(community) for tie in _way(community, pair)}
    together = {*community.bindings.together}
    if ways <= together:
        return None
    bindings = dataclasses.replace(community.bindings, together=tuple(sorted(together | ways)))
    return dataclasses.replace(community, bindings=bindings)


def _tied(community: Community) -> list[tuple[int, int]]:
    own = community.dedicated | community.locked
    return [(a, b) for a, b in community.bindings.together if not own[a] and not own[b]]


def _way(community: Community, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Ties between the neighbours along the way of a pair; none where no way leads there."""
    graph, n = community.graph, community.n_units
    open_ = ~(community.dedicated | community.locked)
    against = [b if a in pair else a for a, b in community.bindings.apart if a in pair or b in pair]
    open_[against] = False
    edges = graph.edges[open_[graph.edges].all(axis=1)]
    metres = np.hypot(*(graph.xy[edges[:, 0]] - graph.xy[edges[:, 1]]).T)
    people = graph.weights[edges, 0].sum(axis=1)
    cost = people / max(float(people.sum()), 1.0) + 1e-3 * metres / max(float(metres.sum()), 1.0)
    lattice = coo_array((np.maximum(cost, 1e-12), (edges[:, 0], edges[:, 1])), shape=(n, n)).tocsr()
    _, before = dijkstra(lattice, directed=False, indices=pair[0], return_predecessors=True)
    unit = pair[1]
    while before[unit] >= 0:
        yield min(unit, int(before[unit])), max(unit, int(before[unit]))
        unit = int(before[unit])
