"""Where people are: at the homes of their unit, or at a point inside it."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.grids.plan import Plan
from gridopt.homes import is_home

PEOPLE = ["residents", "households"]
POINT_FOOTPRINT = 100.0
"""Square metres a floor of a building that is given as a point, among others that have footprints."""


def demand(plan: Plan) -> pd.DataFrame:
    """Where people are, one row a home or a unit without homes.

    Columns ``place_id`` (of the building or unit), ``place`` ("building" or "unit"), ``x, y, residents,
    households, buildings, grid_code``. The people of every unit are conserved; a missing count is none.
    """
    units = plan.units.sort_index()
    homes = plan.buildings[plan.buildings["unit_id"].isin(units.index) & is_home(plan.buildings["use"])].sort_index()
    weights = _home_weights(homes)
    unit_totals = weights.groupby(homes["unit_id"]).transform("sum")
    at_homes = _places(homes.geometry, homes["unit_id"], weights / unit_totals).assign(place="building", buildings=1)
    bare = units[~units.index.isin(homes["unit_id"])]
    at_units = _places(bare.geometry, pd.Series(bare.index, bare.index), pd.Series(1.0, bare.index))
    at_units = at_units.assign(place="unit", buildings=0)
    places = pd.concat([at_homes, at_units], ignore_index=True)
    counts = units[PEOPLE].astype(float).fillna(0.0).reindex(places["unit_id"]).to_numpy()
    places[PEOPLE] = counts * places[["share"]].to_numpy()
    places["grid_code"] = units["grid_code"].reindex(places["unit_id"]).to_numpy()
    return places[["place_id", "place", "x", "y", *PEOPLE, "buildings", "grid_code"]]


def other_buildings(plan: Plan) -> pd.DataFrame:
    """The buildings in the plan's grids that hold nobody (schools, shops, sheds), with the columns of `demand`."""
    inside = plan.buildings["unit_id"].isin(plan.units.index)
    others = plan.buildings[inside & ~is_home(plan.buildings["use"])].sort_index()
    places = _places(others.geometry, others["unit_id"], pd.Series(0.0, others.index))
    codes = plan.units["grid_code"].reindex(places["unit_id"]).to_numpy()
    nobody = dict.fromkeys(PEOPLE, 0.0)
    columns = ["place_id", "place", "x", "y", *PEOPLE, "buildings", "grid_code"]
    return places.assign(place="building", buildings=1, grid_code=codes, **nobody)[columns]


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
            "place_id": shapes.index.astype(str),
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
            "unit_id": unit_ids.to_numpy(),
            "share": shares.to_numpy(),
        }
    )
