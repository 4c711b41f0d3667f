"""Rings that are not closed or have too few points: kept out later, but told from rows without geometry."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Rings = list[NDArray[np.float64]]
Shapes = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON = 3, 6
_FEWEST_POINTS = 4


def with_malformed_empty(
    read: Callable[..., pd.DataFrame], read_wkb: Callable[[], NDArray[np.object_] | None]
) -> pd.DataFrame:
    """A layer in which a malformed geometry is an empty one, and a missing geometry is missing.

    A polygon of several parts, or with holes, keeps those that are well formed; each of the others is an
    empty part of it, until `without_malformed_parts`. ``read`` is `pyogrio.read_dataframe` with all but
    ``on_invalid`` given; ``read_wkb`` reads the same rows as the file has them.
    """
    table = read(on_invalid="ignore")
    if not isinstance(table, gpd.GeoDataFrame) or not table.geometry.isna().any():
        return table
    written = read_wkb()
    shapes = table.geometry.to_numpy().copy()
    for row in np.flatnonzero(table.geometry.isna().to_numpy()):
        if written is not None and written[row] is not None:
            shapes[row] = well_formed(bytes(written[row]))
    marked: pd.DataFrame = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    return marked


def without_malformed_parts(shapes: Shapes) -> tuple[Shapes, NDArray[np.int64]]:
    """The shapes without their empty parts, and how many of these each had."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    lost = np.bincount(owner[shapely.is_empty(parts)], minlength=len(shapes)).astype(np.int64)
    several = (lost > 0) & ~shapely.is_empty(shapes)
    kept = shapes.copy()
    for row in np.flatnonzero(several):
        whole = [part for part in shapely.get_parts(shapes[row]) if not part.is_empty]
        kept[row] = whole[0] if len(whole) == 1 else shapely.multipolygons(whole)
    return kept, np.where(several, lost, 0)


def well_formed(wkb: bytes) -> shapely.Geometry:
    """What is well formed of a polygon's parts and holes, an empty part for each that is not; else an empty shape."""
    parts: list[shapely.Polygon] = []
    for shell, *holes in _polygons(wkb):
        if not _is_closed(shell):
            parts.append(shapely.Polygon())
            continue
        whole = [hole for hole in holes if _is_closed(hole)]
        parts += [shapely.Polygon(shell, whole), *[shapely.Polygon()] * (len(holes) - len(whole))]
    return shapely.GeometryCollection() if all(part.is_empty for part in parts) else shapely.multipolygons(parts)


def _is_closed(ring: NDArray[np.float64]) -> bool:
    return len(ring) >= _FEWEST_POINTS and bool((ring[0] == ring[-1]).all())


def _polygons(wkb: bytes) -> Iterator[Rings]:
    """The rings of each part of a polygon in well-known binary (OGC 06-103r4, 8.2), third coordinates left out."""
    order, kind, _ = _header(wkb, 0)
    if kind == _POLYGON:
        yield _rings(wkb, 0)[0]
    elif kind == _MULTIPOLYGON:
        (number,) = struct.unpack_from(f"{order}I", wkb, 5)
        start = 9
        for _ in range(number):
            rings, start = _rings(wkb, start)
            yield rings


def _rings(wkb: bytes, start: int) -> tuple[Rings, int]:
    """The rings of the polygon that begins at a byte, and the byte after it."""
    order, _, dimensions = _header(wkb, start)
    (number,) = struct.unpack_from(f"{order}I", wkb, start + 5)
    rings, at = [], start + 9
    for _ in range(number):
        (points,) = struct.unpack_from(f"{order}I", wkb, at)
        values = np.frombuffer(wkb, f"{order}f8", points * dimensions, at + 4)
        rings.append(values.reshape(points, dimensions)[:, :2].astype(np.float64))
        at += 4 + values.nbytes
    return rings, at


def _header(wkb: bytes, start: int) -> tuple[str, int, int]:
    """Byte order, kind of geometry and number of coordinates a point, in the ISO and in the older extended form."""
    order = "<" if wkb[start] else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, start + 1)
    further, kind = divmod(code & 0x0FFFFFFF, 1000)
    iso = {0: 0, 1: 1, 2: 1, 3: 2}[further]
    return order, kind, 2 + iso + bool(code & 0x80000000) + bool(code & 0x40000000)
