"""Blind spots (盲区): whatever has no responsible grid or person, or two. A good plan has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.contracts import BLIND_SPOTS, POSTS, check_columns
from gridopt.grids.plan import Plan

Row = dict[str, Any]
Shapes = NDArray[np.object_]

SHARE_TOLERANCE, AREA_TOLERANCE = 1e-6, 0.01
"""Land below this share of its community plus so many m2 is rounding, not a gap or an overlap."""

REASONS = {
    ("building", "none"): ("in no grid", "不属于任何网格"),
    ("building", "two"): ("in {n_grids} grids", "同时属于 {n_grids} 个网格"),
    ("unit", "none"): ("in no grid", "不属于任何网格"),
    ("unit", "two"): (
        "its code names one grid, its land lies in another",
        "编码所属网格与所在位置的网格不一致",
    ),
    ("land", "none"): ("{area:,.2f} m2 of the community are in no grid", "村（社区）内 {area:,.2f} 平方米不在任何网格"),
    ("land", "two"): ("{area:,.2f} m2 are in both grids", "{area:,.2f} 平方米同时属于两个网格"),
    ("estate", "none"): ("{area:,.2f} m2 of the estate are in no grid", "小区内 {area:,.2f} 平方米不在任何网格"),
    ("road", "none"): ("{length:,.2f} m of the road are in no grid", "道路有 {length:,.2f} 米不在任何网格"),
    ("river", "none"): ("{length:,.2f} m of the river are in no grid", "河流有 {length:,.2f} 米不在任何网格"),
    ("input", "none"): ("in the layer of buildings, not in the plan", "楼栋图层中有，方案中没有"),
    ("post", "none"): ("the grid has no chief", "该网格没有网格长"),
    ("post", "two"): ("the grid has {n_grids} chiefs", "该网格有 {n_grids} 名网格长"),
    ("post", "strange"): ("the post is for grid {code}, which does not exist", "岗位所属网格 {code} 不存在"),
}
"""(kind, fault) -> reason in English and in Chinese."""


def blind_spots(plan: Plan, posts: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Everything without exactly one responsible grid, or, where ``posts`` are given, exactly one chief.

    Columns of `contracts.BLIND_SPOTS`; ``kind`` is one of

    building  in no grid, in one that does not exist, or in several
    land      part of a community in no grid or in two (geometry: that part)
    estate    part of an estate that lies in a community but in no grid; an estate of several grids is fine
    road, river  a stretch that lies in a community but in no grid
    unit      without a grid, or with the code of a grid where it does not lie
    input     a building of the city's layer, on the city's land, that the plan has lost
    post      a grid without exactly one chief, or a post for a grid that does not exist

    ``n_grids`` is how many grids (for posts, chiefs) there are. No rows: no blind spot. The land of a
    community is the union of its units where ready-made units were given, else its polygon.
    """
    blank = _blank_land(plan)
    rows = [*_buildings(plan), *_units(plan), *_overlaps(plan.grids), *_inputs(plan)]
    rows += [_row("land", "none", community, community, geometry=part) for community, part in blank.items()]
    for layer, kind in (("estates", "estate"), ("roads", "road"), ("rivers", "river")):
        rows += _in_blank(plan, blank, layer, kind)
    if posts is not None:
        rows += _posts(plan, posts)
    table = pd.DataFrame([_worded(row, plan.city.settings.lang) for row in rows], columns=BLIND_SPOTS)
    types = {name: "int64" if name == "n_grids" else "str" for name in BLIND_SPOTS if name != "geometry"}
    shown = gpd.GeoDataFrame(table.astype(types), geometry=gpd.GeoSeries(table["geometry"], crs=plan.city.crs))
    return shown.sort_values(["kind", "id", "community_id", "n_grids", "reason"], ignore_index=True)


def _row(kind: str, fault: str, id_: str, community_id: str = "", **facts: Any) -> Row:
    """A blind spot before it is put into words: ``facts`` are n_grids, geometry, and values for the reason."""
    return {"kind": kind, "fault": fault, "id": id_, "community_id": community_id, "n_grids": 0, **facts}


def _worded(row: Row, lang: str) -> Row:
    english, chinese = REASONS[row["kind"], row["fault"]]
    shape = row["geometry"]
    size = {"area": shapely.area(shape), "length": shapely.length(shape)} if shape is not None else {}
    return row | {"reason": (chinese if lang == "zh" else english).format(**size, **row)}


def _buildings(plan: Plan) -> list[Row]:
    """Buildings whose own code and whose unit's code do not name one and the same grid."""
    buildings = plan.buildings
    own = buildings["grid_code"]
    by_unit = buildings["unit_id"].map(plan.units["grid_code"][~plan.units.index.duplicated()]).fillna("")
    return _not_one("building", buildings, pd.concat([own, by_unit]), plan.grids.index)


def _units(plan: Plan) -> list[Row]:
    """Units whose code names no grid, or that do not lie in the grid that it names."""
    units, grids = plan.units, plan.grids
    points = shapely.point_on_surface(units.geometry.to_numpy())
    position = grids.index.get_indexer(units["grid_code"])
    shapes = grids.geometry.to_numpy()
    shapely.prepare(shapes)
    astray = (position >= 0) & ~shapely.intersects(shapes[position], points)
    unit, grid = shapely.STRtree(shapes).query(points[astray], "intersects")
    there = pd.Series(grids.index[grid].to_numpy(), units.index[astray][unit], dtype="str")
    return _not_one("unit", units, pd.concat([units["grid_code"], there]), grids.index)


def _not_one(kind: str, table: gpd.GeoDataFrame, codes: pd.Series, known: pd.Index) -> list[Row]:
    """Rows of a table that ``codes`` (by the table's ids, any number each) give to no grid or to several."""
    pairs = pd.DataFrame({"id": codes.index, "code": codes.to_numpy()}).drop_duplicates()
    counts = pairs[pairs["code"].isin(known)].groupby("id").size().reindex(table.index.unique(), fill_value=0)
    wrong = counts[counts != 1]
    first = table[~table.index.duplicated()].loc[wrong.index]
    return [
        _row(kind, "two" if n else "none", str(id_), community, n_grids=n, geometry=shape)
        for id_, community, n, shape in zip(wrong.index, first["community_id"], wrong, first.geometry, strict=True)
    ]


def _blank_land(plan: Plan) -> dict[str, shapely.Geometry]:
    """The land of each community that no grid covers, where there is any beyond rounding."""
    grids = _by_community(plan.grids)
    units = _by_community(plan.units) if plan.city.layer("units") is not None else {}
    blank = {}
    for community, polygon in plan.city.communities.geometry.items():
        held = shapely.union_all(grids.get(community, []))
        own = units.get(community)
        tolerance = _tolerance(held.area)
        if own is not None and abs(shapely.area(own).sum() - held.area) <= tolerance:
            continue
        rest = shapely.difference(polygon if own is None else shapely.union_all(own), held)
        if rest.area > tolerance:
            blank[str(community)] = rest
    return blank


def _by_community(table: gpd.GeoDataFrame) -> dict[str, Shapes]:
    return {str(one): shapes.to_numpy() for one, shapes in table.geometry.groupby(table["community_id"])}


def _tolerance(area: float) -> float:
    return SHARE_TOLERANCE * area + AREA_TOLERANCE


def _overlaps(grids: gpd.GeoDataFrame) -> list[Row]:
    """Land in two grids, of one community or of two."""
    ordered = grids.sort_index()
    shapes = ordered.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, "intersects")
    one, other = one[one < other], other[one < other]
    shared = _polygons(shapely.intersection(shapes[one], shapes[other]))
    allowed = _tolerance(np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other])))
    codes, communities = ordered.index, ordered["community_id"]
    return [
        _row("land", "two", f"{codes[i]};{codes[j]}", communities.iloc[i], n_grids=2, geometry=part)
        for i, j, part in zip(*(array[shapely.area(shared) > allowed] for array in (one, other, shared)), strict=True)
    ]


def _polygons(shapes: Shapes) -> Shapes:
    """Shapes without the lines and points along which they merely touch."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    cleaned = shapes.copy()
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[i])
        cleaned[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return cleaned


def _in_blank(plan: Plan, blank: Mapping[str, shapely.Geometry], layer: str, kind: str) -> list[Row]:
    """Parts of a layer's estates, roads or rivers on land without a grid: surfaces by area, lines by length."""
    table = plan.city.layer(layer)
    if table is None or not len(table) or not blank:
        return []
    shapes, rows = table.geometry.to_numpy(), []
    is_line = shapely.get_dimensions(shapes) == 1
    for community, land in blank.items():
        parts = shapely.intersection(shapes, land)
        parts[~is_line] = _polygons(parts[~is_line])
        size = np.where(is_line, shapely.length(parts), shapely.area(parts))
        lost = np.flatnonzero(size > AREA_TOLERANCE)
        rows += [_row(kind, "none", str(table.index[i]), community, geometry=parts[i]) for i in lost]
    return rows


def _inputs(plan: Plan) -> list[Row]:
    """Buildings that were given on the city's land and that the plan does not have."""
    given = plan.city.layer("buildings")
    if given is None:
        return []
    lost = given[plan.buildings.index.unique().get_indexer(given.index) < 0]
    land = plan.city.communities if plan.city.layer("units") is None else plan.units
    here = shapely.STRtree(land.geometry.to_numpy()).query(lost.geometry.to_numpy(), "intersects")[0]
    ours = lost.iloc[np.unique(here)]
    return [_row("input", "none", str(id_), geometry=shape) for id_, shape in ours.geometry.items()]


def _posts(plan: Plan, posts: pd.DataFrame) -> list[Row]:
    """Grids without exactly one chief, and posts for grids that do not exist."""
    check_columns(posts, POSTS, "posts")
    table = posts if "post_id" in posts else posts.reset_index()
    held = table.assign(grid_code=table["grid_code"].fillna("").str.split(";")).explode("grid_code")
    chiefs = held[held["role"] == "chief"]["grid_code"].value_counts().reindex(plan.grids.index, fill_value=0)
    wrong = plan.grids[chiefs != 1]
    rows = [
        _row("post", "two" if chiefs[code] else "none", code, community, n_grids=chiefs[code], geometry=shape)
        for code, community, shape in zip(wrong.index, wrong["community_id"], wrong.geometry, strict=True)
    ]
    strange = held[~held["grid_code"].isin(plan.grids.index)]
    rows += [
        _row("post", "strange", post_id, community, geometry=None, code=code)
        for post_id, community, code in zip(
            strange["post_id"], strange["community_id"], strange["grid_code"], strict=True
        )
    ]
    return rows
