"""Footprints on common ground: a hall under its tower goes with it, walls drawn over each other are drawn apart."""

from __future__ import annotations

import numpy as np
import shapely

from gridopt.units.edges import Floats, Integers
from gridopt.units.nearest import Shapes

TOGETHER = 0.2
"""Share of the smaller footprint from which two on common ground are one building, as far as size allows."""

ANNEX = 0.25
"""Share of a unit's limit up to which a building goes with the one it stands on, whatever that holds."""


def stacked(shapes: Shapes, sizes: Floats, limits: Floats) -> tuple[Shapes, Integers]:
    """(footprints without ground in common with another stack, a label of the stack of each).

    Footprints that share ground are one stack from `TOGETHER` on, those that share most first, unless that would
    hold more than ``limits``, the largest size of a unit, and neither is an annex. Of two that stay apart the smaller
    gives up the common ground, so that a border between them runs along one wall, not to and fro between two.
    """
    pairs, share = _common_ground(shapes)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -np.round(share, 6)))
    labels = _joined(pairs[order[share[order] >= TOGETHER]], sizes, limits)
    return _drawn_apart(shapes, pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]), labels


def _common_ground(shapes: Shapes) -> tuple[Integers, Floats]:
    """(pairs of footprints that overlap, the larger first; the share of the smaller's ground)."""
    flat = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    one, other = flat[shapely.STRtree(shapes[flat]).query(shapes[flat])]
    areas = shapely.area(shapes)
    larger = (areas[one] > areas[other]) | ((areas[one] == areas[other]) & (one < other))
    one, other = one[larger], other[larger]
    share = shapely.area(shapely.intersection(shapes[one], shapes[other])) / areas[other]
    met = share > 0
    return np.column_stack([one, other])[met].astype(np.int64), np.asarray(share[met], np.float64)


def _joined(pairs: Integers, sizes: Floats, limits: Floats) -> Integers:
    """A label for each footprint, pairs joined in their order as far as size allows."""
    above, held = np.arange(len(sizes)), sizes.copy()

    def root(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = int(above[place])
        return place

    for pair in pairs.tolist():
        one, other = sorted(map(root, pair))
        limit = min(limits[one], limits[other])
        if one != other and (held[one] + held[other] <= limit or min(held[one], held[other]) <= ANNEX * limit):
            above[other] = one
            held[one] += held[other]
    for place in np.unique(pairs).tolist():
        above[place] = root(place)
    return above


def _drawn_apart(shapes: Shapes, pairs: Integers) -> Shapes:
    """The footprints, of each pair the second without the ground of the first; one that had no other stays whole."""
    apart = shapes.copy()
    losers, number = np.unique(pairs[:, 1], return_inverse=True)
    if len(losers):
        order = np.argsort(number, kind="stable")
        larger = shapely.geometrycollections(shapes[pairs[order, 0]], indices=number[order])
        rest = shapely.difference(shapes[losers], shapely.union_all(larger[:, None], axis=1))
        left = shapely.area(rest) > 0
        apart[losers[left]] = rest[left]
    return apart
