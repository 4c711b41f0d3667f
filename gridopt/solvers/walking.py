"""How far it is on foot from unit to unit: along the streets where these are given, else around barriers.

Every unit steps from its representative point onto the nearest street. Without streets a walk goes from neighbour
to neighbour, from point to point (Dijkstra 1959, by scipy): a wall is no edge, so that the way leads around it or
over a crossing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gridopt.city import City
from gridopt.errors import preview
from gridopt.graph import UnitGraph
from gridopt.measures import centre_units, sole_posts
from gridopt.rules import Rules
from gridopt.streets import Steps, Streets, metres_from, shortest_links, stretches_of

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_log = logging.getLogger("gridopt")

NEAR = 500.0
"""Metres around the units within which streets are walked."""

_APART = (
    'metric = "walk": streets are in %d pieces without a way between them; no street leads from %d units to most '
    "others of their communities (%d: %s): ways between these go from unit to neighbouring unit, around barriers.",
    'metric = "walk"：道路分为 %d 块互不相通；有 %d 个划分单元与本村（社区）多数单元之间无路可通（涉及 %d 个：%s）：'
    "其间距离改按相邻单元绕行计算。",
)
"""What is said of units on a piece of street of their own, in English and Chinese."""

NO_WAY = 3.0
"""A way that leads out of the community and back, where nothing inside joins two units: times straight distance."""


def with_streets(graph: UnitGraph, city: City) -> UnitGraph:
    """The graph with the city's streets, where some area kind counts walks along them."""
    if not any(city.rules.at(kind).proximity.metric == "walk" for kind in ("", *city.rules.area)):
        return graph
    streets = stretches_of(city)
    if streets is not None:
        _say_what_is_apart(Streets.from_stretches(streets), graph, city.settings.lang)
    return replace(graph, streets=streets)


def _say_what_is_apart(streets: Streets, graph: UnitGraph, lang: str) -> None:
    """Warn of units from which no street leads to most units of their community."""
    if streets.n_pieces < 2:
        return
    piece = streets.pieces[streets.ends[Steps.of(graph.xy, streets).stretch, 0]]
    table = pd.DataFrame({"community": np.asarray(graph.parent_ids, object)[graph.parents], "piece": piece})
    usual = table.groupby("community")["piece"].agg(lambda own: own.mode().iloc[0])
    apart = table["community"][table["piece"] != table["community"].map(usual)]
    if len(apart):
        places = preview(sorted(apart.unique()))
        _log.warning(_APART[lang == "zh"], streets.n_pieces, len(apart), apart.nunique(), places)


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
        along = metres_from(Streets.from_stretches(streets), graph.xy[start], graph.xy)
        metres = np.where(np.isfinite(along), along, metres)
        metres[np.arange(len(start)), start] = 0.0
    return np.asarray(np.where(np.isfinite(metres), metres, NO_WAY * straight), np.float64)


def _around_barriers(graph: UnitGraph, start: Numbers) -> Floats:
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    lattice = shortest_links(np.hypot(*(graph.xy[a] - graph.xy[b]).T), a, b, graph.n_units)
    return np.asarray(dijkstra(lattice, directed=False, indices=start), np.float64)


def _streets_near(graph: UnitGraph) -> Floats:
    if graph.streets is None or not len(graph.streets):
        return np.empty((0, 4))
    low, high = graph.xy.min(axis=0) - NEAR, graph.xy.max(axis=0) + NEAR
    ends = graph.streets.reshape(-1, 2, 2)
    inside = (ends.max(axis=1) >= low).all(axis=1) & (ends.min(axis=1) <= high).all(axis=1)
    return np.asarray(graph.streets[inside])
