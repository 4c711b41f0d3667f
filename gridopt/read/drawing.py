"""A given drawing: a file that comes beside a project, not in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridopt.errors import TableError, preview
from gridopt.read.columns import texts
from gridopt.read.formats import layer_names, open_layer
from gridopt.read.plan_folder import is_plan_folder


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


def _without_crs(path: str | Path) -> TableError:
    return TableError(
        f"{path} has no coordinate reference system; set it in your GIS (or save it as GeoPackage) and try again.",
        zh=f"{path} 没有坐标系；请在 GIS 软件中设定（或另存为 GeoPackage）后重试。",
    )
