"""Units dissolved into grids, as one coverage: neighbours share every vertex of their common line."""

from __future__ import annotations

import logging

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridopt.units.cover import dissolve, noded

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]

_log = logging.getLogger("gridopt")


def grid_shapes(polygons: ArrayLike, labels: ArrayLike) -> Shapes:
    """One normalised polygon or multipolygon a grid, 0 .. k - 1, from the units' polygons.

    Dissolved as a coverage; the few that come out invalid or of another area than their units are
    dissolved again by overlay. If two grids, also of different communities, then lack a vertex of each
    other on a shared line, all are noded against each other, so that no later rounding, simplifying
    or transforming can tear them apart.
    """
    parts, label = np.asarray(polygons, dtype=object), np.asarray(labels, np.int64)
    shapes = _dissolved(parts, label)
    areas = np.asarray(np.bincount(label, shapely.area(parts), len(shapes)), np.float64)
    for grid in _broken(shapes, areas):
        shapes[grid] = _polygonal(shapely.union_all(parts[label == grid]))
    return np.asarray(shapely.normalize(_coverage(shapes)), dtype=object)


def _dissolved(parts: Shapes, labels: NDArray[np.int64]) -> Shapes:
    try:
        return np.asarray(dissolve(parts, labels), dtype=object)
    except shapely.errors.GEOSException:  # a grid whose units do not fit each other is dissolved by overlay
        return np.array([shapely.union_all(parts[labels == grid]) for grid in range(labels.max() + 1)], dtype=object)


def tolerance(areas: Floats) -> Floats:
    """Square metres by which parts may differ from their union: a millionth, plus 0.01."""
    return np.asarray(areas * 1e-6 + 0.01, np.float64)


def _broken(shapes: Shapes, areas: Floats) -> NDArray[np.int64]:
    polygonal = np.isin(shapely.get_type_id(shapes), [3, 6])
    whole = np.abs(shapely.area(shapes) - areas) <= tolerance(areas)
    return np.flatnonzero(~(polygonal & whole & shapely.is_valid(shapes)))


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a shape that an overlay may have left with lines and points."""
    if shapely.get_type_id(shape) in (3, 6):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _coverage(shapes: Shapes) -> Shapes:
    if shapely.coverage_is_valid(shapes):
        return shapes
    mended = noded(shapes)
    areas = shapely.area(shapes)
    # Cleaning also settles overlaps, which are disputes and not ours to settle: then nothing is moved.
    if (np.abs(shapely.area(mended) - areas) > tolerance(areas)).any() or not shapely.is_valid(mended).all():
        _log.warning("grids do not fit each other: units overlap or leave gaps; their borders are left as given")
        return shapes
    return mended
