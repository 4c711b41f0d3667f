"""Which grid a place lies in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.contracts import check_columns
from gridopt.coordinates import WEB_MERCATOR, metric_crs
from gridopt.errors import TableError, preview
from gridopt.holders import NOWHERE, holders, nearest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]


def locate(grids: gpd.GeoDataFrame, points: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.DataFrame:
    """The grid of every point, and the nearest one with its distance, on the points' own index.

    ``grids`` has ``grid_code`` (a column or the index) and polygons, ``points`` are points in any CRS.
    ``grid_code`` is null outside every grid, ``nearest_code`` then names the nearest; ``distance_m`` is
    in metres, 0 inside. A point on a border, or as near to two grids, takes the lowest code. A missing
    or empty point, or one that cannot be reprojected, has null codes and a null distance.
    """
    codes, shapes = _grids(grids)
    places = _checked(points, "points", "点").to_crs(grids.crs).to_numpy()
    known = np.flatnonzero(_are_placed(places))
    inside, closest = (np.full(len(places), NOWHERE, np.int64) for _ in range(2))
    metres = np.full(len(places), np.nan)
    inside[known] = closest[known] = holders(shapes, shapely.get_coordinates(places[known]))
    metres[inside != NOWHERE] = 0.0
    outside = known[inside[known] == NOWHERE]
    if len(outside) and len(shapes):
        closest[outside], metres[outside] = _nearest(shapes, places[outside], grids.crs)
    # a last code of None answers to NOWHERE, position -1
    named = pd.array([*codes, None], dtype="str")
    columns = {"grid_code": named[inside], "nearest_code": named[closest], "distance_m": metres}
    return pd.DataFrame(columns, index=points.index)


def _grids(grids: gpd.GeoDataFrame) -> tuple[list[str], Shapes]:
    """Codes in ascending order and their polygons."""
    check_columns(grids, ["grid_code", "geometry"], "grids")
    shapes = _checked(grids, "grids", "网格").to_numpy()
    codes = grids["grid_code"] if "grid_code" in grids else grids.index.to_series()
    unusable = np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes) | codes.isna().to_numpy())
    if len(unusable):
        raise TableError(
            f"grids: {len(unusable)} rows lack a code or a geometry: {preview(grids.index[unusable])}. Complete them.",
            zh=f"网格图层：{len(unusable)} 行缺少编码或图形：{preview(grids.index[unusable])}。请补全。",
        )
    texts = codes.astype("str").to_numpy()
    order = np.argsort(texts, kind="stable")
    return texts[order].tolist(), shapes[order]


def _checked(layer: gpd.GeoSeries | gpd.GeoDataFrame, what: str, what_zh: str) -> gpd.GeoSeries:
    """The geometry of a layer, which must say what CRS it is in."""
    if not isinstance(layer, gpd.GeoSeries | gpd.GeoDataFrame):
        raise TableError(
            f"{what} must be a GeoDataFrame or a GeoSeries, not {type(layer).__name__}.",
            zh=f"{what_zh}须为 GeoDataFrame 或 GeoSeries，而不是 {type(layer).__name__}。",
        )
    if getattr(layer, "crs", None) is None:
        raise TableError(
            f"{what} have no CRS. Set the one they are in with .set_crs(...).",
            zh=f"{what_zh}图层没有坐标系。请用 .set_crs(...) 指定其坐标系。",
        )
    return layer.geometry


def _are_placed(places: Shapes) -> NDArray[np.bool_]:
    """Which rows have a point with finite coordinates; a `TableError` where there are other shapes than points."""
    strange = np.flatnonzero(~np.isin(shapely.get_type_id(places), (-1, 0)))
    if len(strange):
        found = places[strange[0]].geom_type
        raise TableError(
            f"points: {len(strange)} rows are no points (row {strange[0]} is a {found}). "
            "Take .representative_point() of them first.",
            zh=f"点图层：有 {len(strange)} 行不是点(第 {strange[0]} 行为 {found})。请先取 .representative_point()。",
        )
    placed = ~(shapely.is_missing(places) | shapely.is_empty(places))
    placed[placed] = np.isfinite(shapely.get_coordinates(places[placed])).all(axis=1)
    return np.asarray(placed, bool)


def _nearest(shapes: Shapes, places: Shapes, crs: pyproj.CRS) -> tuple[Integers, Floats]:
    """Position of the nearest polygon, the first of equals, and its distance in metres."""
    if not _is_metric(crs):
        polygons = gpd.GeoSeries(shapes, crs=crs)
        west, south, east, north = polygons.to_crs(4326).total_bounds
        metric = metric_crs((west + east) / 2, (south + north) / 2)
        shapes, places = (layer.to_crs(metric).to_numpy() for layer in (polygons, gpd.GeoSeries(places, crs=crs)))
    metres = np.full(len(places), np.nan)
    found = np.full(len(places), NOWHERE, np.int64)
    near = np.flatnonzero(_are_placed(places))
    found[near], metres[near] = nearest(shapes, places[near])
    return found, metres


def _is_metric(crs: pyproj.CRS) -> bool:
    """Whether distances in this CRS are metres on the ground, near enough."""
    metres = {axis.unit_name for axis in crs.axis_info} == {"metre"}
    return bool(crs.is_projected and metres and crs.to_epsg() not in WEB_MERCATOR)
