"""``plan.gpkg``: every layer of a plan in one GeoPackage, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

_CLOCK = "2000-01-01T00:00:00.000Z"


def write_geopackage(layers: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as layers of a new GeoPackage; those without geometry become attribute tables."""
    with _still_clock():
        for name, table in layers.items():
            if isinstance(table, gpd.GeoDataFrame):
                kind = _geometry_type(table.geometry)
                shapes = normalised(table.geometry) if kind == "MultiPolygon" else table.geometry
                pyogrio.write_dataframe(
                    table.set_geometry(shapes),
                    path,
                    layer=name,
                    driver="GPKG",
                    geometry_type=kind,
                    promote_to_multi=kind == "MultiPolygon",
                )
            else:
                pyogrio.write_dataframe(table, path, layer=name, driver="GPKG")


def normalised(shapes: Any) -> Any:
    """Shapes with their rings and parts in one settled order, whatever made them; no vertex is moved."""
    return gpd.GeoSeries(shapely.normalize(shapes.to_numpy()), index=shapes.index, crs=shapes.crs)


def _geometry_type(shapes: Any) -> str:
    """One type for a layer: what a shapefile-minded reader expects, mixed kinds only where there are some."""
    kinds = set(shapes.dropna().geom_type)
    if kinds and kinds <= {"Polygon", "MultiPolygon"}:
        return "MultiPolygon"
    return "Point" if kinds == {"Point"} and shapes.notna().all() else "Unknown"


@contextmanager
def _still_clock() -> Iterator[None]:
    """GDAL stamps each layer with the time of day; while this holds it writes one fixed moment."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _CLOCK})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
