"""The fewest sites that cover every place: the location set covering problem (Toregas, Swain, ReVelle, Bergman 1971).

Reduced, taken apart, bounded by its linear program, searched; what is small enough goes to HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from gridopt._kernels.covering import Covers, Trial, fewer, settle
from gridopt.coverage.reduction import Positions, pieces, reduced
from gridopt.milp import Limits, solve
from gridopt.milp.location import covering

LIMITS = Limits(nodes=20_000, iterations=2_000_000)

MOST_ENTRIES = 20_000
"""Entries of a reduced piece up to which HiGHS is asked for the optimum: one piece of twice as many took a minute for
fifty nodes, its bound one site better and its answer no better than that of the search."""

NODE_ENTRIES = 2_000_000
"""Nodes times entries that HiGHS may spend on a piece."""

EXCHANGES = (500, 1_000_000)
"""Exchanges of the search for each site, and at most."""

ENTRIES_TOUCHED = 1_000_000_000
"""Entries that all exchanges may touch: each tells every site that shares a place with the one moved."""


@dataclass(frozen=True, eq=False)
class Choice:
    """``sites`` chosen (positions), the ``objective`` they reach, a proved ``bound`` (None if none).

    ``status`` is "optimal" or "limit".
    """

    sites: Positions
    objective: float
    bound: float | None
    status: str

    @property
    def gap(self) -> float | None:
        """The share of the objective by which a better choice might still beat this one."""
        if self.bound is None:
            return None
        return max(0.0, self.objective - self.bound) / abs(self.objective) if self.objective else 0.0


def fewest(covers: csr_array, *, limits: Limits = LIMITS) -> Choice:
    """The fewest sites (columns) so that each place (row) has at least one of those stored in its row.

    Every row must store at least one site.
    """
    if not covers.shape[0]:
        return Choice(np.empty(0, np.int64), 0.0, 0.0, "optimal")
    rows, sites = reduced(covers)
    found = [(own, _fewest_of(piece, limits)) for piece, own in pieces(rows)]
    chosen = np.sort(sites[np.concatenate([own[one.sites] for own, one in found])])
    bound = sum(one.bound or 0.0 for _, one in found)
    return Choice(chosen, float(len(chosen)), bound, "optimal" if len(chosen) <= bound else "limit")


def coverable(covers: csr_array, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """A choice of at most ``n_sites`` sites that covers every place, or a bound above it; neither where it stays open.

    Stops as soon as either is known: the choice need not be the fewest.
    """
    rows, sites = reduced(covers)
    known = greedy(rows)
    if len(known) > n_sites:
        least = _least(rows, limits)
        if least > n_sites:
            return Choice(sites[known], float(len(known)), float(least), "limit")
        known = searched(rows, known, enough=n_sites)
    if len(known) > n_sites and rows.nnz <= MOST_ENTRIES:
        return fewest(covers, limits=limits)
    return Choice(np.sort(sites[known]), float(len(known)), 0.0, "limit")


def least_of(covers: csr_array, *, limits: Limits = LIMITS) -> int:
    """A number of sites below which none cover every place, by the linear program."""
    return _least(reduced(covers)[0], limits)


def _fewest_of(covers: csr_array, limits: Limits) -> Choice:
    """The fewest sites of a piece."""
    known = greedy(covers)
    if len(known) == 1:
        return Choice(known, 1.0, 1.0, "optimal")
    least = _least(covers, limits)
    if len(known) > least:
        known = searched(covers, known, enough=least)
    if len(known) > least and covers.nnz <= MOST_ENTRIES:
        nodes = min(limits.nodes, 1 + NODE_ENTRIES // covers.nnz)
        start = np.zeros(covers.shape[1])
        start[known] = 1.0
        outcome = solve(covering(covers), Limits(nodes, limits.iterations, limits.seconds), start=start)
        if outcome.values is not None and (outcome.values > 0.5).sum() < len(known):
            known = np.flatnonzero(outcome.values > 0.5)
        least = max(least, _whole(outcome.bound or 0.0))
    return Choice(known, float(len(known)), float(least), "optimal" if len(known) <= least else "limit")


def _least(covers: csr_array, limits: Limits) -> int:
    relaxed = solve(covering(covers, integral=False), limits)
    return 1 if relaxed.bound is None else _whole(relaxed.bound)


def _whole(bound: float) -> int:
    """A bound of a whole number, rounded up but for the solver's tolerance."""
    return int(np.ceil(bound - 1e-6))


def searched(covers: csr_array, known: Positions, *, enough: int = 1) -> Positions:
    """The fewest sites that a search from a known cover finds; it ends at ``enough`` (Gao, Weise and Li 2015)."""
    across = csr_array(covers.T)
    tables = (covers.indptr, covers.indices, across.indptr, across.indices)
    view = Covers(*(np.ascontiguousarray(one, np.int32) for one in tables))
    n, m = covers.shape
    best = np.zeros(m, np.bool_)
    best[known] = True
    trial = Trial.of(best, n)
    settle(view, trial)
    touched = 1 + covers.nnz**2 // (n * m)
    fewer(view, trial, best, enough, min(EXCHANGES[0] * m, EXCHANGES[1], ENTRIES_TOUCHED // touched))
    return np.flatnonzero(best)


def greedy(covers: csr_array) -> Positions:
    """Site by site the one that covers most of what is left, the first of equals; then those not needed dropped."""
    by_site = csr_array(covers.T)
    left = np.ones(covers.shape[0])
    chosen: list[int] = []
    while left.any():
        site = int((by_site @ left).argmax())
        chosen.append(site)
        left[by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]] = 0.0
    times = np.asarray(covers[:, chosen].sum(axis=1)).ravel()
    for site in list(chosen):
        own = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        if (times[own] > 1).all():
            times[own] -= 1
            chosen.remove(site)
    return np.array(chosen, np.int64)
