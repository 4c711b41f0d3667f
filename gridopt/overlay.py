"""Which polygon holds most of each shape, for layers that do not align; nothing is ever cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
EQUAL = 1e-9
"""Share of the larger overlap below which two overlaps are the same."""


@dataclass(frozen=True, eq=False)
class Owners:
    """For each shape the position of the polygon that holds most of it, -1 for none, and what share that is.

    The share is of the shape's own area; of a point or line that touches its owner it is 1.
    """

    position: NDArray[np.int64]
    share: NDArray[np.float64]


def largest_owners(shapes: Shapes, polygons: Shapes) -> Owners:
    """The polygon of largest overlap of each shape; the first of equals.

    Only shapes that reach over a polygon's edge are intersected, so that a million buildings in a
    thousand communities take seconds.
    """
    position, share = np.full(len(shapes), -1, np.int64), np.zeros(len(shapes))
    tree = shapely.STRtree(shapes)
    polygon, shape = tree.query(polygons, predicate="intersects")
    areas = np.where(shapely.get_dimensions(shapes) == 2, shapely.area(shapes), 0.0)
    shared = areas[shape]
    within = _inside(tree, polygons, polygon, shape, len(shapes))
    part = np.flatnonzero(~within & (areas[shape] > 0))
    shared[part] = shapely.area(shapely.intersection(shapes[shape[part]], polygons[polygon[part]]))
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, shape, shared)
    best = np.flatnonzero((shared >= largest[shape] * (1 - EQUAL)) & ((largest[shape] > 0) | (areas[shape] == 0)))
    best = best[np.lexsort((polygon[best], shape[best]))]
    found, first = np.unique(shape[best], return_index=True)
    position[found] = polygon[best[first]]
    share[found] = np.where(areas[found] > 0, largest[found] / np.where(areas[found] > 0, areas[found], 1.0), 1.0)
    return Owners(position, share)


def _inside(
    tree: shapely.STRtree, polygons: Shapes, polygon: NDArray[np.int64], shape: NDArray[np.int64], n: int
) -> NDArray[np.bool_]:
    """Which of the (polygon, shape) pairs are a shape wholly inside its polygon."""
    outer, inner = tree.query(polygons, predicate="covers")
    result: NDArray[np.bool_] = np.isin(polygon * n + shape, outer * n + inner)
    return result


def polygonal_parts(shapes: Shapes, *, least_area: float = 0.0) -> tuple[Shapes, NDArray[np.int64]]:
    """(polygons of more than ``least_area`` m2, position of the shape each is a part of); lines are left out."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    kept = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > least_area)
    inner, outer = shapely.get_parts(parts[kept], return_index=True)
    return inner, owner[kept][outer]
