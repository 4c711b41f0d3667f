"""Reach of services (服务可达): the share of people within each tier's distance of its nearest facility."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.contracts import REACH
from gridopt.coverage.demand import PEOPLE, demand, other_buildings
from gridopt.coverage.facilities import Nearest, facility_points, streets_for, tell_outside
from gridopt.coverage.tiers import STRAIGHT, WALK, Tiers
from gridopt.grids.plan import Plan

COUNTS = [*PEOPLE, "buildings"]
LEVELS = ("grid", "community", "township", "city")
BY_AREA_KIND = (
    "area_kind tier limit_m metric target residents residents_reached residents_share households "
    "households_reached households_share buildings buildings_reached buildings_share"
).split()
OUT_OF_REACH = (
    "tier place place_id grid_code community_id township_id residents households facility_id distance_m limit_m "
    "metric geometry"
).split()


def reach(plan: Plan, facilities: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """People and buildings within each tier's limit of the nearest facility of that tier.

    ``facilities`` (the city's own layer where not given) has ``tier`` and geometry, in any CRS. Tiers,
    limits and metric are the city's ``[rules.tiers]``, by the area kind of the grid: a straight line, or a
    walk along the streets, in which case places that the streets do not join to a facility are out of
    reach. People are placed at the residential buildings of their unit, by households where all are known,
    else by floor area; in a unit without such buildings, at a point inside it.

    One row a place and tier, columns of `contracts.REACH`: grids, communities, townships (with
    ``place_id`` their code), then the city. ``share`` is of residents (of households where no residents
    are counted), null for a place without people, which meets every target. ``limit_m`` is null where the
    tier asks for one in the village, or where a place holds areas of different limits. A city
    without facilities has no rows. Straight lines overstate reach where streets wind or water bars the way.
    Facilities outside the city count, and one warning names them. Raises a `TableError` or `RuleError` for
    facilities that cannot be used.
    """
    given = _given(plan, facilities)
    if given is not None:
        tiers = tiers_of(plan)
        tell_outside(facility_points(given, plan, tiers), plan, tiers)
    rows: list[pd.DataFrame] = []
    names: tuple[str, ...] = ()
    target = 0.0
    for view in _views(plan, facilities):
        names, target = view.tiers.names, float(view.tiers.target)
        rows += [_rolled_up(plan, view.places, level, view.tier) for level in LEVELS]
    if not rows:
        return _typed(pd.DataFrame(columns=REACH))
    table = pd.concat(rows).assign(target=target)
    table["met"] = table["share"].isna() | (table["share"] >= table["target"] - 1e-9)
    ranks = {"level": {level: rank for rank, level in enumerate(LEVELS)}} | {
        "tier": {name: rank for rank, name in enumerate(names)}
    }
    ordered = table.assign(**{f"{key}_rank": table[key].map(rank) for key, rank in ranks.items()})
    return _typed(ordered.sort_values(["level_rank", "place_id", "tier_rank"], ignore_index=True))


def reach_by_area_kind(plan: Plan, facilities: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """The tiers as a table by area kind: limit, metric, and the shares of residents, households and buildings reached.

    One row an area kind and tier, the whole city (``area_kind`` "city") last; columns `BY_AREA_KIND`.
    ``metric`` is "straight" or "walk" as it was really taken, "" where both were; shares of nothing are null.
    """
    rows = []
    for view in _views(plan, facilities):
        kinds = view.places["area_kind"].astype("str")
        for place in (kinds, pd.Series("city", view.places.index)):
            sums = _sums(view.places, place)
            shares = {
                f"{name}_share": (sums[f"{name}_reached"] / sums[name].where(sums[name] > 0)).astype(float)
                for name in COUNTS
            }
            limit, metric = view.places["limit"].groupby(place), view.places["metric"].groupby(place)
            alike = (limit.min() == limit.max()) & (limit.count() == limit.size())
            table = sums.assign(
                tier=view.tier,
                limit_m=limit.min().where(alike),
                metric=metric.min().where(metric.min() == metric.max(), ""),
                target=float(view.tiers.target),
                **shares,
            )
            rows.append(table.rename_axis("area_kind").reset_index())
    if not rows:
        return pd.DataFrame(columns=BY_AREA_KIND)
    table = pd.concat(rows, ignore_index=True)[BY_AREA_KIND]
    tier_order = table["tier"].drop_duplicates().tolist()
    order = table.assign(last=table["area_kind"] == "city", rank=table["tier"].map(tier_order.index))
    order = order.sort_values(["last", "area_kind", "rank"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def out_of_reach(plan: Plan, facilities: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Homes (or units without homes) with people beyond the limit of a tier, as points on a map.

    Columns `OUT_OF_REACH`: ``place`` is "building" or "unit"; ``facility_id`` the nearest facility of the
    tier and ``distance_m`` how far it is, empty and null where none can be reached at all; ``limit_m`` is
    null where the tier asks for one in the village. Those with most residents come first in each tier.
    """
    rows = []
    for view in _views(plan, facilities):
        people = (view.places[PEOPLE] > 0).any(axis=1)
        found = view.places[~view.places["reached"] & people].assign(tier=view.tier)
        rows.append(found.sort_values(["residents", "households", "place_id"], ascending=[False, False, True]))
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*OUT_OF_REACH, "x", "y", "limit"])
    shown = table.assign(
        distance_m=table.get("metres", pd.Series(dtype=float)).replace(np.inf, np.nan).astype(float),
        limit_m=table["limit"].astype(float),
        geometry=gpd.points_from_xy(table["x"].astype(float), table["y"].astype(float)),
    )
    return gpd.GeoDataFrame(shown[OUT_OF_REACH], geometry="geometry", crs=plan.city.crs)


@dataclass(frozen=True, eq=False)
class View:
    """One tier seen from every place: its ``places`` with ``limit, metric, metres, facility_id, reached``."""

    tier: str
    tiers: Tiers
    places: pd.DataFrame


def _views(plan: Plan, facilities: gpd.GeoDataFrame | None) -> Iterator[View]:
    given = _given(plan, facilities)
    if given is None:
        return
    tiers = tiers_of(plan)
    points = facility_points(given, plan, tiers)
    places = in_their_area(pd.concat([demand(plan), other_buildings(plan)], ignore_index=True), plan)
    on_foot = places["area_kind"].map(tiers.metric_of).eq(WALK).to_numpy()
    streets = streets_for(plan, tiers, on_foot)
    walked = on_foot & (streets is not None)
    for number, name in enumerate(tiers.names):
        limit = places["area_kind"].map(lambda kind, number=number: tiers.limit(kind, number)).astype(float)
        own = points[points["tier"] == name]
        nearest = Nearest.of(places[["x", "y"]].to_numpy(), _xy(own), on_foot=on_foot, streets=streets)
        ids = np.append(own.index.to_numpy(object), "")[nearest.facility]
        seen = places.assign(
            limit=limit, metric=np.where(walked, WALK, STRAIGHT), metres=nearest.metres, facility_id=ids
        )
        yield View(name, tiers, seen.assign(reached=_reached(seen, own, plan)))


def _given(plan: Plan, facilities: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """The facilities asked for, else the city's; None where there are none."""
    given = plan.city.layer("facilities") if facilities is None else facilities
    return None if given is None or not len(given) else given


def tiers_of(plan: Plan) -> Tiers:
    """The city's tiers."""
    return Tiers.from_settings(plan.city.settings.tiers, kinds=tuple(sorted(set(plan.grids["area_kind"]))))


def in_their_area(places: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Places with the community, township and area kind of their grid."""
    return places.join(plan.grids[["community_id", "township_id", "area_kind"]], on="grid_code")


def _xy(points: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack([points.geometry.x, points.geometry.y]).reshape(-1, 2)


def _reached(places: pd.DataFrame, facilities: gpd.GeoDataFrame, plan: Plan) -> NDArray[np.bool_]:
    """Whether each place is within its limit of a facility, or in a community that has one."""
    land = plan.communities.geometry
    held = shapely.STRtree(land.to_numpy()).query(facilities.geometry.to_numpy(), "intersects")[1]
    served = places["community_id"].isin(land.index[np.unique(held)])
    return np.where(places["limit"].isna(), served, places["metres"] <= places["limit"])


def _rolled_up(plan: Plan, people: pd.DataFrame, level: str, tier: str) -> pd.DataFrame:
    """The rows of one level and tier; shares are by residents, or by households where none are counted."""
    keys = {"grid": "grid_code", "community": "community_id", "township": "township_id"}
    place = people[keys[level]] if level in keys else pd.Series("city", people.index)
    sums = _sums(people, place)
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


def _sums(people: pd.DataFrame, place: pd.Series) -> pd.DataFrame:
    """What each place counts, and how much of it is reached."""
    within = people[COUNTS].where(people["reached"], 0.0).add_suffix("_reached")
    return pd.concat([people[COUNTS], within], axis=1).groupby(place).sum().round(6)


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
