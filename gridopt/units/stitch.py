"""Vertices that a polygon's neighbour has on their common line, put into its own ring: no vertex is ever moved."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ON_IT = 1e-6
"""Metres from a line within which a vertex lies on it: rounding of coordinates, far below what a drawing tells."""


def stitched(polygons: Shapes) -> Shapes:
    """The polygons, rings with every vertex of another polygon that lies on them; those that lack none as they are.

    Only segments that no other polygon has are looked at, so that it takes little where most lines match. Gaps and
    overlaps stay: whether the polygons are a coverage now is for the caller to see.
    """
    if not (shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON).all():
        return polygons
    kind, points, (rings, of_polygons) = shapely.to_ragged_array(polygons, include_z=False)
    segment, vertex, along = _missing(points, rings)
    if not len(segment):
        return polygons
    order = np.lexsort((along, segment))
    segment, vertex = segment[order], vertex[order]
    complete = np.insert(points, segment + 1, points[vertex], axis=0)
    new_rings = rings + np.searchsorted(segment, rings)
    rebuilt = shapely.from_ragged_array(kind, complete, (new_rings, of_polygons))
    grown = np.diff(new_rings[of_polygons]) != np.diff(rings[of_polygons])
    return np.where(grown, rebuilt, polygons)


def _missing(points: Floats, rings: Integers) -> tuple[Integers, Integers, Floats]:
    """(segment, vertex, metres from its start): what each segment lacks; a segment is the place of its first point."""
    starts = np.delete(np.arange(len(points) - 1), rings[1:-1] - 1)
    _, same = np.unique(points[:, 0] + 1j * points[:, 1], return_inverse=True)
    ends = np.sort(np.column_stack([same[starts], same[starts + 1]]), axis=1)
    _, key, times = np.unique(ends[:, 0] * len(points) + ends[:, 1], return_inverse=True, return_counts=True)
    alone = starts[times[key] == 1]
    vertices = np.concatenate([alone, alone + 1])
    vertices = vertices[np.unique(same[vertices], return_index=True)[1]]
    lines = shapely.linestrings(np.stack([points[alone], points[alone + 1]], axis=1))
    line, near = shapely.STRtree(shapely.points(points[vertices])).query(lines, "dwithin", distance=ON_IT)
    segment, vertex = alone[line], vertices[near]
    run = points[segment + 1] - points[segment]
    length = np.hypot(*run.T)
    along = ((points[vertex] - points[segment]) * run).sum(axis=1) / length
    inside = (along > 0) & (along < length) & (same[vertex] != same[segment]) & (same[vertex] != same[segment + 1])
    return segment[inside], vertex[inside], along[inside]
