"""``grids.geojson``: the grids for any platform, by RFC 7946, shared borders kept shared."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.contracts import GRIDS
from gridopt.publish.shapes import wgs84

DECIMALS = 7
_STEP = 10.0**-DECIMALS


def grid_features(grids: gpd.GeoDataFrame) -> bytes:
    """Grids (a column ``grid_code``, any CRS) as the bytes of a GeoJSON file, one feature a line.

    WGS 84, right-hand rings, string ids, seven decimals (1.1 cm). Rounding works vertex by vertex, so a
    border that two grids share stays one line; see `rounded`.
    """
    shapes = rounded(gpd.GeoSeries(wgs84(grids.geometry.to_numpy(), grids.crs)))
    names = [name for name in GRIDS if name != "geometry"]
    return feature_collection(grids["grid_code"].tolist(), grids[names], shapes)


def feature_collection(ids: Sequence[str], table: pd.DataFrame, shapes: np.ndarray[Any, Any]) -> bytes:
    """A table with an id and a shape in degrees for each row as the bytes of a GeoJSON file, one feature a line."""
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    lines = []
    for identity, values, shape in zip(ids, zip(*columns, strict=True), shapes, strict=True):
        feature = {
            "type": "Feature",
            "id": identity,
            "properties": dict(zip(table.columns, values, strict=True)),
            "geometry": shapely.geometry.mapping(shape),
        }
        lines.append(json.dumps(feature, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _plain(value: Any) -> Any:
    """A cell as JSON knows it: no NaN, no infinity, no numpy scalar."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def rounded(shapes: gpd.GeoSeries) -> np.ndarray[Any, Any]:
    """Shapes of a coverage in degrees, each vertex rounded, rings counter-clockwise outside.

    Equal vertices stay equal, so neighbours keep their common line. Where rounding folds a ring onto
    itself the whole coverage is snap-rounded instead (Hobby 1999): all lines are noded on the lattice of
    the last decimal and the faces go back to the shape they came from, so neighbours again agree.
    """
    exact = shapely.force_2d(shapes.to_numpy())
    plain = np.array([_without_repeats(shape) for shape in shapely.transform(exact, _round)], dtype=object)
    if not shapely.is_valid(plain).all():
        plain = _snap_rounded(exact, plain)
    return np.asarray(shapely.orient_polygons(shapely.normalize(plain), exterior_cw=False))


def _round(coordinates: Any) -> Any:
    return np.round(coordinates, DECIMALS)


def _without_repeats(shape: Any) -> Any:
    """A shape without repeated vertices, and without the rings that rounding made smaller than a triangle."""
    parts = [_ringed(part) for part in shapely.get_parts(shape)]
    kept = [part for part in parts if part is not None]
    if not kept:
        return shape
    return kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)


def _ringed(part: Any) -> Any:
    outer, *holes = [_ring(ring) for ring in (part.exterior, *part.interiors)]
    return None if outer is None else shapely.Polygon(outer, [hole for hole in holes if hole is not None])


def _ring(ring: Any) -> Any:
    points = shapely.get_coordinates(ring)
    moved = np.any(points[1:] != points[:-1], axis=1)
    points = points[np.concatenate([[True], moved])]
    return points if len(np.unique(points, axis=0)) >= 3 else None


def _snap_rounded(exact: Any, plain: Any) -> Any:
    lines = shapely.union_all(shapely.boundary(exact), grid_size=_STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.transform(lines, _round))))
    inside = shapely.point_on_surface(faces)
    face, owner = shapely.STRtree(exact).query(inside, predicate="within")
    order = np.lexsort([owner, face])
    face, owner = face[order], owner[order]
    first = np.concatenate([[True], face[1:] != face[:-1]]) if len(face) else np.zeros(0, bool)
    whole = list(plain)
    for number in np.unique(owner[first]):
        whole[number] = shapely.coverage_union_all(faces[face[first & (owner == number)]])
    return np.array(whole, dtype=object)
