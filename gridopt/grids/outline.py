"""The outlines of grids in short pieces: which side each belongs to, and who lies behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

STEP = 25.0
"""Outlines are judged in pieces of at most this many metres."""
BEHIND = 0.5
"""Metres outside an unmatched piece of outline at which a neighbour is looked for."""

OUTWARD = np.array([[1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 1.0]])
"""East, south, west, north: the order in which 四至 are told."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Pieces of the grids' outer rings, one entry a piece.

    grids      (n,)   position of the grid
    sides      (n,)   0 east, 1 south, 2 west, 3 north: the quadrant its outward normal points to
    behind     (n,)   position of the grid on the other side, -1 where there is none
    metres     (n,)   length
    middles    (n, 2) midpoint
    along      (n, 2) direction, of length 1
    """

    grids: Ints
    sides: Ints
    behind: Ints
    metres: Floats
    middles: Floats
    along: Floats

    def take(self, chosen: Ints) -> Outline:
        """The chosen pieces only."""
        return Outline(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def outline(shapes: Shapes) -> Outline:
    """The outer rings of a coverage's polygons in pieces; holes are left out.

    A grid without any piece on a side (a triangle may have no west) takes there all that points west
    at all, so that every grid has four sides.
    """
    owners, starts, ends = _segments(shapes)
    behind = _behind(shapes, owners, starts, ends)
    metres = _lengths(ends - starts)
    times = np.maximum(np.ceil(metres / STEP), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(times)), times)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(times) - times, times)
    run = (ends - starts)[piece] / times[piece, None]
    middles = starts[piece] + run * (step + 0.5)[:, None]
    along = ((ends - starts) / metres[:, None])[piece]
    facing = _outward(along) @ OUTWARD.T
    sides = np.argmax(np.round(facing, 9), axis=1)
    whole = Outline(owners[piece], sides, behind[piece], (metres / times)[piece], middles, along)
    return _four_sided(whole, facing, len(shapes))


def _four_sided(pieces: Outline, facing: Floats, n_grids: int) -> Outline:
    has = np.zeros((n_grids, 4), bool)
    has[pieces.grids, pieces.sides] = True
    lent, side = np.nonzero((facing > 1e-9) & ~has[pieces.grids])
    doubled = pieces.take(np.concatenate([np.arange(len(pieces.grids)), lent]))
    sides = np.concatenate([pieces.sides, side])
    return Outline(doubled.grids, sides, doubled.behind, doubled.metres, doubled.middles, doubled.along)


def _segments(shapes: Shapes) -> tuple[Ints, Floats, Floats]:
    """Grid, start and end of every segment of the outer rings, the grid on the left."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings = shapely.get_exterior_ring(parts)
    rings = np.where(shapely.is_ccw(rings), rings, shapely.reverse(rings))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    return owner[ring[:-1][joined]].astype(np.int64), points[:-1][joined], points[1:][joined]


def _behind(shapes: Shapes, owners: Ints, starts: Floats, ends: Floats) -> Ints:
    """The grid across each segment: the other owner of the same segment, else whoever lies just outside."""
    behind = np.full(len(owners), -1, np.int64)
    # A pair of coordinates seen as one complex number: equal only where both are, and sorted at once.
    vertex = np.unique(np.concatenate([starts, ends]).view(np.complex128).ravel(), return_inverse=True)[1]
    head, tail = vertex[: len(starts)].astype(np.int64), vertex[len(starts) :].astype(np.int64)
    keys = np.minimum(head, tail) * (len(vertex) + 1) + np.maximum(head, tail)
    order = np.argsort(keys, kind="stable")
    pairs = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    one, two = order[pairs], order[pairs + 1]
    behind[one], behind[two] = owners[two], owners[one]
    loose = np.flatnonzero(behind < 0)
    outward = _outward((ends - starts)[loose] / _lengths((ends - starts)[loose])[:, None])
    points = shapely.points((starts + ends)[loose] / 2 + BEHIND * outward)
    point, grid = shapely.STRtree(shapes).query(points, predicate="intersects")
    other = grid != owners[loose[point]]
    behind[loose[point[other]]] = grid[other]
    return behind


def _outward(along: Floats) -> Floats:
    """Normals pointing out of a ring that runs counter-clockwise."""
    return np.column_stack([along[:, 1], -along[:, 0]])


def _lengths(vectors: Floats) -> Floats:
    return np.asarray(np.hypot(vectors[:, 0], vectors[:, 1]), np.float64)
