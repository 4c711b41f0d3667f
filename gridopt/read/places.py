"""Where the rows of a layer lie: their geometry with a CRS that can be computed with, however the layer tells it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import from_offset
from gridopt.read.angles import parse_angles
from gridopt.read.candidates import Unplaced, candidates, proposals
from gridopt.read.columns import parse_numbers, texts
from gridopt.read.control_points import read_tie
from gridopt.read.findings import Findings, row_name
from gridopt.read.project import LayerSpec
from gridopt.read.repair import declared_crs

LONGITUDES = ("lon", "lng", "long", "longitude", "经度", "經度", "东经", "東經", "x_wgs84", "lon_wgs84", "lng_wgs84")
LATITUDES = ("lat", "latitude", "纬度", "緯度", "北纬", "北緯", "y_wgs84", "lat_wgs84")
EASTINGS = (
    "x",
    "坐标x",
    "坐標x",
    "座標x",
    "x坐標",
    "easting",
    "东坐标",
    "東坐標",
    "横坐标",
    "橫坐標",
    "x坐标",
    "x座標",
    "point_x",
    "coord_x",
)
NORTHINGS = (
    "y",
    "坐标y",
    "坐標y",
    "座標y",
    "y坐標",
    "northing",
    "北坐标",
    "北坐標",
    "纵坐标",
    "縱坐標",
    "y坐标",
    "y座標",
    "point_y",
    "coord_y",
)
SHAPES = ("wkt", "geometry_wkt", "wkt_geom", "geom", "the_geom", "geometry", "几何", "空间数据")
"""Names of columns in small letters that hold places: degrees, metres, and well-known text."""

_BRACKETS = re.compile(r"\(.*?\)")

Reference = Callable[[], gpd.GeoSeries | None]
"""What is known to lie in the city, in degrees of WGS84; asked for only where a layer has no CRS."""


def placed(
    spec: LayerSpec, table: pd.DataFrame, findings: Findings, *, near: Reference = lambda: None
) -> gpd.GeoDataFrame | None:
    """The rows' geometry with its CRS, from the layer, well-known text or coordinate columns; None without places.

    GCJ-02 and BD-09 become WGS84, a local system what its control points tie it to. A layer without a CRS is
    a fault that proposes the likeliest ones, judged by ``near``.
    """
    shapes = _shapes(spec, table, findings)
    if shapes is None:
        return None
    if spec.control is not None:
        return _tied(shapes, spec, findings)
    if spec.offset:
        return _unshifted(shapes, spec.offset, findings)
    if shapes.crs is None and spec.crs is None and not shapes.geometry.isna().all():
        known = near()
        findings.unplaced = Unplaced(spec.name, shapes.geometry, known, tuple(candidates(shapes.geometry, known)))
        findings.fault(*proposals(findings.unplaced))
        return shapes
    return declared_crs(shapes, spec.crs, findings)


def _shapes(spec: LayerSpec, table: pd.DataFrame, findings: Findings) -> gpd.GeoDataFrame | None:
    if isinstance(table, gpd.GeoDataFrame) and not table.geometry.isna().all():
        return table[["geometry"]]
    lowered = {_plain_name(str(name)): str(name) for name in reversed(table.columns)}
    pair = _coordinate_columns(spec, lowered)
    if pair is not None:
        x, y = (_coordinates(table[name], findings) for name in pair)
        is_degrees = pair[0].lower() in LONGITUDES and pair[1].lower() in LATITUDES
        if is_degrees:
            x, y = _turned(x, y, findings)
        points = gpd.GeoSeries(np.where(np.isnan(x + y), None, shapely.points(x, y)))
        if is_degrees and spec.crs is None and spec.control is None and not spec.offset:
            findings.repair("assumed_crs", n=len(table), values=pair)
            return gpd.GeoDataFrame(geometry=points, crs="EPSG:4326")
        return gpd.GeoDataFrame(geometry=points)
    written = next((lowered[name] for name in SHAPES if name in lowered), None)
    return None if written is None else _from_text(texts(table[written]))


def _coordinates(column: pd.Series, findings: Findings) -> NDArray[np.float64]:
    """The coordinates of a column, those written as angles too; cells that hold neither are on record."""
    numbers, unread, _ = parse_numbers(column)
    if not unread.any():
        return numbers
    angles = np.where(unread, parse_angles(column), np.nan)
    is_angle = ~np.isnan(angles)
    findings.repair("angles", [row_name(row) for row in np.flatnonzero(is_angle) + 1], values=[column.name])
    lost = np.flatnonzero(unread & ~is_angle)
    if len(lost) == len(column):
        findings.fault(
            f'column "{column.name}" holds no coordinates (its first cell is "{column.iloc[0]}"); write decimal '
            "degrees or metres",
            f"列“{column.name}”中没有坐标（第一格为“{column.iloc[0]}”）；请填写十进制度或米",
        )
    findings.repair("coordinates_unread", [row_name(row) for row in lost + 1], values=[column.name])
    return np.where(is_angle, angles, numbers)


def _turned(x: NDArray[np.float64], y: NDArray[np.float64], findings: Findings) -> tuple[Any, Any]:
    """Longitudes and latitudes with those rows turned that only then are any: a latitude of 120 is a longitude."""
    is_turned = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    findings.repair("turned", [row_name(row) for row in np.flatnonzero(is_turned) + 1])
    return np.where(is_turned, y, x), np.where(is_turned, x, y)


def _plain_name(name: str) -> str:
    """A column's name in small letters, without what stands in brackets: "坐標X(TWD97)" is "坐標x"."""
    return _BRACKETS.sub("", unicodedata.normalize("NFKC", name)).strip().lower()


def _from_text(written: pd.Series) -> gpd.GeoDataFrame | None:
    """Well-known text, with or without an SRID before it; None where no row holds any."""
    plain = written.str.replace(r"^\s*SRID=\d+;", "", regex=True).replace("", None)
    shapes = shapely.from_wkt(plain.to_numpy(object), on_invalid="ignore")
    if shapely.is_missing(shapes).all():
        return None
    codes = written.str.extract(r"^\s*SRID=(\d+);", expand=False).dropna().unique()
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes), crs=f"EPSG:{codes[0]}" if len(codes) == 1 else None)


def _coordinate_columns(spec: LayerSpec, lowered: dict[str, str]) -> tuple[str, str] | None:
    if {"x", "y"} <= spec.columns.keys():
        return spec.columns["x"], spec.columns["y"]
    for eastings, northings in ((LONGITUDES, LATITUDES), (EASTINGS, NORTHINGS)):
        x = next((lowered[name] for name in eastings if name in lowered), None)
        y = next((lowered[name] for name in northings if name in lowered), None)
        if x and y:
            return x, y
    return None


def _unshifted(shapes: gpd.GeoDataFrame, offset: str, findings: Findings) -> gpd.GeoDataFrame:
    flat = shapely.force_2d(shapes.geometry.to_numpy())
    west, south, east, north = gpd.GeoSeries(flat).total_bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        findings.fault(
            f'crs = "{offset}" counts in degrees, but the coordinates run to {east:.6g}, {north:.6g}; '
            "save the layer in degrees",
            f'crs = "{offset}" 以度计，而坐标达到 {east:.6g}，{north:.6g}；请以经纬度保存图层',
        )
        return shapes

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(from_offset(offset, points[:, 0], points[:, 1]))

    findings.repair("unshifted", n=len(shapes), values=[offset])
    return gpd.GeoDataFrame(geometry=shapely.transform(flat, moved), crs="EPSG:4326", index=shapes.index)


def _tied(shapes: gpd.GeoDataFrame, spec: LayerSpec, findings: Findings) -> gpd.GeoDataFrame:
    if spec.control is None:
        raise AssertionError("only a layer with control points is tied")
    tie = read_tie(*spec.control, spec.crs, limit=spec.control_limit)
    rows = [f"{name} {residual:.3f} m" for name, residual in zip(tie.names, tie.residuals, strict=True)]
    figures = [len(rows), tie.scale, tie.turn, float(np.sqrt((tie.residuals**2).mean())), float(tie.residuals.max())]
    findings.repair("tied", rows, values=figures)
    flat = shapely.transform(shapely.force_2d(shapes.geometry.to_numpy()), tie.moved)
    return declared_crs(gpd.GeoDataFrame(geometry=flat, crs=tie.crs, index=shapes.index), None, findings)
