"""The ground of a community as it gives way last: institutions, then walls, then connectedness.

Only where rules that may never give way have no drawing otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.solvers.community import Community
from gridopt.solvers.relaxation import giving_way

MOST_JOINED = 400
"""Units up to which a grid may be in pieces: every unit then neighbours every other."""


def grounds(community: Community) -> Iterator[tuple[str, Community]]:
    """What gives way ("" for nothing at first) and the community without it, each time one thing more.

    One institution by itself is let go before all of them are.
    """
    yield "", community
    changed = community
    for name in giving_way(community.rules):
        if name == "dedicated" and community.dedicated.any():
            institutions = sorted({one for one in community.bindings.dedicated if one})
            if len(institutions) > 1:
                yield from ((name, _without(community, {one})) for one in institutions)
            changed = _without(community, set(institutions))
        elif name == "barriers" and len(community.graph.walls):
            changed = dataclasses.replace(changed, graph=_without_walls(changed.graph))
        elif name == "connected" and community.n_units <= MOST_JOINED:
            changed = dataclasses.replace(changed, graph=_all_joined(changed.graph))
        else:
            continue
        yield name, changed


def _without(community: Community, institutions: set[str]) -> Community:
    """The community with some institutions like any other units."""
    dedicated = tuple("" if one in institutions else one for one in community.bindings.dedicated)
    return dataclasses.replace(community, bindings=dataclasses.replace(community.bindings, dedicated=dedicated))


def _without_walls(graph: UnitGraph) -> UnitGraph:
    """The graph with its walls as open ground."""
    opened = _linked(graph, graph.walls, graph.wall_metres)
    return dataclasses.replace(opened, walls=graph.walls[:0].copy(), wall_metres=graph.wall_metres[:0].copy())


def _all_joined(graph: UnitGraph) -> UnitGraph:
    """The graph with an edge without border between any two units that do not touch."""
    pairs = np.column_stack(np.triu_indices(graph.n_units, 1))
    known = np.isin(pairs[:, 0] * graph.n_units + pairs[:, 1], graph.edges[:, 0] * graph.n_units + graph.edges[:, 1])
    return _linked(graph, pairs[~known], np.zeros(int((~known).sum())))


def _linked(graph: UnitGraph, edges: NDArray[np.integer], metres: NDArray[np.float64]) -> UnitGraph:
    """The graph with further edges, whose metres cost what open ground does."""
    return UnitGraph.from_arrays(
        graph.weights,
        np.concatenate([graph.edges, edges]),
        xy=graph.xy,
        border=np.concatenate([graph.metres, metres]),
        cost=np.concatenate([graph.cost, metres]),
        walls=(graph.walls, graph.wall_metres),
        ids=graph.ids,
        measures=graph.measures,
        mass=graph.mass,
    )
