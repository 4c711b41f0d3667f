"""Geometry for the offline map: thinned without opening gaps, in WGS84, as small whole numbers."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import on_one_side

DEGREE = 1_000_000
THINNING_M = 0.4


def thin(shapes: NDArray[np.object_], tolerance: float = THINNING_M) -> NDArray[np.object_]:
    """Polygons with fewer vertices whose shared borders stay shared; unchanged where they are no coverage."""
    if not shapely.coverage_is_valid(shapes):
        return shapes
    thinned = shapely.coverage_simplify(shapes, tolerance)
    return thinned if not shapely.is_empty(thinned).any() else shapes


def wgs84(shapes: NDArray[np.object_], crs: object) -> NDArray[np.object_]:
    """The same shapes in longitude and latitude."""
    degrees = gpd.GeoSeries(shapes, crs=crs).to_crs(4326)
    if max(abs(degrees.total_bounds[[0, 2]]), default=0.0) < 179:
        return np.asarray(degrees.to_numpy(), dtype=object)
    return np.asarray(shapely.transform(degrees.to_numpy(), on_one_side), dtype=object)


def coded_polygons(shapes: Iterable[shapely.Geometry]) -> list[list[list[list[int]]]]:
    """For each shape its polygons, each a list of rings; a ring is x, y in 1e-6 degrees, then steps dx, dy."""
    return [
        [[_steps(ring) for ring in (part.exterior, *part.interiors)] for part in parts_of(shape, "Polygon")]
        for shape in shapes
    ]


def coded_lines(shapes: Iterable[shapely.Geometry]) -> list[list[int]]:
    """Every line of the shapes; a polygon gives its rings."""
    lines = []
    for shape in shapes:
        lines += [_steps(part) for part in parts_of(shape, "LineString")]
        for part in parts_of(shape, "Polygon"):
            lines += [_steps(ring) for ring in (part.exterior, *part.interiors)]
    return [line for line in lines if len(line) > 2]


def coded_points(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Longitudes and latitudes in 1e-6 degrees."""
    return _whole(x).tolist(), _whole(y).tolist()


def parts_of(shape: shapely.Geometry, kind: str) -> list[shapely.Geometry]:
    """The simple parts of one kind inside a geometry of any kind."""
    if shape is None or shape.is_empty:
        return []
    parts = shapely.get_parts(shape)
    if parts.size == 1 and parts[0] is shape:
        return [shape] if shape.geom_type == kind else []
    return [part for one in parts for part in ([one] if one.geom_type == kind else _inner(one, kind))]


def _inner(shape: shapely.Geometry, kind: str) -> list[shapely.Geometry]:
    return parts_of(shape, kind) if shape.geom_type.startswith(("Multi", "Geometry")) else []


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = np.rint(np.asarray(values, float) * DEGREE).astype(np.int64)
    return whole


def _steps(line: shapely.Geometry) -> list[int]:
    points = _whole(shapely.get_coordinates(line))
    moved = np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])
    points = points[moved]
    steps: list[int] = np.concatenate([points[:1], np.diff(points, axis=0)]).ravel().tolist()
    return steps
