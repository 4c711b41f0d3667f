"""How far it is on foot from unit to unit: along the streets where these are given, else around barriers.

Streets are noded where they cross or touch, every unit is joined to the street nearest to its representative
point, and the shortest paths are Dijkstra's (1959), by scipy. Without streets a walk goes from neighbour to
neighbour, from point to point: a wall is no edge, so that the way leads around it or over a crossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gridopt.city import City
from gridopt.graph import UnitGraph
from gridopt.measures import centre_units, sole_posts
from gridopt.rules import Rules

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

NEAR = 500.0
"""Metres around the units within which streets are walked."""

NO_WAY = 3.0
"""A way that leads out of the community and back, where nothing inside joins two units: times straight distance."""

NOT_WALKED = ("motorway", "trunk", "viaduct")
"""Beginnings of the classes of road that nobody walks along."""

MILLIMETRE = 1e-3


def streets_of(city: City) -> Floats | None:
    """Stretches of the city's roads to walk along, (s, 4) in metres; None where no road line is given."""
    roads = city.layer("roads")
    if roads is None:
        return None
    walked = ~roads["class"].fillna("").astype(str).str.startswith(NOT_WALKED)
    lines = shapely.get_parts(roads.geometry[walked].to_numpy())
    lines = lines[np.isin(shapely.get_type_id(lines), (1, 2))]
    return _stretches(lines) if len(lines) else None


def with_streets(graph: UnitGraph, city: City) -> UnitGraph:
    """The graph with the city's streets, where some area kind counts walks along them."""
    walked = any(city.rules.at(kind).proximity.metric == "walk" for kind in ("", *city.rules.area))
    return replace(graph, streets=streets_of(city)) if walked else graph


def metres_to_centres(
    graph: UnitGraph,
    labels: NDArray[np.integer],
    weights: Floats,
    *,
    rules: Sequence[Rules],
    posts: NDArray[np.integer] | None = None,
) -> Floats:
    """Metres from the centre of each unit's grid to the unit, (n,), by the metric of its community.

    labels (n,) number the grids, weights (n,) their people; ``rules`` hold in each community, in the order of
    ``graph.parent_ids``. The centre is the unit of the grid's one post, ``posts`` being the units of all, else the
    unit nearest the weighted centroid.
    """
    centres = centre_units(labels, weights, xy=graph.xy)
    if posts is not None and len(posts):
        declared = sole_posts(labels, posts)
        centres = np.where(declared >= 0, declared, centres)
    centres = centres[labels]
    metres = np.hypot(*(graph.xy - graph.xy[centres]).T)
    for number, own in enumerate(rules):
        if own.proximity.metric == "walk":
            part, units = graph.of_parent(number)
            sources, which = np.unique(centres[units], return_inverse=True)
            ways = ways_on_foot(part, np.searchsorted(units, sources))
            metres[units] = ways[which, np.arange(len(units))]
    return np.asarray(metres, np.float64)


def ways_on_foot(graph: UnitGraph, sources: Numbers | None = None) -> Floats:
    """Metres on foot from some units of a graph (all unless given) to every unit, (sources, n); never infinite."""
    start = np.arange(graph.n_units) if sources is None else np.asarray(sources, np.int64)
    straight = np.hypot(*(graph.xy[start][:, None] - graph.xy[None]).transpose(2, 0, 1))
    metres = _around_barriers(graph, start)
    streets = _streets_near(graph)
    if len(streets):
        along = _along_streets(graph.xy, streets, start)
        metres = np.where(np.isfinite(along), along, metres)
    return np.asarray(np.where(np.isfinite(metres), metres, NO_WAY * straight), np.float64)


def _around_barriers(graph: UnitGraph, start: Numbers) -> Floats:
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    return _shortest(graph.n_units, (a, b), np.hypot(*(graph.xy[a] - graph.xy[b]).T), start)


def _shortest(n: int, ends: tuple[NDArray[np.integer], NDArray[np.integer]], metres: Floats, start: Numbers) -> Floats:
    """Shortest paths (starts, n) over undirected stretches, infinite where there is none."""
    order = np.lexsort((metres, np.maximum(*ends), np.minimum(*ends)))
    low, high = np.minimum(*ends)[order], np.maximum(*ends)[order]
    first = np.unique(low.astype(np.int64) * n + high, return_index=True)[1]
    # scipy reads a stretch of length 0 as none at all.
    kept = np.maximum(metres[order][first], MILLIMETRE)
    lattice = coo_array((kept, (low[first], high[first])), shape=(n, n)).tocsr()
    paths: Floats = dijkstra(lattice, directed=False, indices=start)
    return paths


def _streets_near(graph: UnitGraph) -> Floats:
    if graph.streets is None or not len(graph.streets):
        return np.empty((0, 4))
    low, high = graph.xy.min(axis=0) - NEAR, graph.xy.max(axis=0) + NEAR
    ends = graph.streets.reshape(-1, 2, 2)
    inside = (ends.max(axis=1) >= low).all(axis=1) & (ends.min(axis=1) <= high).all(axis=1)
    return np.asarray(graph.streets[inside])


def _along_streets(xy: Floats, streets: Floats, start: Numbers) -> Floats:
    """Metres along noded streets, with the way from each point to the nearest street at both ends."""
    noded = shapely.node(shapely.multilinestrings(shapely.linestrings(streets.reshape(-1, 2, 2)).tolist()))
    stretches = _stretches(shapely.get_parts(noded))
    joined, at = _feet(xy, stretches)
    n, (nodes, ends) = len(xy), _nodes(joined)
    to_street = np.hypot(*(xy - at).T)
    feet = _nodes_at(at, nodes)
    lengths = np.hypot(joined[:, 2] - joined[:, 0], joined[:, 3] - joined[:, 1])
    heads = np.concatenate([np.arange(n), n + ends[:, 0]])
    tails = np.concatenate([n + feet, n + ends[:, 1]])
    walked = _shortest(n + len(nodes), (heads, tails), np.concatenate([to_street, lengths]), start)
    return np.asarray(walked[:, :n])


def _feet(xy: Floats, stretches: Floats) -> tuple[Floats, Floats]:
    """The stretches cut where points (n, 2) step onto the nearest of them, and where that is, (n, 2)."""
    lines = shapely.linestrings(stretches.reshape(-1, 2, 2))
    points = shapely.points(xy)
    nearest = shapely.STRtree(lines).query_nearest(points, all_matches=True)
    _, first = np.unique(nearest[0], return_index=True)
    line = nearest[1][first]
    along = np.clip(shapely.line_locate_point(lines[line], points, normalized=True), 0.0, 1.0)
    begin, way = stretches[line, :2], stretches[line, 2:] - stretches[line, :2]
    at = begin + along[:, None] * way
    untouched = np.setdiff1d(np.arange(len(stretches)), line)
    pieces = [stretches[untouched]]
    for number in np.unique(line):
        here = at[line == number][np.argsort(along[line == number], kind="stable")]
        chain = np.vstack([stretches[number, :2], here, stretches[number, 2:]])
        pieces.append(np.column_stack([chain[:-1], chain[1:]]))
    return np.vstack(pieces), at


def _nodes(stretches: Floats) -> tuple[Numbers, Numbers]:
    """Distinct end points in whole millimetres (m, 2), sorted, and which of them each stretch joins, (s, 2)."""
    ends = np.rint(stretches.reshape(-1, 2) / MILLIMETRE).astype(np.int64)
    nodes, inverse = np.unique(ends, axis=0, return_inverse=True)
    return nodes, inverse.reshape(-1, 2)


def _nodes_at(points: Floats, nodes: Numbers) -> Numbers:
    """The node that each point lies on."""
    wanted = np.rint(points / MILLIMETRE).astype(np.int64)
    place = {tuple(node): i for i, node in enumerate(nodes.tolist())}
    return np.array([place[tuple(point)] for point in wanted.tolist()], np.int64)


def _stretches(lines: NDArray[np.object_]) -> Floats:
    """The straight stretches of some lines, (s, 4)."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    return np.column_stack([points[:-1][same], points[1:][same]])
