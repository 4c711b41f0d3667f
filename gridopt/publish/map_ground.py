"""What the map is drawn on: roads, water, buildings and services of the city itself, since tiles need a network."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.coverage import out_of_reach
from gridopt.grids.plan import Plan
from gridopt.publish.cards import tier_name
from gridopt.publish.sentences import number
from gridopt.publish.shapes import coded_lines, coded_points, coded_polygons, wgs84
from gridopt.terms import TERMS, label

MOST_FOOTPRINTS = 20_000
MOST_SEARCHED_BUILDINGS = 200_000
MOST_LINE_VERTICES = 60_000
MOST_BEYOND = 20_000
"""Homes out of reach that are drawn for each tier, those with most people first."""
THIN_FOOTPRINT_M = 0.5
THIN_LINES_M = (1.0, 3.0, 10.0)
"""How far lines may be thinned: the first that leaves few enough vertices; after the last, minor roads are left out."""
AROUND_M = 120.0
MAJOR_ROADS = ("motorway", "trunk", "primary", "secondary")


def lines(plan: Plan) -> dict[str, list[Any]]:
    """Background lines by kind; areas of water come as polygons under ``water``."""
    city = plan.city
    listed: dict[str, list[Any]] = {"major": [], "minor": [], "rail": [], "river": [], "water": []}
    roads = city.layer("roads")
    if roads is not None and len(roads):
        major = roads["class"].fillna("").isin(MAJOR_ROADS)
        listed["major"] = _coded(roads[major], plan)
        listed["minor"] = _coded(roads[~major], plan)
    railways = city.layer("railways")
    if railways is not None and len(railways):
        listed["rail"] = _coded(railways, plan)
    rivers = city.layer("rivers")
    if rivers is not None and len(rivers):
        areas = rivers.geom_type.str.endswith("Polygon")
        listed["river"] = _coded(rivers[~areas], plan)
        water = shapely.simplify(shapely.normalize(rivers[areas].geometry.to_numpy()), 1)
        listed["water"] = coded_polygons(wgs84(water, city.crs))
    return listed


def _coded(table: gpd.GeoDataFrame, plan: Plan) -> list[list[int]]:
    """Lines inside the city and a little around it, thinned until they are few enough; none where they never are."""
    land = shapely.geometrycollections(plan.communities.geometry.to_numpy())
    around = shapely.buffer(shapely.concave_hull(land, ratio=0.4), AROUND_M)
    for tolerance in THIN_LINES_M:
        thinned = shapely.intersection(shapely.simplify(table.geometry.to_numpy(), tolerance), around)
        if shapely.get_num_coordinates(thinned).sum() <= MOST_LINE_VERTICES:
            return coded_lines(wgs84(thinned, plan.city.crs))
    return []


def buildings(plan: Plan) -> dict[str, Any]:
    """A search index: estates, and for each building its estate, number or name, grid and place.

    A city of at most `MOST_FOOTPRINTS` buildings has their ``footprints`` too, and what each is (``about``).
    """
    table = plan.buildings[plan.buildings["grid_code"].isin(plan.grids.index)]
    if len(table) > MOST_SEARCHED_BUILDINGS:
        table = table.iloc[:0]
    points = wgs84(table.geometry.representative_point().to_numpy(), plan.city.crs)
    x, y = coded_points(shapely.get_x(points), shapely.get_y(points))
    estate = table["estate"].fillna("").astype(str)
    estates = pd.Index(sorted(estate.unique()))
    return {
        "estates": estates.tolist(),
        "estate": estates.get_indexer(estate).tolist(),
        "number": _numbers(plan, table).tolist(),
        "grid": plan.grids.index.get_indexer(table["grid_code"]).tolist(),
        "x": x,
        "y": y,
    }


def _numbers(plan: Plan, table: gpd.GeoDataFrame) -> pd.Series[str]:
    """What a building is called: its number inside its estate, else its name, else its id."""
    given = plan.city.layer("buildings")
    number_of = table["number"] if "number" in table else pd.Series("", index=table.index)
    if "number" not in table and given is not None and "number" in given:  # a plan read back from its folder
        number_of = given["number"].reindex(table.index)
    called = number_of.fillna("").astype(str)
    called = called.mask(called == "", table["name"].fillna("").astype(str))
    return called.mask(called == "", table.index.to_series())


def footprints(plan: Plan, lang: str) -> dict[str, list[Any]]:
    """The outline of each building of `buildings`, and a line of what it is; empty where they are too many."""
    table = plan.buildings[plan.buildings["grid_code"].isin(plan.grids.index)]
    if len(plan.buildings) > MOST_FOOTPRINTS:
        table = table.iloc[:0]
    outlines = shapely.simplify(table.geometry.to_numpy(), THIN_FOOTPRINT_M)
    return {
        "shape": coded_polygons(wgs84(outlines, plan.city.crs)),
        "about": [
            _about(*facts, lang=lang) for facts in table[["use", "floors", "households"]].itertuples(index=False)
        ],
    }


def _about(use: str, floors: float, households: float, *, lang: str) -> str:
    known = f"use.{use}"
    said = [label(known, lang) if known in TERMS else str(use)] if use else []
    for value, name in ((floors, "floors"), (households, "households")):
        if not np.isnan(value):
            said.append(f"{label(name, lang)} {number(value)}")
    return " · ".join(said)


def facilities(plan: Plan, lang: str) -> dict[str, list[Any]]:
    """The services with their tiers, nearest tier first."""
    table = plan.city.layer("facilities")
    if table is None or not len(table):
        return {"name": [], "tier": [], "tiers": [], "tier_ids": [], "x": [], "y": []}
    points = wgs84(table.geometry.representative_point().to_numpy(), plan.city.crs)
    x, y = coded_points(shapely.get_x(points), shapely.get_y(points))
    order = _tiers(plan)
    return {
        "name": table["name"].fillna("").astype(str).tolist(),
        "tier": order.get_indexer(table["tier"].fillna("").astype(str)).tolist(),
        "tier_ids": order.tolist(),
        "tiers": [tier_name(tier, lang) if tier else "" for tier in order],
        "x": x,
        "y": y,
    }


def _tiers(plan: Plan) -> pd.Index[str]:
    tiers = plan.city.layer("facilities")["tier"].fillna("").astype(str)
    named = list(plan.city.settings.tiers.get("names", ()))
    present: list[str] = sorted(tiers.unique(), key=lambda one: (named.index(one) if one in named else len(named), one))
    return pd.Index([*present, *(tier for tier in named if tier not in present)], dtype="str")


def beyond(plan: Plan, reach: pd.DataFrame | None) -> dict[str, list[Any]]:
    """The homes that are out of reach of a tier, by the tier's place in `facilities`: where, and how many people."""
    listed: dict[str, list[Any]] = {"tier": [], "people": [], "metres": [], "x": [], "y": []}
    if reach is None or reach.empty or plan.city.layer("facilities") is None or _all_reached(reach):
        return listed
    homes = out_of_reach(plan)
    homes = homes[homes.groupby("tier", sort=False).cumcount() < MOST_BEYOND]
    points = wgs84(homes.geometry.to_numpy(), plan.city.crs)
    x, y = coded_points(shapely.get_x(points), shapely.get_y(points))
    people = homes["residents"].where(homes["residents"] > 0, homes["households"])
    return {
        "tier": _tiers(plan).get_indexer(homes["tier"]).tolist(),
        "people": people.round(1).tolist(),
        "metres": [None if np.isnan(one) else round(one) for one in homes["distance_m"].tolist()],
        "x": x,
        "y": y,
    }


def _all_reached(reach: pd.DataFrame) -> bool:
    whole = reach[reach["level"] == "city"]
    return bool(
        (
            whole[["residents", "households"]].to_numpy()
            <= whole[["residents_reached", "households_reached"]].to_numpy()
        ).all()
    )
