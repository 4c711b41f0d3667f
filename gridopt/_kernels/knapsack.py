"""The Lagrangian of the Hess model: for each centre a fractional knapsack, over all of them the best k."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float64, int64

from gridopt._kernels.compiling import F1, F2, I1, I8, Floats, Ints, compiled_tuple, inlined, kernel

PATIENCE = 12
"""Steps without a better bound before the step length shrinks."""


class Ground(NamedTuple):
    """Centres and the units that each may hold, as the kernels see them."""

    indptr: Ints  # (c + 1)
    units: Ints  # (p) units that a centre may hold
    owner: Ints  # (c) the unit that a centre is and must hold, -1 for a mere point
    centres: Floats  # (c, 2)
    xy: Floats  # (n, 2)
    mass: Floats  # (n) what a squared metre costs
    weights: Floats  # (n) what the bounds count
    bounds: Floats  # (2) least and most weight of a grid
    slack: Floats  # (c) squared metres that a centre takes off every distance


GROUND = compiled_tuple((I1, I1, I1, F2, F2, F1, F1, F1, F1), Ground)


VALUE, CRITICAL, SHARE = 0, 1, 2
"""Rows of the answer of `price`: what a centre's cheapest grid costs less its prices (inf where none fits), the
cost per weight at which that grid stops taking units (0 if no bound stops it), and the share it takes of those
exactly there."""


@kernel(float64(F1, F1, int64, int64, float64, F1))
def _fill(ratio: Any, weight: Any, low: Any, high: Any, room: Any, stop: Any) -> Any:
    """Cost of filling ``room`` with the cheapest of the items low .. high - 1, which hold at least as much.

    Weighted quickselect (Balas and Zemel 1980); reorders the items. ``stop`` receives the critical ratio and
    the share taken of the items exactly at it.
    """
    cost = 0.0
    while True:
        pivot = ratio[(low + high) // 2]
        below, above, at = low, high, low
        less, equal, spent = 0.0, 0.0, 0.0
        while at < above:
            r, w = ratio[at], weight[at]
            if r < pivot:
                ratio[at], weight[at] = ratio[below], weight[below]
                ratio[below], weight[below] = r, w
                less += w
                spent += r * w
                below += 1
                at += 1
            elif r > pivot:
                above -= 1
                ratio[at], weight[at] = ratio[above], weight[above]
                ratio[above], weight[above] = r, w
            else:
                equal += w
                at += 1
        if less >= room and below > low:
            high = below
            continue
        cost += spent
        room -= less
        if equal >= room or above >= high:
            stop[0], stop[1] = pivot, min(1.0, room / equal)
            return cost + pivot * room
        cost += pivot * equal
        room -= equal
        low = above


@inlined(float64(GROUND, F1, int64, int64))
def _paid(ground: Any, prices: Any, centre: Any, unit: Any) -> Any:
    """What a unit costs at a centre less its price."""
    dx = ground.xy[unit, 0] - ground.centres[centre, 0]
    dy = ground.xy[unit, 1] - ground.centres[centre, 1]
    return ground.mass[unit] * (dx * dx + dy * dy - ground.slack[centre]) - prices[unit]


@kernel(float64(GROUND, F1, int64, F1, F1, F1))
def _cheapest(ground: Any, prices: Any, centre: Any, ratio: Any, weight: Any, stop: Any) -> Any:
    """Least cost less prices of a fractional grid at a centre that keeps the bounds, its own unit whole."""
    owner = ground.owner[centre]
    low, high = ground.bounds[0], ground.bounds[1]
    cost, taken, total = 0.0, 0.0, 0.0
    front, back = 0, len(ratio)
    stop[0], stop[1] = 0.0, 0.0
    for e in range(ground.indptr[centre], ground.indptr[centre + 1]):
        i = ground.units[e]
        paid = _paid(ground, prices, centre, i)
        w = ground.weights[i]
        if i == owner:
            cost += paid
            low -= w
            high -= w
        elif w <= 0.0:
            cost += min(paid, 0.0)
        elif paid < 0.0:
            ratio[front], weight[front] = paid / w, w
            front += 1
            taken += w
            total += paid
        else:
            back -= 1
            ratio[back], weight[back] = paid / w, w
    if high < 0.0:
        return np.inf
    if taken > high:
        return cost + _fill(ratio, weight, 0, front, high, stop)
    if taken < low:
        rest = 0.0
        for j in range(back, len(ratio)):
            rest += weight[j]
        if taken + rest < low:
            return np.inf
        total += _fill(ratio, weight, back, len(ratio), low - taken, stop)
    return cost + total


@kernel(float64(GROUND, F1, int64, F2), allocates=True)
def price(ground: Any, prices: Any, n_grids: Any, priced: Any) -> Any:
    """Evaluate the Lagrangian in full: each centre's knapsack, and the bound from the best ``n_grids`` of them.

    prices (n,) are what covering each unit is worth (the multipliers of "each unit once"). The bound is
    the prices' sum plus the ``n_grids`` least values; inf where fewer centres can hold a grid.
    """
    n = len(prices)
    ratio, weight, stop = np.empty(n), np.empty(n), np.empty(2)
    for centre in range(len(ground.owner)):
        priced[VALUE, centre] = _cheapest(ground, prices, centre, ratio, weight, stop)
        priced[CRITICAL, centre], priced[SHARE, centre] = stop[0], stop[1]
    bound = np.sort(priced[VALUE])[:n_grids].sum()
    for i in range(n):
        bound += prices[i]
    return bound


@kernel(int64(GROUND, F1, F2, I8, F1))
def _lack(ground: Any, prices: Any, priced: Any, chosen: Any, lacking: Any) -> Any:
    """Write what each unit lacks (n,): 1 less the shares by which the grids of the chosen centres hold it."""
    lacking[:] = 1.0
    for centre in chosen:
        owner, stop, share = ground.owner[centre], priced[CRITICAL, centre], priced[SHARE, centre]
        for e in range(ground.indptr[centre], ground.indptr[centre + 1]):
            i = ground.units[e]
            paid = _paid(ground, prices, centre, i)
            w = ground.weights[i]
            if i == owner:
                lacking[i] -= 1.0
            elif w <= 0.0:
                lacking[i] -= 1.0 if paid < 0.0 else 0.0
            elif paid / w < stop:
                lacking[i] -= 1.0
            elif paid / w == stop:
                lacking[i] -= share
    return len(chosen)


@kernel(float64(GROUND, F1, int64, float64, int64, float64), allocates=True)
def ascend(ground: Any, prices: Any, n_grids: Any, upper: Any, steps: Any, length: Any) -> Any:
    """Raise the Lagrangian bound by so many subgradient steps; ``prices`` (n,) ends as the best met.

    Steps after Polyak (1969) towards ``upper``, the value of a known plan, along a running mean of the
    subgradients (Barahona and Anbil 2000), in units of mass so that light and heavy units move alike.
    Every bound is a full evaluation. Stops once the bound reaches ``upper``. Returns the best bound.
    """
    n = len(prices)
    priced = np.empty((3, len(ground.owner)))
    trial, lacking, way = prices.copy(), np.empty(n), np.zeros(n)
    best, waited = -np.inf, 0
    for step in range(steps):
        bound = price(ground, trial, n_grids, priced)
        if bound > best:
            waited = 0 if bound > best + 1e-5 * abs(upper) else waited + 1
            best = bound
            prices[:] = trial
        else:
            waited += 1
        if best >= upper or bound == np.inf:
            break
        if waited >= PATIENCE:
            length *= 0.7
            waited = 0
            trial[:] = prices
            way[:] = 0.0
            price(ground, trial, n_grids, priced)
        _lack(ground, trial, priced, np.argsort(priced[VALUE])[:n_grids], lacking)
        norm = 0.0
        for i in range(n):
            way[i] = lacking[i] if step == 0 else 0.3 * lacking[i] + 0.7 * way[i]
            norm += ground.mass[i] * way[i] * way[i]
        if norm <= 0.0:
            break
        stride = length * (upper - bound) / norm
        for i in range(n):
            trial[i] += stride * ground.mass[i] * way[i]
    return best
