"""Units that must stay together, merged into one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels.layout import number_joined
from gridopt.graph import UnitGraph, placed

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
    merged = UnitGraph.from_arrays(
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
    outer = None if graph.outer is None else np.bincount(groups, graph.outer, n_groups) > 0
    place = groups.astype(np.int32) if graph.place is None else placed(graph.place, groups)
    return replace(merged, outer=outer, streets=graph.streets, place=place)


def connected(n: int, edges: NDArray[np.integer]) -> Ints:
    """Connected parts of n units under some edges (e, 2), numbered by their first unit."""
    parts = np.empty(n, np.int32)
    number_joined(np.array(edges, np.int32, order="C"), parts)
    return parts


def renumbered(labels: NDArray[np.integer]) -> Ints:
    """The same groups, numbered 0, 1, ... by their first unit."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]


@dataclass(frozen=True, eq=False)
class Terrain:
    """What one piece is drawn on.

    ``graph`` holds the units that never come apart; ``groups`` (n,) numbers those that stay together as long as
    groups are kept whole, by their first unit. A group in several pieces is several groups.
    """

    graph: UnitGraph
    groups: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", renumbered(self.groups))

    @classmethod
    def plain(cls, graph: UnitGraph) -> Terrain:
        """Without a group to keep whole."""
        return cls(graph, np.arange(graph.n_units, dtype=np.int32))

    @cached_property
    def whole(self) -> UnitGraph:
        """The graph of the groups."""
        return contract(self.graph, self.groups) if self.n_kept else self.graph

    @property
    def n_kept(self) -> int:
        """Groups of more than one unit."""
        return int((np.bincount(self.groups) > 1).sum())

    def dissolved(self, groups: NDArray[np.integer]) -> Terrain:
        """The same terrain with some of its groups no longer kept whole."""
        loose = np.isin(self.groups, groups)
        apart = np.where(loose, len(self.groups) + np.arange(len(self.groups)), self.groups)
        return Terrain(self.graph, apart)

    def parts_of(self, labels: Ints) -> NDArray[np.int64]:
        """Grids that each group lies in, (g,); labels (n,) of the units of ``graph``."""
        pairs = np.unique(np.column_stack([self.groups, labels]), axis=0)
        return np.bincount(pairs[:, 0])
