"""Ways along the streets: how far places are from facilities, and units from the centres of grids.

Streets are noded where they cross or touch. A place steps onto the nearest street in a straight line; the shortest
paths are Dijkstra's (1959), by scipy, from all facilities at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gridopt.city import City

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

GAP = 30.0
"""Metres across which a piece of street that is cut off is joined to the nearest other: drawn short, not far away."""

NOT_WALKED = ("motorway", "trunk", "viaduct")
"""Beginnings of the classes of road that nobody walks along."""

ROWS = 256
"""Facilities that are searched from in one go, which bounds the memory."""

MILLIMETRE = 1e-3
"""To which ends of streets are one; scipy reads a stretch of length 0 as none at all."""


@dataclass(frozen=True, eq=False)
class Streets:
    """A noded network: ``nodes`` (m, 2) in metres, ``ends`` (s, 2) the two nodes of each straight stretch.

    ``pieces`` (m,) numbers the connected pieces, the longest 0; ``links`` are the gaps bridged between
    pieces as (from node, to node, metres).
    """

    nodes: Floats
    ends: Numbers
    pieces: NDArray[np.int32]
    links: tuple[Numbers, Numbers, Floats]

    @classmethod
    def of(cls, city: City) -> Streets | None:
        """The streets that a city's roads make; None where no road line is given."""
        stretches = stretches_of(city)
        return None if stretches is None else cls.from_stretches(stretches)

    @classmethod
    def from_stretches(cls, stretches: Floats) -> Streets:
        """Straight stretches (s, 4), noded, their gaps up to `GAP` bridged."""
        lines = shapely.linestrings(stretches.reshape(-1, 2, 2))
        noded = shapely.get_parts(shapely.node(shapely.multilinestrings(lines.tolist())))
        points, owner = shapely.get_coordinates(noded, return_index=True)
        whole, number = np.unique(np.rint(points / MILLIMETRE).astype(np.int64), axis=0, return_inverse=True)
        number = number.ravel()
        same = owner[1:] == owner[:-1]
        ends = np.column_stack([number[:-1][same], number[1:][same]])
        ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
        nodes = whole * MILLIMETRE
        none = np.empty(0, np.int64)
        bare = cls(nodes, ends, np.zeros(len(nodes), np.int32), (none, none, np.empty(0)))
        joined = cls(nodes, ends, bare.pieces, _bridged(bare))
        return cls(nodes, ends, _by_length(joined), joined.links)

    @property
    def n_pieces(self) -> int:
        """Pieces between which there is no way."""
        return int(self.pieces.max(initial=-1)) + 1

    @property
    def lengths(self) -> Floats:
        """Metres of each stretch, (s,)."""
        return np.asarray(np.hypot(*(self.nodes[self.ends[:, 0]] - self.nodes[self.ends[:, 1]]).T))

    @property
    def matrix(self) -> csr_array:
        """Metres between neighbouring nodes, each pair once."""
        m = len(self.nodes)
        heads, tails, metres = self.links
        heads = np.concatenate([self.ends[:, 0], heads])
        tails = np.concatenate([self.ends[:, 1], tails])
        return shortest_links(np.concatenate([self.lengths, metres]), heads, tails, m)


@dataclass(frozen=True, eq=False)
class Steps:
    """Where places (n, 2) step onto the streets: the stretch, metres to it, and metres along it to its two ends."""

    stretch: Numbers
    away: Floats
    along: Floats

    @classmethod
    def of(cls, xy: Floats, streets: Streets) -> Steps:
        """Every place at the stretch nearest to it; of equally near ones the first."""
        lines = shapely.linestrings(streets.nodes[streets.ends])
        points = shapely.points(xy)
        place, line = shapely.STRtree(lines).query_nearest(points, all_matches=True)
        order = np.lexsort((line, place))
        first = order[np.unique(place[order], return_index=True)[1]]
        line = line[first].astype(np.int64)
        along = np.clip(shapely.line_locate_point(lines[line], points), 0.0, streets.lengths[line])
        away = shapely.distance(lines[line], points)
        return cls(line, away, np.column_stack([along, streets.lengths[line] - along]))

    def some(self, rows: slice) -> Steps:
        """The steps of some of the places."""
        return Steps(self.stretch[rows], self.away[rows], self.along[rows])


def metres_along(streets: Streets, places: Floats, facilities: Floats) -> tuple[Floats, Numbers]:
    """Metres along the streets from each place (n, 2) to the nearest facility (f, 2), and which one that is.

    Infinite, and -1, where the streets join the place to no facility. The way to the street counts at both ends.
    """
    start, goal = Steps.of(facilities, streets), Steps.of(places, streets)
    to_node, owner = _from_facilities(streets, start)
    ends = streets.ends[goal.stretch]
    ways = goal.along + to_node[ends]
    side = ways.argmin(axis=1)
    rows = np.arange(len(places))
    metres, nearest = ways[rows, side] + goal.away, owner[ends[rows, side]]
    for facility in range(len(facilities)):
        # Two on one stretch need not pass its ends.
        beside = np.flatnonzero(goal.stretch == start.stretch[facility])
        direct = np.abs(goal.along[beside, 0] - start.along[facility, 0]) + goal.away[beside] + start.away[facility]
        shorter = direct < metres[beside]
        metres[beside[shorter]], nearest[beside[shorter]] = direct[shorter], facility
    return metres, np.where(np.isfinite(metres), nearest, -1)


def _from_facilities(streets: Streets, start: Steps) -> tuple[Floats, Numbers]:
    """Metres from each node to its nearest facility, and which: one search from a source joined to all of them."""
    m, n = len(streets.nodes), len(start.stretch)
    own = streets.matrix.tocoo()
    at = m + np.arange(n)
    ends = streets.ends[start.stretch]
    heads = np.concatenate([own.coords[0], at, at])
    tails = np.concatenate([own.coords[1], ends[:, 0], ends[:, 1]])
    metres = np.concatenate([own.data, *(start.along + start.away[:, None]).T])
    network = shortest_links(metres, heads, tails, m + n)
    found, _, source = dijkstra(network, directed=False, indices=at, min_only=True, return_predecessors=True)
    return found[:m], np.where(np.isfinite(found[:m]), source[:m] - m, -1).astype(np.int64)


def metres_between(streets: Streets, places: Floats, facilities: Floats, *, most: float) -> csr_array:
    """Metres along the streets by facility and place (f, n), only those up to ``most``; 0 is stored as a millimetre."""
    start, goal = Steps.of(facilities, streets), Steps.of(places, streets)
    network, rows = streets.matrix, []
    for first in range(0, len(facilities), ROWS):
        metres = _all_ways(network, streets, start.some(slice(first, first + ROWS)), goal, most)
        at, place = np.nonzero(metres <= most)
        rows.append((at + first, place, np.maximum(metres[at, place], MILLIMETRE)))
    at, place, metres = (np.concatenate([row[i] for row in rows]) for i in range(3))
    return csr_array((metres, (at, place)), shape=(len(facilities), len(places)))


def metres_from(streets: Streets, sources: Floats, places: Floats) -> Floats:
    """Metres along the streets from each source (s, 2) to each place (n, 2), as (s, n); infinite where no way leads."""
    return _all_ways(streets.matrix, streets, Steps.of(sources, streets), Steps.of(places, streets), np.inf)


def _all_ways(network: csr_array, streets: Streets, start: Steps, goal: Steps, most: float) -> Floats:
    """The shortest way by start and goal: along both ends of both stretches, or straight along a stretch they share."""
    nodes, end = np.unique(streets.ends[start.stretch], return_inverse=True)
    from_nodes = dijkstra(network, directed=False, indices=nodes, limit=most)
    out, back = start.along + start.away[:, None], goal.along + goal.away[:, None]
    end, ends = end.reshape(-1, 2), streets.ends[goal.stretch]
    ways = np.full((len(out), len(back)), np.inf)
    for i in (0, 1):
        to_node = from_nodes[end[:, i]] + out[:, i, None]
        for j in (0, 1):
            np.minimum(ways, to_node[:, ends[:, j]] + back[:, j], out=ways)
    one, other = np.nonzero(start.stretch[:, None] == goal.stretch[None])
    direct = np.abs(start.along[one, 0] - goal.along[other, 0]) + start.away[one] + goal.away[other]
    ways[one, other] = np.minimum(ways[one, other], direct)
    return ways


def stretches_of(city: City) -> Floats | None:
    """Straight stretches of the city's roads to walk along, (s, 4) in metres; None where no road line is given."""
    roads = city.layer("roads")
    if roads is None:
        return None
    walked = ~roads["class"].fillna("").astype(str).str.startswith(NOT_WALKED)
    lines = shapely.get_parts(roads.geometry[walked].to_numpy())
    lines = lines[np.isin(shapely.get_type_id(lines), (1, 2))]
    if not len(lines):
        return None
    points, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    return np.column_stack([points[:-1][same], points[1:][same]])


def shortest_links(metres: Floats, heads: NDArray[np.integer], tails: NDArray[np.integer], n: int) -> csr_array:
    """The shortest of the links between two nodes, once a pair."""
    low, high = np.minimum(heads, tails), np.maximum(heads, tails)
    order = np.lexsort((metres, high, low))
    first = order[np.unique(low[order].astype(np.int64) * n + high[order], return_index=True)[1]]
    return coo_array((np.maximum(metres[first], MILLIMETRE), (low[first], high[first])), shape=(n, n)).tocsr()


def _by_length(streets: Streets) -> NDArray[np.int32]:
    """The piece of each node, numbered from the one with most metres of street."""
    pieces = connected_components(streets.matrix, directed=False)[1]
    metres = np.bincount(pieces[streets.ends[:, 0]], streets.lengths, pieces.max(initial=-1) + 1)
    rank = np.empty(len(metres), np.int32)
    rank[np.argsort(-metres, kind="stable")] = np.arange(len(metres))
    return np.asarray(rank[pieces], np.int32)


def _bridged(streets: Streets) -> tuple[Numbers, Numbers, Floats]:
    """Links from the nodes of one piece to the ends of the nearest stretches of others within `GAP`."""
    pieces = connected_components(streets.matrix, directed=False)[1]
    lines = shapely.linestrings(streets.nodes[streets.ends])
    small = np.flatnonzero(pieces != np.bincount(pieces).argmax())
    points = shapely.points(streets.nodes[small])
    point, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=GAP)
    other = pieces[small[point]] != pieces[streets.ends[line, 0]]
    point, line = point[other], line[other]
    gap = shapely.distance(points[point], lines[line])
    pair = pieces[small[point]].astype(np.int64) * (pieces.max(initial=0) + 1) + pieces[streets.ends[line, 0]]
    order = np.lexsort((line, point, gap, pair))
    first = order[np.unique(pair[order], return_index=True)[1]]
    point, line, gap = point[first], line[first], gap[first]
    along = shapely.line_locate_point(lines[line], points[point])
    heads = np.tile(small[point], 2).astype(np.int64)
    metres = np.concatenate([gap + along, gap + streets.lengths[line] - along])
    return heads, streets.ends[line].T.ravel(), metres
