"""Shared edges of a coverage, found by hashing its segments: no polygon is ever compared with another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RESOLUTION = 1e-4
"""Metres within which two vertices are the same."""

NEAR = 0.01
"""Metres within which two collinear segments lie on each other, and below which a shared edge is a corner touch."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of border: the two polygons (positions, left < right) and the end points, (n, 2) in metres."""

    left: Integers
    right: Integers
    starts: Floats
    ends: Floats

    @property
    def metres(self) -> Floats:
        return np.asarray(np.hypot(*(self.ends - self.starts).T), np.float64)

    def take(self, chosen: NDArray[np.bool_] | Integers) -> Pieces:
        """The chosen pieces only."""
        return Pieces(self.left[chosen], self.right[chosen], self.starts[chosen], self.ends[chosen])

    def joined(self, other: Pieces) -> Pieces:
        """These pieces and those of another."""
        return Pieces(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.starts, other.starts]),
            np.concatenate([self.ends, other.ends]),
        )


def shared_pieces(polygons: NDArray[np.object_], parents: Integers | None = None) -> Pieces:
    """Every piece of border that two polygons share, segment by segment.

    ``parents`` is one number a polygon: only pairs with equal numbers are returned. Segments with
    the same two ends are matched by hash; those left single (a vertex in one ring that the other
    lacks) are compared with each other by their collinear overlap.
    """
    owners, starts, ends = _segments(polygons)
    groups = np.zeros(len(polygons), np.int64) if parents is None else np.asarray(parents, np.int64)
    order, first_of_pair, single = _matched(owners, starts, ends)
    one, two = order[first_of_pair], order[first_of_pair + 1]
    exact = Pieces(owners[one], owners[two], starts[one], ends[one])
    loose = order[single]
    pieces = exact.joined(_collinear(owners[loose], starts[loose], ends[loose], groups))
    pieces = pieces.take((pieces.left != pieces.right) & (groups[pieces.left] == groups[pieces.right]))
    low, high = np.minimum(pieces.left, pieces.right), np.maximum(pieces.left, pieces.right)
    return Pieces(low, high, pieces.starts, pieces.ends)


def shared_lengths(polygons: NDArray[np.object_], parents: Integers | None = None) -> tuple[Integers, Integers, Floats]:
    """Neighbours and the metres they share: (left, right, metres), sorted, corner touches left out."""
    pieces = shared_pieces(polygons, parents)
    keys, place = np.unique(pieces.left * len(polygons) + pieces.right, return_inverse=True)
    metres: Floats = np.bincount(place, pieces.metres, len(keys)).astype(np.float64)
    kept = metres >= NEAR
    return keys[kept] // max(len(polygons), 1), keys[kept] % max(len(polygons), 1), metres[kept]


def _segments(polygons: NDArray[np.object_]) -> tuple[Integers, Floats, Floats]:
    """Polygon, start and end of every boundary segment."""
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    owners = part_owner[ring_part[ring[:-1][joined]]].astype(np.int64)
    return owners, points[:-1][joined], points[1:][joined]


def _matched(owners: Integers, starts: Floats, ends: Floats) -> tuple[Integers, Integers, Integers]:
    """(order, places in it whose successor is the same segment of another polygon, places left single)."""
    if not len(owners):
        none = np.empty(0, np.int64)
        return none, none, none
    points = np.concatenate([starts, ends])
    points = points - points.min(axis=0)
    cells = np.rint(points / max(RESOLUTION, float(points.max()) / 2**30)).astype(np.int64)
    vertex = np.unique(cells[:, 0] * 2**31 + cells[:, 1], return_inverse=True)[1]
    head, tail = vertex[: len(starts)], vertex[len(starts) :]
    keys = np.minimum(head, tail) * (int(vertex.max()) + 1) + np.maximum(head, tail)
    order = np.lexsort((owners, keys))
    order = order[head[order] != tail[order]]
    same = keys[order[1:]] == keys[order[:-1]]
    paired = same & (owners[order[1:]] != owners[order[:-1]])
    alone = ~(np.append(same, False) | np.concatenate([[False], same]))[: len(order)]
    return order, np.flatnonzero(paired), np.flatnonzero(alone)


def _collinear(owners: Integers, starts: Floats, ends: Floats, groups: Integers) -> Pieces:
    """Overlaps of segments that lie on each other without sharing both ends."""
    lines = shapely.linestrings(np.stack([starts, ends], axis=1)) if len(owners) else np.empty(0, object)
    one, two = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=NEAR)
    kept = (one < two) & (owners[one] != owners[two]) & (groups[owners[one]] == groups[owners[two]])
    one, two = one[kept], two[kept]
    run = ends[one] - starts[one]
    length = np.hypot(*run.T)
    unit = run / length[:, None]
    along_start, off_start = _coordinates(starts[two] - starts[one], unit)
    along_end, off_end = _coordinates(ends[two] - starts[one], unit)
    low = np.maximum(np.minimum(along_start, along_end), 0)
    high = np.minimum(np.maximum(along_start, along_end), length)
    span = np.where(along_end == along_start, 1.0, along_end - along_start)
    slope = (off_end - off_start) / span
    offsets = np.abs([off_start + slope * (low - along_start), off_start + slope * (high - along_start)])
    lies = (high - low > NEAR) & (offsets.max(axis=0) <= NEAR)
    begin, finish = starts[one] + unit * low[:, None], starts[one] + unit * high[:, None]
    return Pieces(owners[one], owners[two], begin, finish).take(lies)


def _coordinates(offsets: Floats, unit: Floats) -> tuple[Floats, Floats]:
    """Distance along and to the left of a direction."""
    along = (offsets * unit).sum(axis=1)
    return along, unit[:, 0] * offsets[:, 1] - unit[:, 1] * offsets[:, 0]
