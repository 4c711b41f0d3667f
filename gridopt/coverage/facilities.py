"""Facilities as points of known tiers, and how far each place is from the nearest of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.contracts import check_columns
from gridopt.coverage.tiers import Tiers
from gridopt.errors import RuleError, TableError, preview
from gridopt.grids.plan import Plan
from gridopt.streets import Streets, metres_along

Floats = NDArray[np.float64]

_log = logging.getLogger("gridopt")

FAR = 10_000.0
"""Metres from the city beyond which a facility serves nobody in it, unless a tier reaches farther."""


def facility_points(facilities: gpd.GeoDataFrame, plan: Plan, tiers: Tiers) -> gpd.GeoDataFrame:
    """Facilities as points in the city's CRS, ``tier`` as text, indexed by id as text, in order of place and id.

    Those outside the city still serve it, see `tell_outside`. Raises a `TableError` where rows lack a
    tier, a place or the CRS, or where none lies anywhere near the city; a `RuleError` for unknown tiers.
    """
    check_columns(facilities, ["tier", "geometry"], "facilities")
    points = points_of(facilities, plan, tier=True)
    check_tiers(points, tiers)
    _check_near(points, plan, tiers)
    return points


def points_of(places: gpd.GeoDataFrame, plan: Plan, *, tier: bool = False) -> gpd.GeoDataFrame:
    """Facilities, or candidates for them, as points in the city's CRS, in order of place and id."""
    if places.crs is None:
        raise TableError(
            "facilities have no CRS. Set the one they are in with .set_crs(...).",
            zh="设施图层没有坐标系。请用 .set_crs(...) 指定其坐标系。",
        )
    shapes = places.geometry
    lacking = shapes.isna() | shapes.is_empty
    if tier:
        lacking |= places["tier"].fillna("").astype(str).str.strip() == ""
    unplaced = places.index[lacking]
    if len(unplaced):
        raise TableError(
            f"facilities: {len(unplaced)} rows lack a tier or a place: {preview(unplaced)}. Complete or remove them.",
            zh=f"设施图层：{len(unplaced)} 行缺少层级或位置：{preview(unplaced)}。请补全或删除。",
        )
    points = shapely.point_on_surface(shapes.to_crs(plan.city.crs).to_numpy())
    astray = places.index[~np.isfinite(shapely.get_x(points)) | ~np.isfinite(shapely.get_y(points))]
    if len(astray):
        raise TableError(
            f"facilities: {len(astray)} rows have coordinates that their CRS cannot hold: {preview(astray)}. "
            "Longitude and latitude may be swapped.",
            zh=f"设施图层：{len(astray)} 行坐标超出其坐标系范围：{preview(astray)}。可能经纬度颠倒。",
        )
    columns = {"tier": places["tier"].map(str).to_numpy()} if tier else {}
    index = pd.Index(places.index.astype(str), name="facility_id")
    table = gpd.GeoDataFrame(columns, geometry=points, index=index, crs=plan.city.crs)
    return table.iloc[np.lexsort((index.to_numpy(str), shapely.get_y(points), shapely.get_x(points)))]


def check_tiers(points: pd.DataFrame, tiers: Tiers) -> None:
    """Raise a `RuleError` where facilities are of a tier that the table does not have."""
    strange = sorted(set(points["tier"]) - set(tiers.names))
    if strange:
        raise RuleError(
            f"facilities: {int(points['tier'].isin(strange).sum())} rows are of tiers not in the table: "
            f"{preview(strange)}; it has {', '.join(tiers.names)}. List the tiers, nearest first, as "
            '[rules.tiers] names = ["...", "...", "..."].',
            zh=f"设施图层：{int(points['tier'].isin(strange).sum())} 行的层级不在表中：{preview(strange)}；"
            f'表中有 {"、".join(tiers.names)}。请由近到远写入 [rules.tiers] names = ["...", "...", "..."]。',
        )


def _check_near(points: gpd.GeoDataFrame, plan: Plan, tiers: Tiers) -> None:
    """Refuse a layer of which none is near the city."""
    outside = _outside(points, plan)
    if len(outside) < len(points) or not len(points) or _near(outside, plan, tiers).any():
        return
    raise TableError(
        f"facilities: all {len(points)} lie more than {_farthest(tiers):,.0f} m from the city: "
        f"{preview(outside.index)}. Is {points.crs.name} what their coordinates are in?",
        zh=f"设施图层：全部 {len(points)} 处距本市超过 {_farthest(tiers):,.0f} 米：{preview(outside.index)}。"
        "请核对坐标系。",
    )


def tell_outside(points: gpd.GeoDataFrame, plan: Plan, tiers: Tiers) -> None:
    """Warn of facilities outside the city, in the language of the city's settings."""
    outside = _outside(points, plan)
    if not len(outside):
        return
    said = (
        "设施图层：%d 处位于市域之外（%s），仍计入可达；其中 %d 处距离过远，不服务任何人。"
        if plan.city.settings.lang == "zh"
        else "facilities: %d lie outside the city (%s); they still count, but %d are too far away to serve anybody."
    )
    _log.warning(said, len(outside), preview(outside.index), int((~_near(outside, plan, tiers)).sum()))


def _outside(points: gpd.GeoDataFrame, plan: Plan) -> gpd.GeoDataFrame:
    land = shapely.STRtree(plan.communities.geometry.to_numpy())
    inside = np.unique(land.query(points.geometry.to_numpy(), "intersects")[0])
    return points.iloc[np.setdiff1d(np.arange(len(points)), inside)]


def _near(points: gpd.GeoDataFrame, plan: Plan, tiers: Tiers) -> NDArray[np.bool_]:
    """Which of them may serve somebody in the city."""
    away = shapely.distance(points.geometry.to_numpy(), shapely.box(*plan.communities.total_bounds))
    return np.asarray(away <= _farthest(tiers))


def _farthest(tiers: Tiers) -> float:
    return float(np.nanmax([FAR, *(limit for limits in tiers.limits.values() for limit in limits)]))


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest facility of places: metres (n,), infinite where there is none, and its position (n,), -1 for none."""

    metres: Floats
    facility: NDArray[np.int64]

    @classmethod
    def of(cls, places: Floats, facilities: Floats, *, on_foot: NDArray[np.bool_], streets: Streets | None) -> Nearest:
        """By place (n, 2): along the streets where ``on_foot`` and streets are given, else in a straight line."""
        if not len(facilities):
            return cls(np.full(len(places), np.inf), np.full(len(places), -1))
        metres, facility = cKDTree(facilities).query(places)
        if streets is not None and on_foot.any():
            metres[on_foot], facility[on_foot] = metres_along(streets, places[on_foot], facilities)
        return cls(np.asarray(metres, np.float64), np.asarray(facility, np.int64))


def streets_for(plan: Plan, tiers: Tiers, on_foot: NDArray[np.bool_]) -> Streets | None:
    """The city's streets where some place asks for ways along them; says what they lack."""
    if not on_foot.any():
        return None
    streets, zh = Streets.of(plan.city), plan.city.settings.lang == "zh"
    if streets is None:
        if plan.city.settings.tiers.get("metric"):
            said = "没有道路图层，距离按直线计算。" if zh else "there are no streets: distances are straight lines."
            _log.warning("[rules.tiers] metric: %s", said)
        return None
    if streets.n_pieces > 1:
        ends = streets.ends[:, 0]
        metres = np.bincount(streets.pieces[ends], streets.lengths)
        apart = streets.nodes[[int(np.flatnonzero(streets.pieces == piece)[0]) for piece in range(1, len(metres))]]
        places = preview([f"({x:.0f}, {y:.0f})" for x, y in apart.tolist()])
        share = float(metres[1:].sum() / metres.sum())
        words = (
            "道路分为 %d 块互不相通（主路网之外占 %.1f%%，位于 %s）：与设施不在同一块上的地方按不可达计。"
            if zh
            else "streets are in %d pieces without a way between them (%.1f%% of their length is off the main one, "
            "at %s): places are out of reach of facilities on another piece."
        )
        _log.warning(words, streets.n_pieces, 100 * share, places)
    return streets
