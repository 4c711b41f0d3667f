"""A given drawing, or points to be placed: files that come beside a project, not in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from gridopt.errors import TableError, preview
from gridopt.read.columns import texts
from gridopt.read.formats import layer_names, open_layer
from gridopt.read.places import LATITUDES, LONGITUDES
from gridopt.read.plan_folder import is_plan_folder
from gridopt.read.repair import kinds_of, range_fault


@dataclass(frozen=True, eq=False)
class Drawing:
    """Either ``units``, the grid code of each unit id, or ``grids``, polygons (with ``grid_code`` if known)."""

    units: pd.Series | None = None
    grids: gpd.GeoDataFrame | None = None


def read_drawing(path: str | Path) -> Drawing:
    """A drawing to assess: a plan folder or its plan.gpkg (the ``units`` layer), a table, or polygons.

    A table needs the columns ``unit_id`` and ``grid_code``; polygons may carry ``grid_code``. Raises
    `TableError` where the file is missing or holds neither.
    """
    file = Path(path)
    if file.is_dir():
        if not is_plan_folder(file):
            raise TableError(
                f"{path} is a folder without a plan; name a plan folder, a table or a layer of polygons.",
                zh=f"{path} 不是方案文件夹；请指定方案文件夹、表格或面图层。",
            )
        file = file / "plan.gpkg"
    names = layer_names(file, path=str(path))
    chosen = next((name for name in ("units", "grids", "current_grids") if name in names), None)
    table = open_layer(file, chosen, path=str(path)).table
    if {"unit_id", "grid_code"} <= set(table.columns):
        return Drawing(units=texts(table["grid_code"]).set_axis(pd.Index(texts(table["unit_id"]), name="unit_id")))
    if not isinstance(table, gpd.GeoDataFrame) or not table.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        raise TableError(
            f"{path} holds neither the columns unit_id and grid_code nor polygons; it has "
            f"{preview(table.columns, 20)}. Give each unit its grid_code, or a polygon for each grid.",
            zh=f"{path} 既没有 unit_id 与 grid_code 两列，也不是面图层；现有列：{preview(table.columns, 20)}。"
            "请给出每个单元的 grid_code，或每个网格的面。",
        )
    if table.crs is None:
        raise _without_crs(path)
    if "grid_code" in table:
        table = table.assign(grid_code=texts(table["grid_code"]))
    return Drawing(grids=table)


def read_points(path: str | Path) -> gpd.GeoDataFrame:
    """Points with their own columns: any point layer, or a table with longitude and latitude (WGS84).

    Rows without coordinates stay, without a point. Raises `TableError` where the file is missing, no row has
    a point, some have another shape, or the CRS is missing or cannot be that of the coordinates.
    """
    table = open_layer(Path(path), path=str(path)).table
    points = table if isinstance(table, gpd.GeoDataFrame) and table.geometry.notna().any() else _by_columns(path, table)
    if points.crs is None:
        raise _without_crs(path)
    strange = ~np.isin(kinds := kinds_of(points.geometry.to_numpy()), ("point", ""))
    is_multiple = points.geom_type == "MultiPoint"
    if strange.any() or is_multiple.any():
        n = int((strange | is_multiple).sum())
        raise TableError(
            f"{path}: {n} of {len(points)} rows are no single points. Name a layer of points, one a row.",
            zh=f"{path}：{len(points)} 行中有 {n} 行不是单点。请指定点图层，每行一点。",
        )
    if (kinds == "").all():
        raise TableError(
            f"{path}: none of its {len(points)} rows has coordinates. Fill them in, or name another file.",
            zh=f"{path}：{len(points)} 行都没有坐标。请补全，或指定其他文件。",
        )
    if fault := range_fault(points.total_bounds, pyproj.CRS(points.crs)):
        raise TableError(f"{path}: {fault[0]}.", zh=f"{path}：{fault[1]}。")
    return points


def _by_columns(path: str | Path, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """A table's rows as points by its columns of longitude and latitude."""
    found = {str(name).strip().lower(): name for name in table.columns}
    x = next((found[name] for name in LONGITUDES if name in found), None)
    y = next((found[name] for name in LATITUDES if name in found), None)
    if x is None or y is None:
        raise TableError(
            f"{path} has no points: no geometry, and no columns for longitude and latitude among "
            f"{preview(table.columns, 20)}. Name them lon and lat.",
            zh=f"{path} 中没有点：既无几何，也没有经纬度列；现有列：{preview(table.columns, 20)}。"
            "请命名为 lon 和 lat。",
        )
    lon, lat = (pd.to_numeric(table[name], errors="coerce") for name in (x, y))
    placed = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
    placed.loc[lon.isna() | lat.isna(), "geometry"] = None
    return placed


def _without_crs(path: str | Path) -> TableError:
    return TableError(
        f"{path} has no coordinate reference system; set it in your GIS (or save it as GeoPackage) and try again.",
        zh=f"{path} 没有坐标系；请在 GIS 软件中设定（或另存为 GeoPackage）后重试。",
    )
