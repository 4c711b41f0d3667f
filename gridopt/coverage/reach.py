"""Reach of services (服务可达): the share of people within each tier's distance of its nearest facility."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.contracts import REACH, check_columns
from gridopt.coverage.tiers import Tiers
from gridopt.errors import RuleError, TableError, preview
from gridopt.grids.plan import Plan
from gridopt.units.people import is_home

Floats = NDArray[np.float64]

MEASURES = ["residents", "households"]
LEVELS = ("grid", "community", "township", "city")
POINT_FOOTPRINT = 100.0
"""Square metres a floor of a building that is given as a point, among others that have footprints."""


def reach(plan: Plan, facilities: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """People within each tier's limit of the nearest facility of that tier, in a straight line.

    ``facilities`` (the city's own layer where not given) has ``tier`` and geometry, in any CRS. Tiers and
    limits are the city's ``[rules.tiers]``, by the area kind of the grid. People are placed at the
    residential buildings of their unit, by households where all are known, else by floor area; in a unit
    without such buildings, at a point inside it.

    One row a place and tier, columns of `contracts.REACH`: grids, communities, townships (with
    ``place_id`` their code), then the city. ``share`` is of residents (of households where no residents
    are counted), null for a place without people, which meets every target. ``limit_m`` is null where the
    tier asks for one in the village, or where a place holds areas of different limits. A city
    without facilities has no rows. Straight lines overstate reach where streets wind or water bars the way.
    """
    given = plan.city.layer("facilities") if facilities is None else facilities
    if given is None or not len(given):
        return _typed(pd.DataFrame(columns=REACH))
    points = _facility_points(given, plan)
    tiers = Tiers.from_settings(plan.city.settings.tiers, kinds=tuple(sorted(set(plan.grids["area_kind"]))))
    check_tiers(points, tiers)
    people = demand(plan).join(plan.grids[["community_id", "township_id", "area_kind"]], on="grid_code")
    rows: list[pd.DataFrame] = []
    for number, name in enumerate(tiers.names):
        limits = people["area_kind"].map(lambda kind, number=number: tiers.limit(kind, number))
        reached = _reached(people, limits, points[points["tier"] == name], plan.communities)
        rows += [_rolled_up(plan, people.assign(limit=limits, reached=reached), level, name) for level in LEVELS]
    table = pd.concat(rows).assign(target=float(tiers.target))
    table["met"] = table["share"].isna() | (table["share"] >= table["target"] - 1e-9)
    ranks = {"level": {level: rank for rank, level in enumerate(LEVELS)}} | {
        "tier": {name: rank for rank, name in enumerate(tiers.names)}
    }
    ordered = table.assign(**{f"{key}_rank": table[key].map(rank) for key, rank in ranks.items()})
    return _typed(ordered.sort_values(["level_rank", "place_id", "tier_rank"], ignore_index=True))


def demand(plan: Plan) -> pd.DataFrame:
    """Where people are: ``x, y, residents, households, grid_code``, one row a home or a unit without homes.

    The people of every unit are conserved; a missing count is none.
    """
    units = plan.units.sort_index()
    homes = plan.buildings[plan.buildings["unit_id"].isin(units.index) & is_home(plan.buildings["use"])].sort_index()
    weights = _home_weights(homes)
    unit_totals = weights.groupby(homes["unit_id"]).transform("sum")
    at_homes = _places(homes.geometry, homes["unit_id"], weights / unit_totals)
    bare = units[~units.index.isin(homes["unit_id"])]
    at_units = _places(bare.geometry, pd.Series(bare.index, bare.index), pd.Series(1.0, bare.index))
    places = pd.concat([at_homes, at_units], ignore_index=True)
    counts = units[MEASURES].astype(float).fillna(0.0).reindex(places["unit_id"]).to_numpy()
    places[MEASURES] = counts * places[["share"]].to_numpy()
    places["grid_code"] = units["grid_code"].reindex(places["unit_id"]).to_numpy()
    return places[["x", "y", *MEASURES, "grid_code"]]


def _home_weights(homes: gpd.GeoDataFrame) -> pd.Series:
    """People that each home holds against the others of its unit: households, or floor area if any is unknown."""
    footprints = homes.geometry.area
    floors = homes["floors"].astype(float).fillna(1.0).clip(lower=1.0)
    by_area = footprints.where(footprints > 0, POINT_FOOTPRINT) * floors
    households = homes["households"].astype(float)
    unit = homes["unit_id"]
    known = households.notna().groupby(unit).transform("all") & (households.groupby(unit).transform("sum") > 0)
    return pd.Series(households.where(known, by_area))


def _places(shapes: gpd.GeoSeries, unit_ids: pd.Series, shares: pd.Series) -> pd.DataFrame:
    points = shapely.point_on_surface(shapes.to_numpy())
    return pd.DataFrame(
        {
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
            "unit_id": unit_ids.to_numpy(),
            "share": shares.to_numpy(),
        }
    )


def _facility_points(facilities: gpd.GeoDataFrame, plan: Plan) -> gpd.GeoDataFrame:
    """Facilities as points in the city's CRS, their tier as text."""
    check_columns(facilities, ["tier", "geometry"], "facilities")
    if facilities.crs is None:
        raise TableError(
            "facilities have no CRS. Set the one they are in with .set_crs(...).",
            zh="设施图层没有坐标系。请用 .set_crs(...) 指定其坐标系。",
        )
    unplaced = facilities.index[facilities["tier"].isna() | facilities.geometry.isna() | facilities.geometry.is_empty]
    if len(unplaced):
        raise TableError(
            f"facilities: {len(unplaced)} rows lack a tier or a place: {preview(unplaced)}. Complete or remove them.",
            zh=f"设施图层：{len(unplaced)} 行缺少层级或位置：{preview(unplaced)}。请补全或删除。",
        )
    there = facilities.geometry.to_crs(plan.city.crs)
    points = gpd.GeoSeries(shapely.point_on_surface(there.to_numpy()), facilities.index, crs=plan.city.crs)
    return gpd.GeoDataFrame({"tier": facilities["tier"].map(str)}, geometry=points)


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


def _reached(
    people: pd.DataFrame, limits: pd.Series, facilities: gpd.GeoDataFrame, communities: gpd.GeoDataFrame
) -> NDArray[np.bool_]:
    """Whether each place is within its limit of a facility, or in a community that has one."""
    if not len(facilities):
        return np.zeros(len(people), bool)
    tree = cKDTree(np.column_stack([facilities.geometry.x, facilities.geometry.y]))
    metres: Floats = tree.query(people[["x", "y"]].to_numpy())[0]
    held = shapely.STRtree(communities.geometry.to_numpy()).query(facilities.geometry.to_numpy(), "intersects")[1]
    served = people["community_id"].isin(communities.index[np.unique(held)])
    return np.where(limits.isna(), served, metres <= limits)


def _rolled_up(plan: Plan, people: pd.DataFrame, level: str, tier: str) -> pd.DataFrame:
    """The rows of one level and tier; shares are by residents, or by households where none are counted."""
    keys = {"grid": "grid_code", "community": "community_id", "township": "township_id"}
    place = people[keys[level]] if level in keys else pd.Series("city", people.index)
    within = people[MEASURES].where(people["reached"], 0.0).add_suffix("_reached")
    sums = pd.concat([people[MEASURES], within], axis=1).groupby(place).sum().round(6)
    known = people["limit"].fillna(0.0).groupby(place)
    alike = (known.min() == known.max()) & (known.min() > 0)
    measure = np.where(sums["residents"] > 0, "residents", "households")
    total = np.where(measure == "residents", sums["residents"], sums["households"])
    reached = np.where(measure == "residents", sums["residents_reached"], sums["households_reached"])
    share = np.divide(reached, total, out=np.full(len(sums), np.nan), where=total > 0)
    names = _place_names(plan, level).reindex(sums.index)
    return sums.assign(
        level=level,
        place_id=sums.index,
        place=names.fillna(pd.Series(sums.index, sums.index)),
        tier=tier,
        limit_m=known.min().where(alike),
        share=share,
    )


def _place_names(plan: Plan, level: str) -> pd.Series:
    communities = plan.city.communities
    if level == "grid":
        names = plan.grids["name"]
    elif level == "community":
        names = communities["community"]
    elif level == "township" and "township" in communities:
        names = communities.groupby("township_id")["township"].first()
    else:
        names = pd.Series({"city": plan.city.name})
    return pd.Series(names.where(names != ""))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    text = dict.fromkeys(("level", "place_id", "place", "tier"), "str")
    numbers = {name: "float64" for name in REACH if name not in text and name != "met"}
    return table[REACH].reset_index(drop=True).astype({**text, **numbers, "met": "bool"})
