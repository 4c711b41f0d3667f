"""Do GeoJSON, workbook and CSV files say what the GeoPackage says?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.contracts import GRIDS
from gridopt.errors import TableError
from gridopt.read import plan_folder
from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, fault, found
from gridopt.verify.files import Stored

_NEAR = 0.05
"""Metres within which a shape of the GeoJSON is that of the GeoPackage."""

_DECIMALS = 7
_WHERE = ("geojson", "grids.geojson")


def features(stored: Stored) -> Iterator[Fault]:
    """``grids.geojson`` obeys RFC 7946 and has the grids of the GeoPackage."""
    try:
        collection = plan_folder.read_features(stored.folder)
        listed = [_feature(one) for one in collection["features"]]
        shapes = np.array([shapely.geometry.shape(geometry) for _, _, geometry in listed], dtype=object)
    except (TableError, KeyError, TypeError, ValueError, AttributeError, shapely.errors.GEOSException) as error:
        if (stored.folder / "grids.geojson").exists():
            yield fault(_WHERE, [], f"it is no collection of grids: {error}", f"不是网格集合：{error}")
        return
    extra = [name for name in ("name", "crs") if name in collection]
    yield from found(_WHERE, extra, "members do not belong there", "含 {n} 个多余成员")
    ids = pd.Index([identity for identity, _, _ in listed], dtype=object)
    grids = once(stored.layers["grids"])
    yield from found(_WHERE, ids[ids.duplicated()], "ids occur more than once", "{n} 个编码重复")
    apart = sorted({str(one) for one in ids} ^ set(grids.index))
    yield from found(_WHERE, apart, "grids are not in both files", "{n} 个网格未同时出现在两个文件中")
    yield from found(_WHERE, [one for one in ids if not isinstance(one, str)], "ids are no text", "{n} 个编码不是文本")
    yield from _form(ids, shapes)
    common = np.array([one in grids.index for one in ids], bool) & ~ids.duplicated()
    yield from _properties(grids, [listed[i][:2] for i in np.flatnonzero(common)])
    yield from _places(grids.loc[ids[common]], shapes[common])


def _feature(feature: dict[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    return feature.get("id"), feature["properties"], feature["geometry"]


def _form(ids: pd.Index, shapes: Any) -> Iterator[Fault]:
    """Rings right-hand, at most seven decimals, degrees, valid."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    yield from found(_WHERE, ids[np.unique(owner[~polygonal])], "shapes are not polygons", "{n} 个图形不是面")
    parts, owner = parts[polygonal], owner[polygonal]
    rings, part = shapely.get_rings(parts, return_index=True)
    is_outer = np.concatenate([[True], part[1:] != part[:-1]]) if len(part) else np.zeros(0, bool)
    turned = shapely.is_ccw(rings) != is_outer
    yield from found(
        _WHERE,
        ids[np.unique(owner[part[turned]])],
        "shapes have left-hand rings",
        "{n} 个图形的环方向不符合右手规则",
    )
    points, shape = shapely.get_coordinates(shapes, return_index=True)
    scaled = points * 10**_DECIMALS
    fine = (np.abs(scaled - np.rint(scaled)) > 1e-3).any(axis=1)
    yield from found(
        _WHERE, ids[np.unique(shape[fine])], "shapes have more than seven decimals", "{n} 个图形的坐标超过七位小数"
    )
    outside = (np.abs(points) > [180, 90]).any(axis=1)
    yield from found(_WHERE, ids[np.unique(shape[outside])], "shapes are not in degrees", "{n} 个图形坐标不是经纬度")
    yield from found(_WHERE, ids[~shapely.is_valid(shapes)], "shapes are invalid", "{n} 个图形无效")


def _properties(grids: Any, listed: list[tuple[Any, dict[str, Any]]]) -> Iterator[Fault]:
    names = [name for name in GRIDS if name != "geometry"]
    rows = grids.reset_index().set_index("grid_code", drop=False)[names].astype(object).to_dict("index")
    foreign = sorted({name for _, properties in listed for name in set(properties) ^ set(names)})
    yield from found(_WHERE, foreign, "properties are missing or foreign", "{n} 个属性缺失或多余")
    differing = [
        identity
        for identity, properties in listed
        if not all(_alike(properties.get(name), rows[identity][name]) for name in names)
    ]
    yield from found(
        _WHERE, differing, "grids have other properties than in plan.gpkg", "{n} 个网格的属性与 plan.gpkg 不符"
    )


def _alike(one: Any, two: Any) -> bool:
    if _is_nothing(one) or _is_nothing(two):
        return _is_nothing(one) and _is_nothing(two)
    if isinstance(two, str) or isinstance(one, str):
        return str(one) == str(two)
    return math.isclose(float(one), float(two), rel_tol=1e-9, abs_tol=1e-9)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _places(grids: Any, shapes: Any) -> Iterator[Fault]:
    """Shapes lie where those of the GeoPackage lie; borders shared there are shared here."""
    if not len(grids):
        return
    moved = gpd.GeoSeries(shapes, index=grids.index, crs="EPSG:4326").to_crs(grids.crs).to_numpy()
    exact = grids.geometry.to_numpy()
    far = np.array([_distance(one, two) > _NEAR for one, two in zip(exact, moved, strict=True)], bool)
    yield from found(
        _WHERE,
        grids.index[far],
        f"shapes lie more than {_NEAR} m from those of plan.gpkg",
        f"{{n}} 个图形与 plan.gpkg 相差超过 {_NEAR} 米",
    )
    torn = []
    for _, rows in grids["community_id"].groupby(grids["community_id"]).indices.items():
        if shapely.coverage_is_valid(exact[rows]) and not shapely.coverage_is_valid(shapes[rows]):
            broken = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes[rows]))
            torn += grids.index[rows[broken]].tolist()
    yield from found(_WHERE, torn, "grids no longer share their borders", "{n} 个网格的公共边界不再重合")


def _distance(one: Any, two: Any) -> float:
    """Metres between two outlines: vertex by vertex where they correspond, else Hausdorff."""
    a, b = (shapely.get_coordinates(shapely.normalize(shape)) for shape in (one, two))
    if len(a) == len(b):
        apart = float(np.hypot(*(a - b).T).max(initial=0.0))
        if apart <= _NEAR:
            return apart
    if not (shapely.is_valid(one) and shapely.is_valid(two)):
        return math.inf
    return float(shapely.hausdorff_distance(shapely.boundary(one), shapely.boundary(two)))


def tables(stored: Stored) -> Iterator[Fault]:
    """The workbook and the CSV files have the rows of the GeoPackage, codes as text."""
    yield from _workbook(stored)
    for name, layer, keys in (
        ("buildings.csv", "buildings", ["building_id", "grid_code"]),
        ("posts.csv", "posts", ["post_id", "grid_code"]),
        ("reach.csv", "reach", ["place_id", "tier"]),
    ):
        if not (stored.folder / name).exists():
            continue
        try:
            listed = plan_folder.read_list(stored.folder, name)[keys]
        except (TableError, KeyError) as error:
            yield fault(("tables", name), [], f"it is no such table: {error}", f"表格无法读取：{error}")
            continue
        told = sorted(listed.itertuples(index=False, name=None))
        known = sorted(pd.DataFrame(stored.layers[layer]).reset_index()[keys].itertuples(index=False, name=None))
        apart = sorted({one for one, _ in set(told) ^ set(known)})
        if told != known:
            yield fault(("tables", name), apart, "rows differ from plan.gpkg", "{n} 行与 plan.gpkg 不符")


def _workbook(stored: Stored) -> Iterator[Fault]:
    where = ("tables", "tables.xlsx")
    try:
        sheet = plan_folder.read_sheet(stored.folder, "grids")
    except TableError as error:
        if (stored.folder / "tables.xlsx").exists():
            yield fault(where, [], f"it cannot be read: {error}", f"无法读取：{error.text('zh')}")
        return
    rows = sheet[sheet["grid_code"].notna()]
    numbers = [one for one in rows["grid_code"] if not isinstance(one, str)]
    yield from found(where, numbers, "codes are no text", "{n} 个编码不是文本")
    rows = rows.set_index(rows["grid_code"].astype(str))
    grids = once(stored.layers["grids"])
    apart = sorted(set(rows.index) ^ set(grids.index))
    yield from found(where, apart, "grids are not in both files", "{n} 个网格未同时出现在两个文件中")
    both = once(rows).reindex(rows.index.intersection(grids.index).unique())
    counts = ["households", "residents", "buildings"]
    pairs = zip(both.index, both[counts].to_numpy(), grids.loc[both.index, counts].to_numpy(), strict=True)
    wrong = [code for code, told, known in pairs if not all(map(_alike, told, known))]
    yield from found(where, wrong, "grids have other counts than in plan.gpkg", "{n} 个网格的数值与 plan.gpkg 不符")
    totals = sheet[sheet["grid_code"].isna()]["households"].dropna()
    if len(totals) and not _alike(totals.iloc[-1], grids["households"].sum()):
        yield fault(where, [], "the total differs from the grids", "合计与网格不符")
