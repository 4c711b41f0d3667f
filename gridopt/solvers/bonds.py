"""What holds units together before any search: bonds that never come apart, and groups that are kept whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import connected, contract, renumbered
from gridopt.solvers.relaxation import whole_up_to

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Bonds:
    """Numbers by unit, (n,) each.

    ``fast`` numbers what never comes apart: institutions, locked grids, units that decisions keep together, one park
    or lake, a part behind a wall and its host. ``whole`` numbers the same with kept-whole groups merged. ``split``
    is the number of the group that is too large to stay whole, -1 for none; its units are merged in neither.
    """

    fast: Ints
    whole: Ints
    split: Ints


def bonds_of(community: Community) -> Bonds:
    """The bonds of a community. A group in several pieces is kept by piece: nothing is torn apart to keep it in one."""
    graph, bindings = community.graph, community.bindings
    own = community.dedicated | community.locked
    stays = _numbered(bindings.locked, community.locked)
    houses = _numbered(bindings.dedicated, community.dedicated & ~community.locked)
    groups = _numbered(bindings.groups, ~own)
    fast = connected(
        graph.n_units,
        np.concatenate([
            chained(stays), _inside(graph, houses), _together(community, ~own), _empty_land(community, groups, ~own)
        ]),
    )  # fmt: skip
    fast = join_cut_off(graph, fast, low=community.low[0], apart=own)
    part = connected(graph.n_units, _inside(graph, groups))
    limit = community.high * whole_up_to(community.rules)
    sums = np.column_stack([np.bincount(part, column) for column in graph.weights.T])
    heavy = (sums > limit).any(axis=1) & (np.bincount(part) > 1)
    split = np.where(heavy[part], part, -1).astype(np.int32)
    kept = _inside(graph, np.where(heavy[part], -1, groups))
    return Bonds(fast, connected(graph.n_units, np.concatenate([chained(fast), kept])), split)


def chained(numbers: Ints) -> Ints:
    """Edges that join all units of one number, whether they touch or not."""
    order = np.argsort(numbers, kind="stable")
    pairs = np.column_stack([order[:-1], order[1:]])
    same = (numbers[pairs[:, 0]] == numbers[pairs[:, 1]]) & (numbers[pairs[:, 0]] >= 0)
    return np.asarray(pairs[same], np.int32)


def _numbered(names: tuple[str, ...], counted: Bools) -> Ints:
    """A number for each name, -1 where there is none or the unit does not count."""
    codes = {name: i for i, name in enumerate(sorted({name for name in names if name}))}
    return np.array([codes[name] if name and own else -1 for name, own in zip(names, counted, strict=True)], np.int32)


def _inside(graph: UnitGraph, numbers: Ints) -> Ints:
    """The edges of the graph between units of one number."""
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    edges: Ints = graph.edges[(numbers[a] == numbers[b]) & (numbers[a] >= 0)]
    return edges


def _together(community: Community, free: Bools) -> Ints:
    """Edges between units that decisions keep in one grid, where these touch, directly or through each other.

    Units that no way leads between, past institutions and locked grids, are joined as they are.
    """
    pairs = np.array(community.bindings.together, np.int32).reshape(-1, 2)
    pairs = pairs[free[pairs].all(axis=1)]
    bound = np.full(community.n_units, -1, np.int32)
    number = connected(community.n_units, pairs)
    bound[pairs.ravel()] = number[pairs.ravel()]
    edges = community.graph.edges
    shore = connected(community.n_units, edges[free[edges].all(axis=1)])
    across = pairs[shore[pairs[:, 0]] != shore[pairs[:, 1]]]
    return np.concatenate([_inside(community.graph, bound), across])


def _empty_land(community: Community, groups: Ints, free: Bools) -> Ints:
    """Edges inside one park or lake: units without anyone that touch and are of one category, in one group or none."""
    empty = (community.graph.weights == 0).all(axis=1) & free
    kinds = _numbered(community.bindings.categories, empty)
    edges = _inside(community.graph, kinds)
    return np.asarray(edges[groups[edges[:, 0]] == groups[edges[:, 1]]], np.int32)


def join_cut_off(whole: UnitGraph, bound: Ints, *, low: float, apart: Bools) -> Ints:
    """Bind every piece below ``low`` that walls or water cut off to a neighbour across them.

    ``bound`` (n,) numbers the groups that are bound already; units ``apart`` (n,) neither move nor host.

    The neighbour is the one with the longest common border across the wall, else the nearest by distance.
    A graph that is below ``low`` in all, or has one piece, is left as it is.
    """
    graph = contract(whole, bound)
    component = connected(graph.n_units, graph.edges)
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
