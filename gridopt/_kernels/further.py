"""The rules of a problem beyond bounds and costs, grid by grid: pairs, the longest walk, no grid inside another.

Each is a function of the members of one grid, and of the labels around them. Members are linked lists in one
array: the first unit of each of the k grids (-1 for none), then the unit after each of the n units.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int64

from gridopt._kernels.compiling import B1, F1, F2, I1, PAIR, Flags, Floats, Ints, compiled_tuple, helper


class Further(NamedTuple):
    """The further rules of a problem, in board order; nothing here changes. p pairs, f places, k grids."""

    prices: Floats  # (3) PAIRED, WALK, ENCLOSED: what breaking a rule costs, 0 where it does not hold
    limit: float  # metres of the longest walk
    anchors: Floats  # (k, 2) given centres, NaN for none
    pair_starts: Ints  # (n + 1)
    pair_units: Ints  # (2 p)
    pair_signs: Ints  # (2 p) 1 together, -1 apart
    place_starts: Ints  # (n + 1)
    places: Ints  # (f) places unit by unit
    place_xy: Floats  # (f, 2)
    people: Floats  # (f)
    ways: Floats  # (f, f) metres, or (0, 0) for straight distance
    beside_starts: Ints  # (n + 1)
    beside: Ints  # units that touch, walls or not
    outer: Flags  # (n) the unit lies at the edge


PAIRED, WALK, ENCLOSED = range(3)

HALF_WAY = 0.1
"""Strain of a broken rule that is only kept or broken: as much as a bound missed by a third."""

SAME_WALK = 1e-9
"""Share of the longest walk allowed by which rounding may miss it."""

FURTHER = compiled_tuple((F1, float64, F2, I1, I1, I1, I1, I1, F2, F1, F2, I1, I1, B1), Further)


@helper(float64(FURTHER, I1, I1, int64, int64))
def broken_pairs(further: Any, labels: Any, members: Any, grid: Any, k: Any) -> Any:
    """Pairs that a grid breaks: one half for each unit parted from its partner, and for each kept with it."""
    starts, units, signs = further.pair_starts, further.pair_units, further.pair_signs
    broken = 0.0
    unit = members[grid]
    while unit >= 0:
        for i in range(starts[unit], starts[unit + 1]):
            if (labels[units[i]] == grid) != (signs[i] > 0):
                broken += 0.5
        unit = members[k + unit]
    return broken


@helper(float64(FURTHER, I1, int64, int64))
def longest_walk(further: Any, members: Any, grid: Any, k: Any) -> Any:
    """Metres from the grid's place nearest its centre to the furthest place with people; 0 without people.

    The centre is the one given to the grid, else the centroid of its people. Of places equally near (to a
    thousandth of a millimetre) the first counts.
    """
    starts, places, people, xy = further.place_starts, further.places, further.people, further.place_xy
    total, x, y = 0.0, 0.0, 0.0
    unit = members[grid]
    while unit >= 0:
        for i in range(starts[unit], starts[unit + 1]):
            place = places[i]
            total += people[place]
            x += people[place] * xy[place, 0]
            y += people[place] * xy[place, 1]
        unit = members[k + unit]
    if total <= 0.0:
        return 0.0
    x, y = x / total, y / total
    if not math.isnan(further.anchors[grid, 0]):
        x, y = further.anchors[grid, 0], further.anchors[grid, 1]
    nearest = np.inf
    unit = members[grid]
    while unit >= 0:
        for i in range(starts[unit], starts[unit + 1]):
            nearest = min(nearest, (xy[places[i], 0] - x) ** 2 + (xy[places[i], 1] - y) ** 2)
        unit = members[k + unit]
    centre, rounded, reach = -1, np.inf, (math.sqrt(nearest) + 2e-6) ** 2
    unit = members[grid]
    while unit >= 0:
        for i in range(starts[unit], starts[unit + 1]):
            place = places[i]
            away = (xy[place, 0] - x) ** 2 + (xy[place, 1] - y) ** 2
            if away > reach:
                continue
            distance = math.floor(math.sqrt(away) * 1e6 + 0.5)
            if distance < rounded or (distance == rounded and place < centre):
                centre, rounded = place, distance
        unit = members[k + unit]
    on_foot, longest = len(further.ways) > 0, 0.0
    unit = members[grid]
    while unit >= 0:
        for i in range(starts[unit], starts[unit + 1]):
            place = places[i]
            if people[place] > 0.0 and on_foot:
                longest = max(longest, further.ways[centre, place])
            elif people[place] > 0.0:
                longest = max(longest, (xy[place, 0] - xy[centre, 0]) ** 2 + (xy[place, 1] - xy[centre, 1]) ** 2)
        unit = members[k + unit]
    return longest if on_foot else math.sqrt(longest)


@helper(boolean(FURTHER, I1, I1, int64, int64))
def is_enclosed(further: Any, labels: Any, members: Any, grid: Any, k: Any) -> Any:
    """Whether a grid lies wholly inside another: no unit at the edge, and one grid all around."""
    starts, beside = further.beside_starts, further.beside
    host = -1
    unit = members[grid]
    while unit >= 0:
        if further.outer[unit]:
            return False
        for i in range(starts[unit], starts[unit + 1]):
            other = labels[beside[i]]
            if other == grid:
                continue
            if host >= 0 and other != host:
                return False
            host = other
        unit = members[k + unit]
    return host >= 0


@helper(PAIR(FURTHER, I1, I1, int64, int64))
def breaches(further: Any, labels: Any, members: Any, grid: Any, k: Any) -> Any:
    """(violation, strain) of a grid by its pairs, its longest walk and what surrounds it."""
    prices = further.prices
    violation, strain = 0.0, 0.0
    if prices[PAIRED] > 0.0:
        broken = broken_pairs(further, labels, members, grid, k)
        violation += prices[PAIRED] * broken
        strain += HALF_WAY * broken
    if prices[WALK] > 0.0:
        walk, limit = longest_walk(further, members, grid, k), further.limit
        if walk > limit * (1.0 + SAME_WALK):
            excess = (walk - limit) / limit
            violation += prices[WALK] * excess
            strain += excess * excess
    if prices[ENCLOSED] > 0.0 and is_enclosed(further, labels, members, grid, k):
        violation += prices[ENCLOSED]
        strain += HALF_WAY
    return violation, strain
