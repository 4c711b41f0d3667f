"""Grids worth their price: connected sets of units within bounds that cost less than their units are priced at.

Sets grow from their lowest unit by one neighbour at a time, which is either taken or passed over for good. What units
may still add is bounded below: each pays for its borders to what is passed over and for its distance to the centroid,
of the mass of the set as far as it has grown, and may earn its price; how many fit is priced by a charge on size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import float64, int64, void
from numpy.typing import NDArray

from gridopt._kernels.compiling import (
    B1,
    B2,
    F1,
    F2,
    I1,
    I2,
    I8,
    Flags,
    Floats,
    Ints,
    compiled_tuple,
    helper,
    inlined,
    kernel,
)

COMPLETE, TOO_MANY, TOO_LONG = 0, 1, 2
"""Whether every set was looked at, or the room for sets or the steps ran out."""

MASS, INERTIA, X, Y, FIXED = 0, 1, 2, 3, 4
"""What is known of a growing set: its mass, moment of inertia, centroid, and its borders less its prices."""

N_KNOWN = 5


class Market(NamedTuple):
    """One problem as the search for sets sees it; the objective's coefficients are in cost, mass and comfort.

    A set may lie outside ``rule`` where it pays for the share by which it does, never outside low and high. Its lowest
    unit is one from ``first`` up to ``last``.
    """

    indptr: Ints
    neighbours: Ints
    cost: Floats  # of each entry of neighbours
    weights: Floats  # (n, m)
    low: Floats  # (m)
    high: Floats  # (m)
    rule: Floats  # (2) low and high of the first measure
    mass: Floats  # (n)
    xy: Floats  # (n, 2)
    most: float  # no grid has more mass
    levels: Floats  # (l + 1) masses from 0 to the least of a grid
    around: Floats  # (n, l + 1) what a unit pays at least for the distances to others of so much mass
    comfort: Floats  # (4) low, high, target, coefficient
    charges: Floats  # (c) what a unit of size may be charged, ascending
    apart: Flags  # (n, n) units that no set within bounds holds both of: every way between them is too large
    first: int
    last: int


class Tariff(NamedTuple):
    """What is paid: the price of each unit (n,), of a grid, and of missing the rule by its whole.

    ``spared`` (c,) is the least of size term and fine less each charge, over all sizes within bounds.
    """

    units: Floats
    grid: float
    fine: float
    spared: Floats


class Growth(NamedTuple):
    """A set as it grows, one row for each unit taken."""

    half: Floats  # (n + 1, n) half of each unit's borders to units passed over, less half of those to the set
    near: Floats  # (n + 1, n) what its distance costs, less its price
    open: Ints  # (n + 1, n) units that may still come, the first counts[d] of the row
    counts: Ints  # (n + 1)
    sums: Floats  # (n + 1, m)
    known: Floats  # (n + 1, N_KNOWN)
    at: Ints  # (n + 1) the charge that bounded best
    taken: Ints  # (n + 1)
    beside: Ints  # (n) neighbours of each unit in the set
    held: Flags  # (n) the set

    @classmethod
    def of(cls, n: int, m: int) -> Growth:
        """Room for sets of n units with m measures."""
        half, near = np.zeros((n + 1, n)), np.zeros((n + 1, n))
        counts, at, taken = (np.zeros(n + 1, np.int32) for _ in range(3))
        open_, beside = np.zeros((n + 1, n), np.int32), np.zeros(n, np.int32)
        sums, known = np.zeros((n + 1, m)), np.zeros((n + 1, N_KNOWN))
        return cls(half, near, open_, counts, sums, known, at, taken, beside, np.zeros(n, np.bool_))


class Caught(NamedTuple):
    """The sets found, (most, n), what each is worth above its price, and [sets, steps, state]; ``least`` of all."""

    members: Flags
    worth: Floats
    counts: NDArray[np.int64]
    least: Floats  # (1)

    @classmethod
    def of(cls, most: int, n: int) -> Caught:
        """Room for so many sets of n units."""
        return cls(np.zeros((most, n), np.bool_), np.empty(most), np.zeros(3, np.int64), np.zeros(1))


MARKET = compiled_tuple((I1, I1, F1, F2, F1, F1, F1, F1, F2, float64, F1, F2, F1, F1, B2, int64, int64), Market)
TARIFF = compiled_tuple((F1, float64, float64, F1), Tariff)
GROWTH = compiled_tuple((F2, F2, I2, I1, F2, F2, I1, I1, I1, B1), Growth)
CAUGHT = compiled_tuple((B2, F1, I8, F1), Caught)


@helper(void(MARKET, TARIFF, GROWTH, int64))
def _measure(market: Any, tariff: Any, growth: Any, depth: Any) -> None:
    """What distance to the set's centroid costs each open unit at least, less its price."""
    known = growth.known[depth]
    share = known[MASS] / market.most if market.most > 0 else 0.0
    level, last = 0, len(market.levels) - 1
    while level < last and market.levels[level + 1] <= market.levels[last] - known[MASS]:
        level += 1
    for place in range(growth.counts[depth]):
        unit = growth.open[depth, place]
        dx, dy = market.xy[unit, 0] - known[X], market.xy[unit, 1] - known[Y]
        apart = market.mass[unit] * share * (dx * dx + dy * dy)
        growth.near[depth, unit] = apart + market.around[unit, level] - tariff.units[unit]


@helper(float64(MARKET, TARIFF, GROWTH, int64))
def _promise(market: Any, tariff: Any, growth: Any, depth: Any) -> Any:
    """The least that open units can add; the charge moves a step where that bounds better."""
    middle = growth.at[depth]
    lower, upper = max(middle - 1, 0), min(middle + 1, len(market.charges) - 1)
    charges = market.charges[lower], market.charges[middle], market.charges[upper]
    first, second, third = 0.0, 0.0, 0.0
    for place in range(growth.counts[depth]):
        unit = growth.open[depth, place]
        own = growth.near[depth, unit] + growth.half[depth, unit]
        size = market.weights[unit, 0]
        first += min(own + charges[0] * size, 0.0)
        second += min(own + charges[1] * size, 0.0)
        third += min(own + charges[2] * size, 0.0)
    held = growth.sums[depth, 0]
    first += charges[0] * held + tariff.spared[lower]
    second += charges[1] * held + tariff.spared[middle]
    third += charges[2] * held + tariff.spared[upper]
    if first > second and first > third:
        growth.at[depth] = lower
        return first
    if third > second:
        growth.at[depth] = upper
        return third
    return second


@helper(void(MARKET, TARIFF, GROWTH))
def _settle(market: Any, tariff: Any, growth: Any) -> None:
    """Find the charge that bounds best for the first unit of a set: the bound is concave in it."""
    before = -1
    while growth.at[1] != before:
        before = growth.at[1]
        _promise(market, tariff, growth, 1)


@inlined(float64(MARKET, GROWTH, int64, int64))
def _own(market: Any, growth: Any, depth: Any, unit: Any) -> Any:
    """What one open unit adds at least, charged for its size."""
    charge = market.charges[growth.at[depth]]
    return growth.near[depth, unit] + growth.half[depth, unit] + charge * market.weights[unit, 0]


@inlined(void(MARKET, GROWTH, int64, int64))
def _shut(market: Any, growth: Any, depth: Any, unit: Any) -> None:
    """Borders of a unit that is passed over: its neighbours pay half, the rest is the other grid's."""
    for entry in range(market.indptr[unit], market.indptr[unit + 1]):
        growth.half[depth, market.neighbours[entry]] += 0.5 * market.cost[entry]


@helper(void(MARKET, GROWTH, int64, float64))
def _close(market: Any, growth: Any, depth: Any, room: Any) -> None:
    """Pass over units too large for the set, and those that would cost more than ``room`` on top of the promise."""
    kept = 0
    for place in range(growth.counts[depth]):
        unit = growth.open[depth, place]
        fits = _own(market, growth, depth, unit) <= room
        for measure in range(market.weights.shape[1]):
            fits = fits and growth.sums[depth, measure] + market.weights[unit, measure] <= market.high[measure]
        if fits:
            growth.open[depth, kept] = unit
            kept += 1
        else:
            _shut(market, growth, depth, unit)
    growth.counts[depth] = kept


@helper(int64(MARKET, GROWTH, int64))
def _pass_over(market: Any, growth: Any, depth: Any) -> Any:
    """Take the most promising neighbour of the set from the open units, and return it; -1 where there is none."""
    best, chosen = np.inf, -1
    for place in range(growth.counts[depth]):
        unit = growth.open[depth, place]
        if growth.beside[unit] > 0:
            own = _own(market, growth, depth, unit)
            if own < best:
                best, chosen = own, place
    if chosen < 0:
        return -1
    unit = growth.open[depth, chosen]
    growth.counts[depth] -= 1
    growth.open[depth, chosen] = growth.open[depth, growth.counts[depth]]
    _shut(market, growth, depth, unit)
    return unit


@helper(void(MARKET, TARIFF, GROWTH, int64, int64))
def _take(market: Any, tariff: Any, growth: Any, depth: Any, unit: Any) -> None:
    """The set with one more unit, which its row has just passed over, in the next row."""
    below, known = growth.known[depth], growth.known[depth + 1]
    for other in range(len(growth.beside)):
        growth.half[depth + 1, other] = growth.half[depth, other]
    kept = 0
    for place in range(growth.counts[depth]):
        other = growth.open[depth, place]
        if market.apart[unit, other]:
            _shut(market, growth, depth + 1, other)
        else:
            growth.open[depth + 1, kept] = other
            kept += 1
    growth.counts[depth + 1] = kept
    mass, both = market.mass[unit], below[MASS] + market.mass[unit]
    dx, dy = market.xy[unit, 0] - below[X], market.xy[unit, 1] - below[Y]
    share = mass / both if both > 0 else 0.0
    known[MASS], known[X], known[Y] = both, below[X] + share * dx, below[Y] + share * dy
    known[INERTIA] = below[INERTIA] + share * below[MASS] * (dx * dx + dy * dy)
    known[FIXED] = below[FIXED] - tariff.units[unit]
    for entry in range(market.indptr[unit], market.indptr[unit + 1]):
        other = market.neighbours[entry]
        known[FIXED] += -0.5 * market.cost[entry] if growth.held[other] else 0.5 * market.cost[entry]
        growth.half[depth + 1, other] -= market.cost[entry]
        growth.beside[other] += 1
    for measure in range(market.weights.shape[1]):
        growth.sums[depth + 1, measure] = growth.sums[depth, measure] + market.weights[unit, measure]
    growth.at[depth + 1] = growth.at[depth]
    growth.taken[depth + 1] = unit
    growth.held[unit] = True


@helper(void(MARKET, GROWTH, int64))
def _give_back(market: Any, growth: Any, depth: Any) -> None:
    """Take the last unit out of the set again."""
    unit = growth.taken[depth]
    growth.held[unit] = False
    for entry in range(market.indptr[unit], market.indptr[unit + 1]):
        growth.beside[market.neighbours[entry]] -= 1


@helper(void(MARKET, TARIFF, GROWTH, int64))
def _plant(market: Any, tariff: Any, growth: Any, root: Any) -> None:
    """A set of one unit, in row 1, to which only later units may come; row 0 is the empty set."""
    n = len(growth.beside)
    growth.half[0] = 0.0
    for unit in range(root):
        _shut(market, growth, 0, unit)
    for unit in range(root + 1, n):
        growth.open[0, unit - root - 1] = unit
    growth.counts[0] = n - root - 1
    _shut(market, growth, 0, root)
    _take(market, tariff, growth, 0, root)


@helper(float64(MARKET, TARIFF, GROWTH, int64))
def _worth(market: Any, tariff: Any, growth: Any, depth: Any) -> Any:
    """What the set costs less its prices; infinity where it is out of bounds."""
    for measure in range(market.weights.shape[1]):
        total = growth.sums[depth, measure]
        if total < market.low[measure] or total > market.high[measure]:
            return np.inf
    size = growth.sums[depth, 0]
    short = max(1.0 - size / market.rule[0], 0.0) if market.rule[0] > 0 else 0.0
    missed = short + max(size / market.rule[1] - 1.0, 0.0)
    known = growth.known[depth]
    outside = max(market.comfort[0] - size, size - market.comfort[1], 0.0) / market.comfort[2]
    worth = known[FIXED] + known[INERTIA] - tariff.grid
    return worth + tariff.fine * missed + market.comfort[3] * outside * outside


@helper(void(GROWTH, float64, CAUGHT))
def _land(growth: Any, worth: Any, caught: Any) -> None:
    """Write the set down."""
    found = caught.counts[0]
    for unit in range(len(growth.held)):
        caught.members[found, unit] = growth.held[unit]
    caught.worth[found] = worth
    caught.counts[0] = found + 1
    caught.least[0] = min(caught.least[0], worth)


@kernel(void(MARKET, TARIFF, float64, float64, int64, GROWTH, CAUGHT))
def catch(market: Any, tariff: Any, aim: Any, share: Any, most_steps: Any, growth: Any, caught: Any) -> None:
    """Catch connected sets within bounds that cost at most their prices and ``aim`` together.

    All of them where ``share`` is 0. Else the cheapest, and of other lowest units better and better ones on the way
    that save more than ``share`` of what the best saves.
    """
    caught.counts[:] = 0
    caught.least[0] = aim if share > 0 else np.inf
    growth.held[:] = False
    growth.beside[:] = 0
    growth.at[0] = len(market.charges) // 2
    for root in range(market.first, market.last):
        goal = min(aim, share * caught.least[0]) if share > 0 else aim
        _plant(market, tariff, growth, root)
        depth, is_new = 1, True
        while depth > 0:
            known = growth.known[depth]
            if is_new:
                is_new = False
                worth = _worth(market, tariff, growth, depth)
                if worth < goal or (share == 0 and worth <= goal):
                    if caught.counts[0] == len(caught.worth):
                        caught.counts[2] = TOO_MANY
                        return
                    _land(growth, worth, caught)
                    goal = worth if share > 0 else goal
                _measure(market, tariff, growth, depth)
                if depth == 1:
                    _settle(market, tariff, growth)
            caught.counts[1] += 1
            if caught.counts[1] > most_steps:
                caught.counts[2] = TOO_LONG
                return
            least = known[FIXED] + known[INERTIA] - tariff.grid + _promise(market, tariff, growth, depth)
            unit = -1
            if least <= goal:
                _close(market, growth, depth, goal - least)
                unit = _pass_over(market, growth, depth)
            if unit < 0:
                _give_back(market, growth, depth)
                depth -= 1
            else:
                _take(market, tariff, growth, depth, unit)
                depth, is_new = depth + 1, True
