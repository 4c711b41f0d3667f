"""``plan.gpkg``: every layer of a plan in one GeoPackage, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

_AREAS = {shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON}
_CLOCK = "2000-01-01T00:00:00.000Z"


def write_geopackage(layers: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as layers of a new GeoPackage; those without geometry become attribute tables."""
    with _still_clock():
        for name, table in layers.items():
            if isinstance(table, gpd.GeoDataFrame):
                kind = _geometry_type(table.geometry)
                shapes = _multiple(normalised(table.geometry)) if kind == "MultiPolygon" else table.geometry
                placed = table.set_geometry(shapes)
                pyogrio.write_dataframe(placed, path, layer=name, driver="GPKG", geometry_type=kind, use_arrow=True)
            else:
                pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", use_arrow=True)


def normalised(shapes: Any) -> Any:
    """Shapes with their rings and parts in one settled order, whatever made them; no vertex is moved."""
    return gpd.GeoSeries(shapely.normalize(shapes.to_numpy()), index=shapes.index, crs=shapes.crs)


def _multiple(shapes: Any) -> Any:
    """Polygons as multipolygons of one part: a layer of the one kind takes no other."""
    parts = shapes.to_numpy().copy()
    single = np.flatnonzero(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON)
    parts[single] = shapely.multipolygons(parts[single], indices=np.arange(len(single)))
    return gpd.GeoSeries(parts, index=shapes.index, crs=shapes.crs)


def _geometry_type(shapes: Any) -> str:
    """One type for a layer: what a shapefile-minded reader expects, mixed kinds only where there are some."""
    kinds = set(np.unique(shapely.get_type_id(shapes.to_numpy())).tolist())
    if kinds == {shapely.GeometryType.POINT}:
        return "Point"
    kinds.discard(shapely.GeometryType.MISSING)
    return "MultiPolygon" if kinds and kinds <= _AREAS else "Unknown"


@contextmanager
def _still_clock() -> Iterator[None]:
    """GDAL stamps each layer with the time of day; while this holds it writes one fixed moment."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _CLOCK})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
