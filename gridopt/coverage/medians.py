"""The best p sites: p-median (Hakimi 1964) and maximal covering (Church and ReVelle 1974), searched and proved.

Sites are exchanged one for one as long as that pays (Teitz and Bart 1968, all exchanges at once as by Resende and
Werneck 2007), again and again from answers shaken up (Hansen and Mladenović 1997); a Lagrangian bound (Cornuéjols,
Fisher and Nemhauser 1977) fixes most sites; what is left goes to HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridopt._kernels.medians import Ranked, add_exchanges, add_worth, count_served, two_cheapest
from gridopt.coverage.covering import LIMITS, Choice
from gridopt.coverage.reduction import Positions
from gridopt.milp import Limits, solve
from gridopt.milp.location import maximal_covering, median

Floats = NDArray[np.float64]

ROUNDS = 500
"""Steps of the Lagrangian bound."""

PATIENCE, SHRINK, MEMORY = 10, 0.7, 0.85
"""Steps without a better bound after which they get shorter, by how much, and the share of the last direction that is
kept: of 100,000 places and 2,000 sites the gap of maximal covering fell from 5.2 to 3.3 % with it."""

SHAKES, SHAKEN_ENTRIES = 100, 30_000_000
"""Further searches from an answer shaken up, and the entries of costs that they may pass over: of 2,000 to 20,000
places by 100 to 500 sites they found every known optimum, in 0.2 to 5 s, with up to 25 % fewer people left out."""

MOST_ENTRIES = 30_000
"""Entries of costs up to which HiGHS is asked: 9,600 took it 4 s, 22,800 53 s, 28,100 11 s, 36,000 140 s and 88,000
460 s, and 33,000 once had no proof in 150 s. Since answers are shaken up it proves them, but betters none of these."""

EXACT = 1e-9
"""Shares of the objective below which a difference is rounding."""


@dataclass(frozen=True, eq=False)
class Costs:
    """Stored entries of ``table`` (places, sites): what a place costs at a site, times its people; below ``beyond``.

    ``beyond`` (places,) is what each costs that no chosen site of its row serves: at what stands already, or left
    out. ``covers`` says that entries cost 0 and only being covered counts.
    """

    table: csr_array
    beyond: Floats
    covers: bool = False

    @cached_property
    def ranked(self) -> Ranked:
        """The entries place by place, the cheapest first."""
        table = self.table
        order = np.lexsort((table.data, np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))))
        sites, costs = np.asarray(table.indices[order], np.int32), np.asarray(table.data[order], np.float64)
        return Ranked(np.asarray(table.indptr, np.int64), sites, costs)

    def of(self, sites: Positions) -> float:
        """What all places cost with these sites."""
        return float(self.least(sites)[0][0].sum())

    def least(self, sites: Positions) -> tuple[Floats, Positions]:
        """Each place's cost at its two cheapest of these sites (2, n), and the first's position in them; -1 beyond."""
        rank = np.full(self.table.shape[1], -1, np.int64)
        rank[sites] = np.arange(len(sites))
        found, nearest = np.vstack([self.beyond, self.beyond]), np.empty(len(self.beyond), np.int64)
        two_cheapest(self.ranked, rank, found, nearest)
        return found, nearest

    def worth(self, prices: Floats) -> Floats:
        """What all places save at each site against these prices."""
        found = np.zeros(self.table.shape[1])
        add_worth(self.ranked, prices, found)
        return found


def best(costs: Costs, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """At most ``n_sites`` sites at least cost, with a proved bound; optimal where the bound meets it.

    Small or well reduced problems are solved to the end; of others the bound is the Lagrangian one.
    """
    chosen = exchanged(costs, added(costs, n_sites))
    value = costs.of(chosen)
    bound, prices = lagrangian(costs, n_sites, value)
    if not _closed(value, bound):
        dearest = np.argsort(-costs.worth(prices), kind="stable")[: len(chosen)]
        chosen = shaken(costs, min(chosen, exchanged(costs, dearest), key=costs.of), bound)
        value = costs.of(chosen)
    if _closed(value, bound):
        return Choice(np.sort(chosen), value, value, "optimal")
    kept, forced = _open_to_choice(costs, n_sites, prices, value)
    small = costs.table[:, kept]
    if small.nnz > MOST_ENTRIES:
        return Choice(np.sort(chosen), value, bound, "limit")
    return _solved(costs, (kept, forced), n_sites, Choice(chosen, value, bound, "limit"), limits)


def added(costs: Costs, n_sites: int) -> Positions:
    """Site after site the one that saves most, the first of equals (Cornuéjols, Fisher and Nemhauser 1977)."""
    now = costs.beyond.copy()
    chosen: list[int] = []
    by_site = csr_array(costs.table.T)
    for _ in range(min(n_sites, costs.table.shape[1])):
        gain = costs.worth(now)
        gain[chosen] = -1.0
        site = int(gain.argmax())
        chosen.append(site)
        own = slice(by_site.indptr[site], by_site.indptr[site + 1])
        at = by_site.indices[own]
        now[at] = np.minimum(now[at], by_site.data[own])
    return np.array(chosen, np.int64)


def shaken(costs: Costs, chosen: Positions, bound: float = 0.0) -> Positions:
    """The best of many searches, each from the best answer so far with one, two, ... of its sites drawn anew.

    The same costs give the same answer; the searches end where the bound is met.
    """
    draw, n_sites, value = np.random.default_rng(0), len(chosen), costs.of(chosen)
    others = np.setdiff1d(np.arange(costs.table.shape[1]), chosen)
    for shake in range(min(SHAKES, SHAKEN_ENTRIES // max(costs.table.nnz, 1)) if n_sites and len(others) else 0):
        if _closed(value, bound):
            break
        start, n_moved = chosen.copy(), min(1 + shake % n_sites, len(others))
        start[draw.choice(n_sites, n_moved, replace=False)] = draw.choice(others, n_moved, replace=False)
        found = exchanged(costs, start)
        if costs.of(found) < value:
            chosen, value = found, costs.of(found)
            others = np.setdiff1d(np.arange(costs.table.shape[1]), chosen)
    return chosen


def exchanged(costs: Costs, chosen: Positions) -> Positions:
    """The best exchange of a chosen site for another, again and again while it pays."""
    m, now = costs.table.shape[1], np.asarray(chosen, np.int64)
    if not len(now) or len(now) == m:
        return now
    while True:
        gain = exchange_gains(costs, now)
        site, leaving = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[site, leaving] <= EXACT * max(1.0, costs.of(now)):
            return now
        now = now.copy()
        now[leaving] = site


def exchange_gains(costs: Costs, chosen: Positions) -> Floats:
    """What is saved, (sites, chosen), by taking a site in for each chosen one; minus infinity for those chosen.

    The saving is what the new one brings, less what its places lose without the leaving one, plus what the new one
    takes over of that loss (Resende and Werneck 2007).
    """
    m = costs.table.shape[1]
    least, nearest = costs.least(chosen)
    gain, regained = np.zeros(m), np.zeros((m, len(chosen)))
    add_exchanges(costs.ranked, least, nearest, gain, regained)
    held = nearest >= 0
    loss = np.bincount(nearest[held], (least[1] - least[0])[held], len(chosen))
    total = np.asarray(gain[:, None] - loss[None, :] + regained, np.float64)
    total[chosen] = -np.inf
    return total


def lagrangian(costs: Costs, n_sites: int, value: float) -> tuple[float, Floats]:
    """A lower bound of every choice, and the prices (places,) that give it, by steps along the subgradient.

    Each place pays its price, at most `Costs.beyond`; the sites worth most are taken: whatever the prices, the sum
    is a bound. Steps as by Held, Wolfe and Crowder (1974), ``value`` being the cost of a known choice, in directions
    that remember the last (Camerini, Fratta and Maffioli 1975).
    """
    prices = costs.least(np.arange(costs.table.shape[1]))[0][1]
    times, is_open = np.empty(len(prices)), np.zeros(costs.table.shape[1], np.bool_)
    best_bound, best_prices, step, stale = -np.inf, prices, 1.0, 0
    direction = np.zeros(len(prices))
    for _ in range(ROUNDS):
        worth = costs.worth(prices)
        chosen = np.argsort(-worth, kind="stable")[:n_sites]
        bound = float(prices.sum() - worth[chosen].sum())
        if bound > best_bound + 1e-7 * abs(best_bound if np.isfinite(best_bound) else 1.0):
            best_bound, best_prices, stale = bound, prices, 0
        else:
            stale += 1
            if stale >= PATIENCE:
                step, stale, prices, direction = step * SHRINK, 0, best_prices, np.zeros(len(prices))
        if _closed(value, best_bound) or step < 1e-3:
            break
        is_open[:] = False
        is_open[chosen] = True
        count_served(costs.ranked, prices, is_open, times)
        direction = 1.0 - times + MEMORY * direction
        # A place at its highest price that nobody serves stays there, as beyond takes it; none is paid to be served.
        stuck = ((prices >= costs.beyond) & (direction > 0)) | ((prices <= 0) & (direction < 0))
        slope = np.where(stuck, 0.0, direction)
        length = float(slope @ slope)
        if length == 0.0:
            break
        prices = np.clip(prices + step * (value - bound) / length * slope, 0.0, costs.beyond)
    return best_bound, best_prices


def _open_to_choice(costs: Costs, n_sites: int, prices: Floats, value: float) -> tuple[Positions, NDArray[np.bool_]]:
    """The sites that some better choice might have, and which of them every better choice has (reduced costs)."""
    by_site = costs.worth(prices)
    order = np.argsort(-by_site, kind="stable")
    bound = float(prices.sum() - by_site[order[:n_sites]].sum())
    room = value - bound + 1e-6 * max(1.0, abs(value))
    last = by_site[order[n_sites - 1]] if n_sites <= len(order) else 0.0
    following = by_site[order[n_sites]] if n_sites < len(order) else 0.0
    kept = np.flatnonzero(by_site >= last - room)
    among = np.isin(kept, order[:n_sites])
    return kept, among & (by_site[kept] - following > room)


def _solved(
    costs: Costs, open_: tuple[Positions, NDArray[np.bool_]], n_sites: int, known: Choice, limits: Limits
) -> Choice:
    """The exact answer over the sites still open to choice, no worse than the one known."""
    kept, forced = open_
    table, least = csr_array(costs.table[:, kept]), forced.astype(np.float64)
    if costs.covers:
        table.data = np.ones(table.nnz)
        outcome = solve(maximal_covering(table, costs.beyond, n_sites, least), limits)
        constant = 0.0
    else:
        outcome = solve(median(_within(table, costs.beyond, forced), costs.beyond, n_sites, least), limits)
        constant = float(costs.beyond.sum())
    found = known.sites if outcome.values is None else kept[outcome.values[: len(kept)] > 0.5]
    value = costs.of(found)
    if value > known.objective:
        found, value = known.sites, known.objective
    proved = max(known.bound or 0.0, -np.inf if outcome.bound is None else outcome.bound + constant)
    optimal = outcome.status in ("optimal", "infeasible") or _closed(value, proved)
    bound = value if optimal else min(proved, value)
    return Choice(np.sort(found), value, bound, "optimal" if optimal else "limit")


def _within(table: csr_array, beyond: Floats, forced: NDArray[np.bool_]) -> csr_array:
    """The entries cheaper than the dearest that a place can be asked to pay: that of its cheapest forced site."""
    places = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    sure = forced[table.indices]
    most = beyond.copy()
    np.minimum.at(most, places[sure], table.data[sure])
    kept = table.data <= most[places]
    counts = np.bincount(places[kept], minlength=table.shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((table.data[kept], table.indices[kept], starts), shape=table.shape)


def _closed(value: float, bound: float) -> bool:
    return bool(value - bound <= EXACT * max(1.0, abs(value)))
