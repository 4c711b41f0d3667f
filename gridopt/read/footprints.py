"""Footprints that overlap: the ground under two buildings is counted for one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.overlay import Shapes

WORTH_NAMING = 1.0
"""Square metres from which on an overlap of two footprints is put on record."""


@dataclass(frozen=True, eq=False)
class SharedGround:
    """Pairs of buildings whose footprints overlap: who counts the ground, who does without, and how much it is.

    ``areas`` are those of the pairs, ``lost`` the ground in m2 that each building does not count: land
    under three buildings is lost by two of them, once each.
    """

    keepers: NDArray[np.int64]
    losers: NDArray[np.int64]
    areas: NDArray[np.float64]
    lost: NDArray[np.float64]

    @property
    def named(self) -> NDArray[np.int64]:
        """Positions of the pairs that are put on record."""
        return np.flatnonzero(self.areas > WORTH_NAMING)


def shared_ground(shapes: Shapes, floors: NDArray[np.float64]) -> SharedGround:
    """Where footprints overlap; the ground goes to the building of more floors, then of more area, then further up."""
    footprints = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    polygons = shapes[footprints]
    first, second = shapely.STRtree(polygons).query(polygons)
    pairs = np.column_stack([first, second])[first < second]
    overlaps = shapely.intersection(polygons[pairs[:, 0]], polygons[pairs[:, 1]])
    areas = shapely.area(overlaps)
    real = areas > 0
    pairs, overlaps, areas = footprints[pairs[real]], overlaps[real], areas[real]
    rank = np.empty(len(shapes), np.int64)
    order = np.lexsort((np.arange(len(shapes)), -np.round(shapely.area(shapes), 3), -floors))
    rank[order] = np.arange(len(shapes))
    firsts_lose = rank[pairs[:, 0]] > rank[pairs[:, 1]]
    losers = np.where(firsts_lose, pairs[:, 0], pairs[:, 1]).astype(np.int64)
    keepers = np.where(firsts_lose, pairs[:, 1], pairs[:, 0]).astype(np.int64)
    return SharedGround(keepers, losers, areas, _lost(losers, overlaps, len(shapes)))


def _lost(losers: NDArray[np.int64], overlaps: Shapes, n: int) -> NDArray[np.float64]:
    """Area of the union of the overlaps that each building gives up."""
    lost = np.bincount(losers, weights=shapely.area(overlaps), minlength=n).astype(np.float64)
    order = np.argsort(losers, kind="stable")
    owners, starts, counts = np.unique(losers[order], return_index=True, return_counts=True)
    for owner, start, count in zip(owners[counts > 1], starts[counts > 1], counts[counts > 1], strict=True):
        lost[owner] = shapely.union_all(overlaps[order[start : start + count]]).area
    return lost
