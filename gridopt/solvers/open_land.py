"""Empty land beside a grid that stands alone, which could as well have joined it: what is known of a plan then.

The pieces of such a community are drawn by themselves, with the land in one of them, so what is proved of a piece is
not proved of the whole. A bound remains: land that weighs nothing, with borders that cost nothing, makes no plan
dearer, and in whichever grid it lies a plan of the pieces with all of it costs as little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridopt.graph import UnitGraph
from gridopt.solvers.bounds import Slack, slack_of
from gridopt.solvers.community import Community, pose
from gridopt.solvers.conditions import Conditions
from gridopt.solvers.effort import Effort
from gridopt.solvers.piece import Drawn
from gridopt.solvers.pieces import Piece
from gridopt.solvers.settle import settled

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def open_land(community: Community, pieces: Sequence[Piece]) -> Bools:
    """Which units (n,) are empty, in a piece without a role, and joined by such land to a grid that stands alone."""
    graph = community.graph
    roles = np.empty(graph.n_units, object)
    for piece in pieces:
        roles[piece.units] = piece.role
    alone = np.asarray(roles == "alone") & ~community.dedicated
    empty = np.asarray(roles == "free") & (graph.weights[:, 0] == 0)
    a, b = graph.edges[(empty | alone)[graph.edges].all(axis=1) & empty[graph.edges].any(axis=1)].T
    links = coo_array((np.ones(len(a)), (a, b)), shape=(graph.n_units, graph.n_units))
    parts = connected_components(links, directed=False)[1]
    reached: Bools = empty & np.isin(parts, parts[alone])
    return reached


def weightless(graph: UnitGraph, land: Bools) -> UnitGraph | None:
    """The graph with land (n,) that weighs nothing and costs no border; None where some measure counts it."""
    if graph.weights[land].any():
        return None
    cost = np.where(land[graph.edges].any(axis=1), 0.0, graph.cost)
    return replace(graph, mass=np.where(land, 0.0, graph.mass), cost=cost)


def left_by(
    piece: Piece, one: Drawn, community: Community, graph: UnitGraph, how: tuple[Floats, Effort]
) -> Slack | None:
    """By how much a drawn piece may still be bettered on a graph with `weightless` land, under bounds alone.

    ``how`` are the coefficients of the terms, and the effort.
    """
    terrain, labels = piece.terrain(graph), one.labels
    if (terrain.parts_of(labels) == 1).all():
        labels = labels[np.unique(terrain.groups, return_index=True)[1]]
        ground = terrain.whole
    else:
        ground = terrain.graph
    problem = pose(ground, community, how[0], one.n_grids)
    problem = replace(problem, conditions=Conditions(categories=problem.conditions.categories))
    return slack_of(problem, labels, how[1], settled(problem, labels, how[1]).slack_of(labels))
