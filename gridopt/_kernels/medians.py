"""The passes over all places of a p-median: what sites are worth, who serves whom, what an exchange saves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import void
from numpy.typing import NDArray

from gridopt._kernels.compiling import B1, F1, F2, I1, I8, Floats, Ints, compiled_tuple, kernel


class Ranked(NamedTuple):
    """What each place pays at the sites that may serve it, the cheapest first."""

    starts: NDArray[np.int64]  # (n + 1) where the sites of each place begin
    sites: Ints
    costs: Floats


RANKED = compiled_tuple((I8, I1, F1), Ranked)


@kernel(void(RANKED, F1, F1))
def add_worth(ranked: Any, prices: Any, worth: Any) -> None:
    """Add to ``worth`` (m,) what all places save at each site against their prices (n,)."""
    for place in range(len(prices)):
        for e in range(ranked.starts[place], ranked.starts[place + 1]):
            saved = prices[place] - ranked.costs[e]
            if saved <= 0:
                break
            worth[ranked.sites[e]] += saved


@kernel(void(RANKED, F1, B1, F1))
def count_served(ranked: Any, prices: Any, opened: Any, times: Any) -> None:
    """Write to ``times`` (n,) how many open sites (m,) each place would go to at its price."""
    for place in range(len(prices)):
        times[place] = 0.0
        for e in range(ranked.starts[place], ranked.starts[place + 1]):
            if ranked.costs[e] >= prices[place]:
                break
            if opened[ranked.sites[e]]:
                times[place] += 1.0


@kernel(void(RANKED, I8, F2, I8))
def two_cheapest(ranked: Any, rank: Any, costs: Any, nearest: Any) -> None:
    """The two cheapest chosen sites of each place.

    ``rank`` (m,) is the position of a site among those chosen, -1 of others; ``costs`` (2, n) are at first what a
    place pays beyond all sites, ``nearest`` (n,) receives the rank of the cheapest, -1 where there is none.
    """
    for place in range(len(nearest)):
        nearest[place] = -1
        for e in range(ranked.starts[place], ranked.starts[place + 1]):
            own = rank[ranked.sites[e]]
            if own < 0:
                continue
            if nearest[place] >= 0:
                costs[1, place] = min(costs[1, place], ranked.costs[e])
                break
            nearest[place] = own
            costs[0, place] = min(costs[0, place], ranked.costs[e])


@kernel(void(RANKED, F2, I8, F1, F2))
def add_exchanges(ranked: Any, costs: Any, nearest: Any, gain: Any, regained: Any) -> None:
    """Add what each site would save (m,), and what it takes over of the places of a leaving one (m, p).

    ``costs`` and ``nearest`` are those of `two_cheapest` (Resende and Werneck 2007).
    """
    for place in range(len(nearest)):
        first, second, own = costs[0, place], costs[1, place], nearest[place]
        for e in range(ranked.starts[place], ranked.starts[place + 1]):
            cost = ranked.costs[e]
            if cost >= second:
                break
            site = ranked.sites[e]
            gain[site] += max(first - cost, 0.0)
            if own >= 0:
                regained[site, own] += second - max(first, cost)
