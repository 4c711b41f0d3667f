"""The best p sites: p-median (Hakimi 1964) and maximal covering (Church and ReVelle 1974), searched and proved.

Sites are exchanged one for one as long as that pays (Teitz and Bart 1968, all exchanges at once as by Resende and
Werneck 2007); a Lagrangian bound (Cornuéjols, Fisher and Nemhauser 1977) fixes most sites; what is left goes to HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridopt.coverage.covering import LIMITS, Choice
from gridopt.coverage.reduction import Positions
from gridopt.milp import Limits, solve
from gridopt.milp.location import maximal_covering, median

Floats = NDArray[np.float64]

ROUNDS = 300
"""Steps of the Lagrangian bound."""

MOST_ENTRIES = 60_000
"""Entries of costs up to which HiGHS is asked."""

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

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of each stored entry."""
        return np.repeat(np.arange(self.table.shape[0]), np.diff(self.table.indptr))

    def of(self, sites: Positions) -> float:
        """What all places cost with these sites."""
        return float(self.least(sites)[0].sum())

    def least(self, sites: Positions) -> tuple[Floats, Positions]:
        """Each place's cost at its cheapest of these sites, and the position of that in them; -1 where beyond."""
        rank = np.full(self.table.shape[1], -1, np.int64)
        rank[sites] = np.arange(len(sites))
        used = rank[self.table.indices] >= 0
        place, cost, site = self.places[used], self.table.data[used], rank[self.table.indices[used]]
        order = np.lexsort((site, cost, place))
        at, first = np.unique(place[order], return_index=True)
        found, which = self.beyond.copy(), np.full(len(self.beyond), -1, np.int64)
        found[at], which[at] = cost[order][first], site[order][first]
        return found, which


def best(costs: Costs, n_sites: int, *, limits: Limits = LIMITS) -> Choice:
    """At most ``n_sites`` sites at least cost, with a proved bound; optimal where the bound meets it.

    Small or well reduced problems are solved to the end; of others the bound is the Lagrangian one.
    """
    chosen = exchanged(costs, added(costs, n_sites))
    value = costs.of(chosen)
    bound, prices = lagrangian(costs, n_sites, value)
    if _closed(value, bound):
        return Choice(np.sort(chosen), value, value, "optimal")
    kept, forced = _open_to_choice(costs, n_sites, prices, value)
    small = costs.table[:, kept]
    if small.nnz > MOST_ENTRIES:
        return Choice(np.sort(chosen), value, bound, "limit")
    return _solved(costs, (kept, forced), n_sites, Choice(chosen, value, bound, "limit"), limits)


def added(costs: Costs, n_sites: int) -> Positions:
    """Site after site the one that saves most, the first of equals (Cornuéjols, Fisher and Nemhauser 1977)."""
    now, places = costs.beyond.copy(), costs.places
    chosen: list[int] = []
    by_site = csr_array(costs.table.T)
    for _ in range(min(n_sites, costs.table.shape[1])):
        saving = np.maximum(now[places] - costs.table.data, 0.0)
        gain = np.bincount(costs.table.indices, saving, costs.table.shape[1])
        gain[chosen] = -1.0
        site = int(gain.argmax())
        chosen.append(site)
        own = slice(by_site.indptr[site], by_site.indptr[site + 1])
        at = by_site.indices[own]
        now[at] = np.minimum(now[at], by_site.data[own])
    return np.array(chosen, np.int64)


def exchanged(costs: Costs, chosen: Positions) -> Positions:
    """The best exchange of a chosen site for another, again and again while it pays."""
    m, now = costs.table.shape[1], np.asarray(chosen, np.int64)
    if not len(now) or len(now) == m:
        return now
    while True:
        gain = _exchange_gains(costs, now)
        site, leaving = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[site, leaving] <= EXACT * max(1.0, costs.of(now)):
            return now
        now = now.copy()
        now[leaving] = site


def _exchange_gains(costs: Costs, chosen: Positions) -> Floats:
    """What is saved, (sites, chosen), by taking a site in for each chosen one; minus infinity for those chosen.

    The saving is what the new one brings, less what its places lose without the leaving one, plus what the new one
    takes over of that loss (Resende and Werneck 2007).
    """
    p, m = len(chosen), costs.table.shape[1]
    first, nearest = costs.least(chosen)
    second = _second(costs, chosen, nearest)
    near = costs.table.data < second[costs.places]
    place, cost, site = costs.places[near], costs.table.data[near], costs.table.indices[near]
    gain = np.bincount(site, np.maximum(first[place] - cost, 0.0), m)
    held = nearest >= 0
    loss = np.bincount(nearest[held], (second - first)[held], p)
    served = nearest[place] >= 0
    taken = second[place] - np.maximum(first[place], cost)
    key = site[served].astype(np.int64) * p + nearest[place[served]]
    extra = np.bincount(key, taken[served], m * p).reshape(m, p)
    total = np.asarray(gain[:, None] - loss[None, :] + extra, np.float64)
    total[chosen] = -np.inf
    return total


def _second(costs: Costs, chosen: Positions, nearest: Positions) -> Floats:
    """Each place's cost at its second cheapest of the chosen sites."""
    rank = np.full(costs.table.shape[1], -1, np.int64)
    rank[chosen] = np.arange(len(chosen))
    of = rank[costs.table.indices]
    used = (of >= 0) & (of != nearest[costs.places])
    second = costs.beyond.copy()
    np.minimum.at(second, costs.places[used], costs.table.data[used])
    return second


def lagrangian(costs: Costs, n_sites: int, value: float) -> tuple[float, Floats]:
    """A lower bound of every choice, and the prices (places,) that give it, by steps along the subgradient.

    Each place pays its price, at most `Costs.beyond`; the sites worth most are taken: whatever the prices, the sum
    is a bound. Steps as by Held, Wolfe and Crowder (1974), ``value`` being the cost of a known choice.
    """
    places, sites = costs.places, costs.table.indices
    prices = np.minimum(costs.beyond, _second(costs, np.arange(costs.table.shape[1]), costs.least(
        np.arange(costs.table.shape[1]))[1]))  # fmt: skip
    best_bound, best_prices, step, stale = -np.inf, prices, 1.0, 0
    for _ in range(ROUNDS):
        worth = prices[places] - costs.table.data
        taken = worth > 0
        by_site = np.bincount(sites[taken], worth[taken], costs.table.shape[1])
        chosen = np.argsort(-by_site, kind="stable")[:n_sites]
        bound = float(prices.sum() - by_site[chosen].sum())
        if bound > best_bound + 1e-7 * abs(best_bound if np.isfinite(best_bound) else 1.0):
            best_bound, best_prices, stale = bound, prices, 0
        else:
            stale += 1
            if stale >= 10:
                step, stale, prices = step / 2, 0, best_prices
        if _closed(value, best_bound) or step < 1e-3:
            break
        is_open = np.zeros(costs.table.shape[1], bool)
        is_open[chosen] = True
        times = np.bincount(places[taken & is_open[sites]], minlength=len(prices))
        slope = 1.0 - times
        # A place at its highest price that nobody serves stays there: beyond takes it.
        slope[(prices >= costs.beyond) & (slope > 0)] = 0.0
        length = float(slope @ slope)
        if length == 0.0:
            break
        prices = np.clip(prices + step * (value - bound) / length * slope, 0.0, costs.beyond)
    return best_bound, best_prices


def _open_to_choice(costs: Costs, n_sites: int, prices: Floats, value: float) -> tuple[Positions, NDArray[np.bool_]]:
    """The sites that some better choice might have, and which of them every better choice has (reduced costs)."""
    worth = np.maximum(prices[costs.places] - costs.table.data, 0.0)
    by_site = np.bincount(costs.table.indices, worth, costs.table.shape[1])
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
