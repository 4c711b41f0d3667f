"""The fewest sites that cover every place: the location set covering problem (Toregas, Swain, ReVelle, Bergman 1971).

Before the solver sees it, a problem is reduced without loss (Toregas and ReVelle 1973): places with the same sites are
one, a site that covers no more than another is not needed, and a place that is covered whenever another one is asks
for nothing of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridopt.milp import Limits, solve
from gridopt.milp.location import covering

Positions = NDArray[np.int64]

LIMITS = Limits(nodes=20_000, iterations=2_000_000)
CHUNK = 2_000
"""Places compared with all others at a time, for the sake of memory."""

MOST_PAIRS = 1_000_000_000
"""Pairs of places with a site in common that are compared at most: beyond, the solver's own reduction must do."""


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
    greedy = sites[_greedy(rows)]
    relaxed = solve(covering(rows, integral=False), limits)
    least = 0 if relaxed.objective is None else int(np.ceil(relaxed.objective - 1e-6))
    if len(greedy) <= least:
        return Choice(np.sort(greedy), float(len(greedy)), float(least), "optimal")
    start = np.isin(sites, greedy).astype(np.float64)
    outcome = solve(covering(rows), limits, start=start)
    found = greedy if outcome.values is None else sites[outcome.values > 0.5]
    found = found if len(found) <= len(greedy) else greedy
    bound = max(least, int(np.ceil((outcome.bound or 0.0) - 1e-6)))
    return Choice(np.sort(found), float(len(found)), float(bound), "optimal" if len(found) <= bound else "limit")


def reduced(covers: csr_array) -> tuple[csr_array, Positions]:
    """Fewer places and sites with the same optimum, and which sites are left."""
    rows, sites = distinct(covers)[0], np.arange(covers.shape[1])
    while True:
        kept = undominated(rows)
        fewer = distinct(rows[:, kept])[0]
        fewer = fewer[_needed(fewer)]
        same = len(kept) == rows.shape[1] and fewer.shape[0] == rows.shape[0]
        rows, sites = fewer, sites[kept]
        if same:
            return rows, sites


def distinct(covers: csr_array) -> tuple[csr_array, Positions]:
    """The rows that differ, in order of their first, and which of them each row is."""
    ordered = csr_array(covers, copy=True)
    ordered.sort_indices()
    ordered.data = np.ones(ordered.nnz, np.float64)
    names: dict[bytes, int] = {}
    first: list[int] = []
    which = np.empty(covers.shape[0], np.int64)
    for row, (begin, end) in enumerate(zip(ordered.indptr[:-1], ordered.indptr[1:], strict=True)):
        key = ordered.indices[begin:end].tobytes()
        if key not in names:
            names[key] = len(first)
            first.append(row)
        which[row] = names[key]
    return ordered[first], which


def undominated(covers: csr_array) -> Positions:
    """The sites that cover some place which no other one site covers along with all the rest; the first of equals."""
    columns = csr_array(covers, dtype=np.float64)
    shared = csr_array(columns.T @ columns)
    sizes = shared.diagonal()
    m = covers.shape[1]
    one = np.repeat(np.arange(m), np.diff(shared.indptr))
    other = shared.indices
    inside = (shared.data >= sizes[one]) & (one != other) & ((sizes[other] > sizes[one]) | (other < one))
    return np.setdiff1d(np.flatnonzero(sizes > 0), one[inside])


def _needed(covers: csr_array) -> Positions:
    """The distinct places of which no other's sites are a part: whoever covers that other one covers them too."""
    n = covers.shape[0]
    usage = np.diff(csr_array(covers.T).indptr).astype(np.float64)
    if float((usage**2).sum()) > MOST_PAIRS:
        return np.arange(n)
    sizes, dropped, across = np.diff(covers.indptr), np.zeros(n, bool), csr_array(covers.T)
    for begin in range(0, n, CHUNK):
        shared = csr_array(covers[begin : begin + CHUNK] @ across)
        one = begin + np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr))
        other = shared.indices
        dropped[one[(shared.data >= sizes[other]) & (one != other)]] = True
    return np.flatnonzero(~dropped)


def _greedy(covers: csr_array) -> Positions:
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
