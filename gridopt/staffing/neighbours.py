"""Which grids are neighbours, where their people are, and connected sectors of them."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridopt.graph import UnitGraph
from gridopt.grids.plan import Plan

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

APART = 1.0
"""Metres that borders of two communities may be drawn apart and still be one border."""

SHARED = 10.0
"""Metres of common border that make neighbours of grids in two communities: corners do not."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Grids in code order: ``codes``, ``xy`` (n, 2) where their people are, ``links`` (n, n) of neighbours."""

    codes: tuple[str, ...]
    xy: Floats
    links: csr_array

    def is_connected(self, positions: Integers) -> bool:
        """Whether some grids hang together."""
        return len(positions) < 2 or self.pieces(positions).max() == 0

    def pieces(self, positions: Integers) -> Integers:
        """The number of the connected piece of each of some grids, the first grid's piece being 0."""
        inside = self.links[positions][:, positions]
        return np.asarray(connected_components(inside, directed=False)[1], np.int64)


def neighbourhood(plan: Plan) -> Neighbourhood:
    """The neighbours of each grid, on foot: across a border that is no wall, or into another community.

    Inside a community by the plan's borders; a river without a bridge parts two grids. Across communities, of
    which the plan has no borders, by at least 10 m of common outline.
    """
    grids = plan.grids.sort_index()
    codes = tuple(map(str, grids.index))
    place = {code: i for i, code in enumerate(codes)}
    own = plan.units["grid_code"].map(place)
    open_borders = plan.borders[plan.borders["kind"] != "wall"]
    sides = [open_borders[name].map(own).to_numpy(np.float64) for name in ("unit_a", "unit_b")]
    known = np.isfinite(sides[0]) & np.isfinite(sides[1])
    inner = np.column_stack([side[known] for side in sides]).astype(np.int64)
    pairs = np.concatenate([inner[inner[:, 0] != inner[:, 1]], _across(grids)])
    return Neighbourhood(codes, _people_at(plan, place), _linked(pairs, len(codes)))


def sectors(neighbours: Neighbourhood, members: Integers, most: int, n_sectors: int = 0) -> list[Integers]:
    """Connected sectors of at most ``most`` grids, as few (at least ``n_sectors``) and as even as can be.

    Where ``members`` do not hang together, the nearest of the pieces are linked first. Sectors come in the order
    of their first grid.
    """
    n = len(members)
    wanted = min(max(-(-n // most), n_sectors, 1), n)
    if wanted == 1:
        return [members]
    links = _joined(neighbours.links[members][:, members], neighbours.xy[members])
    labels = _even(links, neighbours.xy[members], wanted, most)
    if labels is None:
        labels = _chopped(links, most)
    groups = [members[labels == one] for one in np.unique(labels)]
    return sorted(groups, key=lambda group: int(group[0]))


def _across(grids: gpd.GeoDataFrame) -> Integers:
    """Pairs of grids of two communities that have a border in common."""
    shapes = grids.geometry.to_numpy()
    communities = grids["community_id"].to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, "dwithin", APART)
    apart = (one < other) & (communities[one] != communities[other])
    one, other = one[apart], other[apart]
    seconds, position = np.unique(other, return_inverse=True)
    strips = shapely.buffer(shapes[seconds], APART, quad_segs=1)[position]
    metres = shapely.length(shapely.intersection(shapely.boundary(shapes[one]), strips))
    return np.asarray(np.column_stack([one, other])[metres >= SHARED], np.int64)


def _people_at(plan: Plan, place: dict[str, int]) -> Floats:
    """The middle of each grid's people, of its land where nobody lives."""
    own = plan.units["grid_code"].map(place)
    units = plan.units[own.notna()].sort_index()
    grid = own[units.index].to_numpy(np.int64)
    homes = units["households"].fillna(0.0).to_numpy(np.float64)
    empty = np.bincount(grid, homes, len(place))[grid] == 0
    weights = np.where(empty, units.area.to_numpy(), homes)
    points = shapely.get_coordinates(shapely.point_on_surface(units.geometry.to_numpy()))
    total = np.bincount(grid, weights, len(place))
    sums = [np.bincount(grid, weights * points[:, axis], len(place)) for axis in (0, 1)]
    fallback = plan.grids.sort_index()[["label_x", "label_y"]].to_numpy(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.column_stack(sums) / total[:, None]
    return np.where(total[:, None] > 0, middle, fallback)


def _linked(pairs: Integers, n: int) -> csr_array:
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return csr_array(coo_array((np.ones(len(both), bool), (both[:, 0], both[:, 1])), shape=(n, n)))


def _joined(links: csr_array, xy: Floats) -> csr_array:
    """The same links, and one between the nearest grids of two pieces until there is one piece."""
    while True:
        n_pieces, pieces = connected_components(links, directed=False)
        if n_pieces == 1:
            return links
        first = np.flatnonzero(pieces == 0)
        rest = np.flatnonzero(pieces != 0)
        far, nearest = cKDTree(xy[rest]).query(xy[first])
        best = int(np.argmin(far))
        pair = np.array([[first[best], rest[nearest[best]]]])
        links = csr_array(links + _linked(pair, len(xy)))


def _even(links: csr_array, xy: Floats, n_sectors: int, most: int) -> Integers | None:
    """Sectors as even as can be, then within the limit, with up to two more; None where none of this is found."""
    from gridopt.solvers.bare import partition_graph  # compiled code, loaded only where sectors are drawn

    n = len(xy)
    edges = np.column_stack(links.nonzero())
    graph = UnitGraph.from_arrays(np.ones(n), edges[edges[:, 0] < edges[:, 1]], xy=xy)
    for k in range(n_sectors, min(n_sectors + 3, n) + 1):
        for low, high in ((n // k, -(-n // k)), (1, most)):
            found = partition_graph(graph, k=k, low=float(low), high=float(high), effort="quick").partition.labels
            parts = [np.flatnonzero(found == one) for one in np.unique(found)]
            whole = all(connected_components(links[part][:, part], directed=False)[0] == 1 for part in parts)
            if whole and max(map(len, parts)) <= most:
                return np.asarray(found, np.int64)
    return None


def _chopped(links: csr_array, most: int) -> Integers:
    """Connected sectors within the limit by filling up from the first grid that is left: always an answer."""
    labels = np.full(links.shape[0], -1, np.int64)
    for start in range(len(labels)):
        if labels[start] >= 0:
            continue
        held = [start]
        labels[start] = start
        for grid in held:
            for near in np.sort(links[[grid]].indices).tolist():
                if labels[near] < 0 and len(held) < most:
                    labels[near] = start
                    held.append(near)
    return labels
