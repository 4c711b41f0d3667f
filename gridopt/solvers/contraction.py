"""Units that must stay together, merged into one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph

Ints = NDArray[np.int32]


def contract(graph: UnitGraph, groups: Ints) -> UnitGraph:
    """The graph of groups: weights and mass summed, positions at the mass centroid, borders added up.

    ``groups`` (n,) runs 0 .. g - 1 with every number used; a group takes the id of its first unit.
    """
    n_groups = int(groups.max()) + 1
    mass = np.bincount(groups, graph.mass, n_groups)
    count = np.bincount(groups, minlength=n_groups)
    share = np.where(mass[groups] > 0, graph.mass / np.where(mass > 0, mass, 1.0)[groups], 1.0 / count[groups])
    edges, walls = groups[graph.edges], groups[graph.walls]
    apart, walled = edges[:, 0] != edges[:, 1], walls[:, 0] != walls[:, 1]
    first = np.unique(groups, return_index=True)[1]
    return UnitGraph.from_arrays(
        np.column_stack([np.bincount(groups, column, n_groups) for column in graph.weights.T]),
        edges[apart],
        xy=np.column_stack([np.bincount(groups, share * graph.xy[:, axis], n_groups) for axis in (0, 1)]),
        border=graph.metres[apart],
        cost=graph.cost[apart],
        walls=(walls[walled], graph.wall_metres[walled]),
        ids=[graph.ids[i] for i in first],
        measures=graph.measures,
        mass=mass,
    )


def renumbered(labels: NDArray[np.integer]) -> Ints:
    """The same groups, numbered 0, 1, ... by their first unit."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]
