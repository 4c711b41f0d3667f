"""A group too large to stay whole: the fewest parts, cut by phase first, then by inner road, then by building."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import SEAM_DISCOUNT
from gridopt.solvers.bonds import chained
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import Terrain, connected
from gridopt.solvers.effort import Effort
from gridopt.solvers.numbers import candidates
from gridopt.solvers.piece import Drawn, draw_piece, drawn_whole

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MOSTLY_SEAM = (1.0 + SEAM_DISCOUNT) / 2
"""Cost of a metre of border below which the better half of the border runs along a road."""


def draw_split(
    terrain: Terrain,
    community: Community,
    coefficients: Floats,
    *,
    phases: Sequence[str],
    effort: Effort,
    seed: int,
) -> Drawn:
    """The parts of one group: as few as its size allows, whole units each, nothing else among them.

    ``phases`` names the phase of each unit of the terrain's graph ("" for none). Phases are kept whole where that
    has a plan within the bounds, else what lies between inner roads, else only the units; where even they have
    none, rules give way as everywhere.
    """
    totals = terrain.graph.weights.sum(axis=0)
    for groups in levels(terrain, phases, community.high):
        level = Terrain(terrain.graph, groups)
        most = level.whole.n_units
        numbers = sorted(candidates(totals, community.low, community.high, target=community.high[0], most=most))
        outcome = drawn_whole(level, community, coefficients, numbers, (effort, seed))
        if outcome.labels is not None:
            labels = outcome.labels[level.groups]
            return Drawn(labels, False, outcome.optimal, outcome.impossible, numbers[0], slack=outcome.slack)
    loose = Terrain.plain(terrain.graph)
    return draw_piece(loose, community, coefficients, aim=float(community.high[0]), effort=effort, seed=seed)


def levels(terrain: Terrain, phases: Sequence[str], high: Floats) -> Iterator[Ints]:
    """What stays together inside a group, (n,) each, the coarsest first; each level is finer than the one before.

    A phase, or a block between inner roads, that is above ``high`` itself, holds nothing together.
    """
    graph = terrain.graph
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    metres = np.nan_to_num(graph.metres, nan=1.0)
    inner = graph.cost > MOSTLY_SEAM * metres
    names = np.asarray(phases, dtype=object)
    of_one_phase = (names[a] == names[b]) & (names[a] != "")
    blocks = _fitting(terrain, graph.edges[inner], high)
    whole_phases = _fitting(terrain, graph.edges[of_one_phase], high)
    loose = np.bincount(whole_phases)[whole_phases] == 1
    elsewhere = _fitting(terrain, graph.edges[inner & loose[a] & loose[b]], high)
    joined = np.concatenate([chained(whole_phases), chained(elsewhere)])
    units = np.arange(graph.n_units, dtype=np.int32)
    last: Ints | None = None
    for level in (connected(graph.n_units, joined), blocks, units):
        if last is None or not np.array_equal(last, level):
            yield level
        last = level


def _fitting(terrain: Terrain, edges: Ints, high: Floats) -> Ints:
    """Connected parts under some edges; those above ``high`` fall apart into their units."""
    parts = connected(terrain.graph.n_units, edges)
    sums = np.column_stack([np.bincount(parts, column) for column in terrain.graph.weights.T])
    return Terrain(terrain.graph, parts).dissolved(np.flatnonzero((sums > high).any(axis=1))).groups
