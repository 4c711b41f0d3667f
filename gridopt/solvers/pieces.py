"""A community taken apart: what stands alone, what must be split by itself, and the connected rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridopt.graph import UnitGraph
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import contract, renumbered

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Piece:
    """Units that are drawn by themselves.

    ``units`` are positions in the community; ``groups`` numbers those that stay together; ``role`` is
    "alone" (one grid), "split" (a group too large to stay whole: fewest parts) or "free".
    """

    units: Ints
    groups: Ints
    role: str


def take_apart(community: Community) -> list[Piece]:
    """Every unit of the community in exactly one piece; drawing each by itself draws the community."""
    if community.graph.weights[:, 0].sum() < community.low[0] and not community.dedicated.any():
        everything = np.arange(community.n_units, dtype=np.int32)
        return [Piece(everything, np.zeros(community.n_units, np.int32), "alone")]
    bound, split = _bound_groups(community)
    bound = join_cut_off(community.graph, bound, low=community.low[0], apart=community.dedicated)
    merged = contract(community.graph, bound)
    totals = merged.weights
    dedicated = np.bincount(bound, community.dedicated) > 0
    too_large = (totals > community.high).any(axis=1) & ~dedicated
    kept_apart = split[np.unique(bound, return_index=True)[1]]
    alone = dedicated | (too_large & (kept_apart < 0))
    owner = np.arange(merged.n_units, dtype=np.int32)
    free = ~alone & (kept_apart < 0)
    rest = _components(merged, free)
    owner = _settle_leftovers(community, merged, owner, (rest, alone & ~dedicated, free))
    pieces = [_piece(bound, owner, [int(i)], "alone") for i in np.flatnonzero(alone)]
    for number in np.unique(kept_apart[kept_apart >= 0]):
        pieces.append(_piece(bound, owner, np.flatnonzero(kept_apart == number), "split"))
    taken = owner[free] != np.flatnonzero(free)
    still = np.flatnonzero(free)[~taken]
    pieces += [_piece(bound, owner, still[rest[still] == r], "free") for r in np.unique(rest[still])]
    return sorted(pieces, key=lambda piece: int(piece.units[0]))


def _piece(bound: Ints, owner: Ints, members: NDArray[np.integer] | list[int], role: str) -> Piece:
    inside = np.isin(owner[bound], members)
    units = np.flatnonzero(inside).astype(np.int32)
    return Piece(units, renumbered(owner[bound][units]), role)


def _bound_groups(community: Community) -> tuple[Ints, Ints]:
    """Group numbers by unit (kept-whole groups and dedicated institutions merged), and the split group or -1.

    A group in several pieces is kept by piece: no grid is torn apart to keep an estate in one. A group
    above the stretched limit is not merged; all its units carry its number in the second array.
    """
    graph, bindings = community.graph, community.bindings
    n = graph.n_units
    names = [(d and f"d:{d}") or (g and f"g:{g}") for d, g in zip(bindings.dedicated, bindings.groups, strict=True)]
    codes = {name: i for i, name in enumerate(sorted({name for name in names if name}))}
    group = np.array([codes.get(name, -1) for name in names], np.int32)
    piece = _components_of_groups(graph, group)
    rules = community.rules
    stretch = rules.size.stretch if "size.high" not in rules.relax.never else 1.0
    sums = np.column_stack([np.bincount(piece, column) for column in graph.weights.T])
    heavy = (sums > community.high * stretch).any(axis=1) & (np.bincount(piece) > 1)
    dedicated = np.bincount(piece, community.dedicated) > 0
    cut = heavy & ~dedicated & ("governance.keep_whole" not in rules.relax.never)
    split = np.where(cut[piece], piece, -1).astype(np.int32)
    merged = np.where(cut[piece], len(sums) + np.arange(n), piece)
    return renumbered(merged), split


def _components_of_groups(graph: UnitGraph, group: Ints) -> Ints:
    """Connected parts of each group; a unit of no group is a part of its own."""
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    same = (group[a] == group[b]) & (group[a] >= 0)
    return _connected(graph.n_units, graph.edges[same])


def _components(graph: UnitGraph, free: Bools) -> Ints:
    """Connected parts of the free units; numbers of the others mean nothing."""
    kept = free[graph.edges].all(axis=1)
    return _connected(graph.n_units, graph.edges[kept])


def _connected(n: int, edges: Ints) -> Ints:
    lattice = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n)).tocsr()
    return renumbered(connected_components(lattice, directed=False)[1])


def join_cut_off(whole: UnitGraph, bound: Ints, *, low: float, apart: Bools) -> Ints:
    """Bind every piece below ``low`` that walls or water cut off to a neighbour across them.

    ``bound`` (n,) numbers the groups that are bound already; units ``apart`` (n,) neither move nor host.

    The neighbour is the one with the longest common border across the wall, else the nearest by distance.
    A graph that is below ``low`` in all, or has one piece, is left as it is.
    """
    graph = contract(whole, bound)
    component = graph.pieces()
    sums = np.bincount(component, graph.weights[:, 0])
    if len(sums) == 1 or graph.weights[:, 0].sum() < low:
        return bound
    target = np.arange(graph.n_units, dtype=np.int32)
    dedicated = np.bincount(bound, apart) > 0
    large = sums >= low
    if not large.any():
        large[np.argmax(sums)] = True
    for small in np.flatnonzero(~large):
        inside = np.flatnonzero(component == small)
        if dedicated[inside].all():
            continue
        hosts = np.flatnonzero(large[component] & ~dedicated)
        if len(hosts):
            movers = inside[~dedicated[inside]]
            target[movers] = _host(graph, movers, hosts)
    return renumbered(target[bound])


def _host(graph: UnitGraph, movers: NDArray[np.integer], hosts: NDArray[np.integer]) -> int:
    across = np.zeros(graph.n_units)
    inside = np.zeros(graph.n_units, bool)
    inside[movers] = True
    for a, b in ((0, 1), (1, 0)):
        chosen = inside[graph.walls[:, a]] & ~inside[graph.walls[:, b]]
        np.add.at(across, graph.walls[chosen, b], graph.wall_metres[chosen])
    if across[hosts].max() > 0:
        return int(hosts[np.argmax(across[hosts])])
    apart = ((graph.xy[hosts][:, None, :] - graph.xy[movers][None, :, :]) ** 2).sum(axis=2).min(axis=1)
    return int(hosts[np.argmin(apart)])


def _settle_leftovers(community: Community, graph: UnitGraph, owner: Ints, parts: tuple[Ints, Bools, Bools]) -> Ints:
    """Give parts of the rest that cannot be grids to the oversized unit that alone touches them.

    A part without people goes to the neighbour with the longest border; an inhabited part below ``low``
    joins an oversized unit only where nothing else touches it.
    """
    rest, oversized, free = parts
    owner = owner.copy()
    for number in np.unique(rest[free]):
        inside = free & (rest == number)
        total = graph.weights[inside, 0].sum()
        if total >= community.low[0]:
            continue
        metres = _touching(graph, inside)
        touched = np.flatnonzero(metres > 0)
        takers = touched[oversized[touched]]
        if len(takers) and (total == 0 or len(touched) == 1):
            owner[inside] = takers[np.argmax(metres[takers])]
        elif total == 0 and len(touched):
            owner[inside] = touched[np.argmax(metres[touched])]
    return owner


def _touching(graph: UnitGraph, inside: Bools) -> NDArray[np.float64]:
    """Metres of border between a set and each unit outside it."""
    metres = np.zeros(graph.n_units)
    for a, b in ((0, 1), (1, 0)):
        chosen = inside[graph.edges[:, a]] & ~inside[graph.edges[:, b]]
        np.add.at(metres, graph.edges[chosen, b], np.fmax(graph.metres[chosen], 1e-6))
    return metres
