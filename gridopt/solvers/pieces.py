"""A community taken apart: what stands alone, what must be split by itself, and the connected rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.solvers.bonds import Bonds, bonds_of
from gridopt.solvers.community import Community
from gridopt.solvers.contraction import Terrain, connected, contract, renumbered

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Piece:
    """Units that are drawn by themselves.

    ``units`` are positions in the community; ``bonds`` numbers those that never come apart, ``groups`` those that
    stay together unless a group must fall apart; ``role`` is "alone" (one grid), "split" (a group too large to stay
    whole: fewest parts) or "free".
    """

    units: Ints
    bonds: Ints
    groups: Ints
    role: str

    def terrain(self, graph: UnitGraph) -> Terrain:
        """The piece cut out of its community's graph."""
        part, _ = graph.subgraph(self.units)
        return Terrain(contract(part, self.bonds), self.groups[np.unique(self.bonds, return_index=True)[1]])


def take_apart(community: Community) -> list[Piece]:
    """Every unit of the community in exactly one piece; drawing each by itself draws the community."""
    own = community.dedicated | community.locked
    alone_below = community.graph.weights[:, 0].sum() < community.low[0] and not community.bindings.apart
    alone_below = alone_below and len(community.posts) < 2
    if alone_below and not own.any():
        everything = np.arange(community.n_units, dtype=np.int32)
        together = np.zeros(community.n_units, np.int32)
        return [Piece(everything, together, together, "alone")]
    bonds = bonds_of(community)
    merged = contract(community.graph, bonds.whole)
    apart = np.bincount(bonds.whole, own) > 0
    locked = np.bincount(bonds.whole, community.locked) > 0
    split = np.full(merged.n_units, -1, np.int32)
    np.maximum.at(split, bonds.whole, bonds.split)
    alone = apart | ((merged.weights > community.high).any(axis=1) & (split < 0))
    free = ~alone & (split < 0)
    rest = _components(merged, free)
    owner = _settle_leftovers(community, merged, (rest, free), (alone & ~apart, ~locked))
    pieces = [_piece(bonds, owner, [int(i)], "alone") for i in np.flatnonzero(alone)]
    for number in np.unique(split[split >= 0]):
        pieces.append(_piece(bonds, owner, np.flatnonzero(split == number), "split"))
    still = np.flatnonzero(free & (owner == np.arange(merged.n_units)))
    pieces += [_piece(bonds, owner, still[rest[still] == r], "free") for r in np.unique(rest[still])]
    return sorted(pieces, key=lambda piece: int(piece.units[0]))


def _piece(bonds: Bonds, owner: Ints, members: NDArray[np.integer] | list[int], role: str) -> Piece:
    """The units of some merged units, with the leftovers that these own, which never leave them."""
    units = np.flatnonzero(np.isin(owner[bonds.whole], members)).astype(np.int32)
    groups = renumbered(owner[bonds.whole][units])
    given = owner[bonds.whole[units]] != bonds.whole[units]
    fast = bonds.fast[units].copy()
    if given.any() and role == "split":
        fast = _with_leftovers(fast, groups, given)
    return Piece(units, groups if role == "alone" else renumbered(fast), groups, role)


def _with_leftovers(fast: Ints, groups: Ints, given: Bools) -> Ints:
    """Leftovers bound to the first unit of the merged unit that owns them."""
    bound = fast.copy()
    for group in np.unique(groups[given]):
        own = np.flatnonzero((groups == group) & ~given)
        bound[(groups == group) & given] = fast[own[0]]
    return bound


def _components(graph: UnitGraph, free: Bools) -> Ints:
    """Connected parts of the free units; numbers of the others mean nothing."""
    return connected(graph.n_units, graph.edges[free[graph.edges].all(axis=1)])


def _settle_leftovers(
    community: Community, graph: UnitGraph, parts: tuple[Ints, Bools], others: tuple[Bools, Bools]
) -> Ints:
    """The merged unit that each belongs to: itself, or for parts that cannot be grids the one they are given to.

    ``parts`` numbers the rest and says what is free; ``others`` says which units are oversized and which may take
    anything at all. A part without people goes to the neighbour with the longest border; an inhabited part below
    ``low`` joins an oversized unit only where nothing else touches it.
    """
    (rest, free), (oversized, takes) = parts, others
    owner = np.arange(graph.n_units, dtype=np.int32)
    for number in np.unique(rest[free]):
        inside = free & (rest == number)
        total = graph.weights[inside, 0].sum()
        if total >= community.low[0]:
            continue
        metres = np.where(takes, _touching(graph, inside), 0.0)
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
