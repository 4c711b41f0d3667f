"""The classical questions of where to put facilities, for bare points: covering, maximal covering, median.

Pairs of places and candidates are only made within a distance that matters, by KD-tree or along the streets, so that a
hundred thousand places and thousands of candidates fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from gridopt.coverage.covering import LIMITS, Choice, fewest
from gridopt.coverage.facilities import Nearest
from gridopt.coverage.medians import Costs, best
from gridopt.coverage.reduction import Positions, distinct, undominated
from gridopt.milp import Limits
from gridopt.streets import MILLIMETRE, Streets, metres_between

Floats = NDArray[np.float64]

NEIGHBOURS = 3.0
"""Candidates a place is first compared with, in shares of how many there are for each site to be chosen."""

STREETS = 4.0
"""How many times as far as a straight line the longest way along streets may be."""


@dataclass(frozen=True, eq=False)
class Task:
    """Places (n, 2) with people ``weights`` (n,), ``candidates`` (m, 2) to choose from, and ``standing`` ones (s, 2).

    ``limits`` (n,) is how far a facility may be, in metres; NaN asks for one in the ``area`` of the place, an id
    (n,), (m,) and (s,) in that order. ``on_foot`` (n,) are the places that walk along the ``streets``.
    """

    places: Floats
    weights: Floats
    candidates: Floats
    limits: Floats
    standing: Floats
    areas: tuple[Positions, Positions, Positions] | None = None
    on_foot: NDArray[np.bool_] | None = None
    streets: Streets | None = None

    @classmethod
    def of(cls, places: Floats, weights: Floats, candidates: Floats, *, limit: float) -> Task:
        """Straight lines, one limit for all, nothing standing."""
        limits = np.full(len(places), float(limit))
        return cls(places, np.asarray(weights, np.float64), candidates, limits, np.empty((0, 2)))

    def take(self, rows: Positions) -> Task:
        """Some of the places alone."""
        areas = None if self.areas is None else (self.areas[0][rows], *self.areas[1:])
        on_foot = None if self.on_foot is None else self.on_foot[rows]
        facts = (self.places[rows], self.weights[rows], self.candidates, self.limits[rows])
        return Task(*facts, self.standing, areas, on_foot, self.streets)

    @property
    def walks(self) -> NDArray[np.bool_]:
        """Which places go along streets."""
        if self.on_foot is None or self.streets is None:
            return np.zeros(len(self.places), bool)
        return self.on_foot

    def nearest(self, facilities: Floats) -> Floats:
        """Metres from each place to the nearest of some facilities."""
        return Nearest.of(self.places, facilities, on_foot=self.walks.copy(), streets=self.streets).metres

    def pairs(self, most: float) -> csr_array:
        """Metres between places and candidates (n, m), those up to ``most`` alone; a millimetre at least."""
        walks, n, m = self.walks, len(self.places), len(self.candidates)
        flying, walking = np.flatnonzero(~walks), np.flatnonzero(walks)
        parts = []
        if len(flying):
            tree = cKDTree(self.places[flying])
            near = cKDTree(self.candidates).sparse_distance_matrix(tree, most, output_type="coo_matrix")
            parts.append((flying[near.col], near.row, near.data))
        if len(walking) and self.streets is not None:
            along = metres_between(self.streets, self.places[walking], self.candidates, most=most).tocoo()
            parts.append((walking[along.coords[1]], along.coords[0], along.data))
        place, site, metres = (np.concatenate([part[i] for part in parts]) for i in range(3))
        table = csr_array((np.maximum(metres, MILLIMETRE), (place, site)), shape=(n, m))
        table.sort_indices()
        return table

    def nearby(self, wanted: Positions) -> tuple[csr_array, Floats]:
        """Metres from each place to at least so many (n,) candidates, the nearest; how far (n,) none is left out."""
        n, m = len(self.places), len(self.candidates)
        everywhere = float(np.hypot(*np.ptp(np.vstack([self.places, self.candidates]), axis=0))) + MILLIMETRE
        complete, parts, tree = np.full(n, everywhere), [], cKDTree(self.candidates)
        for count in np.unique(wanted[~self.walks]).tolist():
            rows = np.flatnonzero((wanted == count) & ~self.walks)
            metres, sites = tree.query(self.places[rows], k=np.arange(1, count + 1))
            complete[rows] = metres[:, -1] if count < m else everywhere
            parts.append((np.repeat(rows, count), sites.ravel(), metres.ravel()))
        if self.walks.any():
            rows = np.flatnonzero(self.walks)
            most = wanted[rows].max()
            within = float(tree.query(self.places[rows], k=[most])[0].max()) if most < m else STREETS * everywhere
            table = self.take(rows).pairs(within)
            complete[rows] = within
            parts.append((np.repeat(rows, np.diff(table.indptr)), table.indices, table.data))
        place, site, distance = (np.concatenate([part[i] for part in parts]) for i in range(3))
        pairs = csr_array((np.maximum(distance, MILLIMETRE), (place, site)), shape=(n, m))
        return pairs, complete

    def covers(self) -> csr_array:
        """Which candidates (m) would serve which places (n), by distance or in their own area."""
        asks_area = np.isnan(self.limits)
        farthest = float(np.nanmax(self.limits)) if not asks_area.all() else 0.0
        near = self.pairs(farthest)
        place = np.repeat(np.arange(len(self.places)), np.diff(near.indptr))
        within = near.data <= np.where(asks_area, -1.0, self.limits)[place]
        place, site = place[within], near.indices[within]
        if self.areas is not None and asks_area.any():
            here, there = np.flatnonzero(asks_area), np.argsort(self.areas[1], kind="stable")
            own = self.areas[1][there]
            begin = np.searchsorted(own, self.areas[0][here], "left")
            count = np.searchsorted(own, self.areas[0][here], "right") - begin
            step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            place = np.concatenate([place, np.repeat(here, count)])
            site = np.concatenate([site, there[np.repeat(begin, count) + step]])
        table = csr_array((np.ones(len(place)), (place, site)), shape=near.shape)
        table.sort_indices()
        return table

    def served(self) -> NDArray[np.bool_]:
        """The places that what stands already serves."""
        if not len(self.standing):
            return np.zeros(len(self.places), bool)
        inside = self.nearest(self.standing) <= np.where(np.isnan(self.limits), -1.0, self.limits)
        if self.areas is not None:
            inside |= np.isnan(self.limits) & np.isin(self.areas[0], self.areas[2])
        return np.asarray(inside)


def fewest_sites(task: Task, *, limits: Limits = LIMITS) -> tuple[Choice, Positions]:
    """The fewest sites to add so that every place is served (LSCP); the places that no candidate can serve."""
    asking = np.flatnonzero(~task.served())
    covers = task.take(asking).covers()
    hopeless = np.diff(covers.indptr) == 0
    return fewest(covers[~hopeless], limits=limits), asking[hopeless]


def most_covered(task: Task, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """At most ``n_sites`` sites that leave the fewest people without service (MCLP); objective: those people."""
    asking = np.flatnonzero(~task.served())
    covers, weights = task.take(asking).covers(), task.weights[asking]
    rows, which = distinct(covers)
    totals = np.bincount(which, weights, rows.shape[0])
    kept = undominated(rows) if rows.nnz else np.arange(min(1, rows.shape[1]))
    table = csr_array(rows[:, kept], copy=True)
    table.data = np.zeros(table.nnz)
    found = best(Costs(table, np.asarray(totals, np.float64), covers=True), n_sites, limits=limits)
    return Choice(kept[found.sites], found.objective, found.bound, found.status)


def least_walking(task: Task, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """At most ``n_sites`` sites to which all people together go the fewest metres (p-median).

    What stands already serves too. Every place must have a way to some candidate or standing facility.
    """
    standing, m = task.nearest(task.standing), len(task.candidates)
    first = int(np.ceil(NEIGHBOURS * m / max(n_sites + len(task.standing), 1)))
    wanted = np.full(len(task.places), min(m, first))
    while True:
        pairs, complete = task.nearby(wanted)
        cut = np.minimum(standing, complete)
        place = np.repeat(np.arange(len(task.places)), np.diff(pairs.indptr))
        shorter = pairs.data < cut[place]
        counts = np.concatenate([[0], np.cumsum(np.bincount(place[shorter], minlength=len(task.places)))])
        amounts = pairs.data[shorter] * task.weights[place[shorter]]
        costs = Costs(csr_array((amounts, pairs.indices[shorter], counts), shape=pairs.shape), cut * task.weights)
        found = best(costs, n_sites, limits=limits)
        unserved = costs.least(found.sites)[1] < 0
        short = unserved & (standing > complete) & (task.weights > 0) & (wanted < m)
        if not short.any():
            return found
        wanted[short] = np.minimum(m, 4 * wanted[short])
