"""Facilities in a file of their own, beside a project."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj

from gridopt.errors import TableError, preview
from gridopt.read.columns import texts
from gridopt.read.formats import open_layer
from gridopt.read.places import LATITUDES, LONGITUDES
from gridopt.read.repair import range_fault


def read_facilities(path: str | Path) -> gpd.GeoDataFrame:
    """Facilities that come beside a project: points or shapes with ``tier``, and ``name`` and an id where given.

    Raises `TableError` where the file is missing, has no ``tier`` column, or its points cannot be read.
    """
    table = _placed(open_layer(Path(path), path=str(path)).table, path)
    names = {str(name).strip().lower(): name for name in table.columns}
    if "tier" not in names:
        raise TableError(
            f"{path} has no column tier; it has {preview(table.columns, 20)}. Add it: which tier each facility is of.",
            zh=f"{path} 没有 tier（设施层级）列；现有列：{preview(table.columns, 20)}。请补充每处设施的层级。",
        )
    id_ = next((names[name] for name in ("facility_id", "id") if name in names), None)
    ids = pd.Series([f"facility-{i:04d}" for i in range(1, len(table) + 1)]) if id_ is None else texts(table[id_])
    repeated = ids[ids.duplicated() | (ids.fillna("") == "")]
    if len(repeated):
        raise TableError(
            f"{path}: {len(repeated)} ids are empty or occur more than once: {preview(repeated)}. Give each its own.",
            zh=f"{path}：{len(repeated)} 个编号为空或重复：{preview(repeated)}。请保证编号唯一。",
        )
    called = texts(table[names["name"]]).fillna("") if "name" in names else ""
    columns = {"name": called, "tier": texts(table[names["tier"]]), "geometry": table.geometry}
    return gpd.GeoDataFrame(columns, crs=table.crs).set_axis(pd.Index(ids.to_numpy(), name="facility_id"))


def _placed(table: pd.DataFrame, path: str | Path) -> gpd.GeoDataFrame:
    """A table's rows where its geometry has them, else by its columns of longitude and latitude (WGS84)."""
    found = {str(name).strip().lower(): name for name in table.columns}
    x, y = (next((found[name] for name in names if name in found), None) for names in (LONGITUDES, LATITUDES))
    if isinstance(table, gpd.GeoDataFrame) and table.geometry.notna().any():
        placed = table
    elif x is None or y is None:
        raise TableError(
            f"{path} has no points: no geometry, and no columns for longitude and latitude among "
            f"{preview(table.columns, 20)}. Name them lon and lat.",
            zh=f"{path} 中没有点：既无几何，也没有经纬度列；现有列：{preview(table.columns, 20)}。"
            "请命名为 lon 和 lat。",
        )
    else:
        lon, lat = (pd.to_numeric(table[name], errors="coerce") for name in (x, y))
        points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), table.index, crs="EPSG:4326")
        placed = gpd.GeoDataFrame(table, geometry=points.where((lon.notna() & lat.notna()).to_numpy(), None))
    if placed.crs is None:
        raise TableError(
            f"{path} has no coordinate reference system; set it in your GIS (or save it as GeoPackage) and try again.",
            zh=f"{path} 没有坐标系；请在 GIS 软件中设定（或另存为 GeoPackage）后重试。",
        )
    if fault := range_fault(placed.total_bounds, pyproj.CRS(placed.crs)):
        raise TableError(f"{path}: {fault[0]}.", zh=f"{path}：{fault[1]}。")
    return placed
