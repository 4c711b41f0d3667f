"""Buildings by grid: each exactly once, with the unit, grid and community that answer for it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.contracts import BUILDINGS
from gridopt.holders import homes
from gridopt.units.counts import assign_buildings
from gridopt.units.keyed import with_keyed_counts

TEXTS = ("name", "number", "estate", "use")
NUMBERS = ("floors", "households")
COLUMNS = ["name", "number", *BUILDINGS[2:]]


def building_table(city: City, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The city's buildings, each once, with its ``unit_id``, ``grid_code`` and ``community_id``.

    ``units`` carries ``grid_code``. Indexed by ``building_id``, sorted; columns of `contracts.BUILDINGS`
    plus ``number``. A building without an ``estate`` takes the name of the estate it stands in. Those
    that `assign_buildings` finds outside the city (farther than 100 m from every unit, on record in the
    repairs) are left out.
    """
    given = with_keyed_counts(city, levels=["buildings"]).layer("buildings")  # an estate's are only apportioned
    if given is None or not len(given):
        return _no_buildings(city)
    table = given.sort_index()
    table.index = table.index.rename("building_id")
    for column in TEXTS:
        table[column] = table[column].fillna("").astype("str") if column in table else ""
    for column in NUMBERS:
        table[column] = table[column].astype(float) if column in table else np.nan
    table["estate"] = table["estate"].where(table["estate"] != "", _estate_around(city, table))
    table["unit_id"] = assign_buildings(table, units)
    table = table[table["unit_id"] != ""]
    return table.join(units[["grid_code", "community_id"]], on="unit_id")[COLUMNS]


def _estate_around(city: City, buildings: gpd.GeoDataFrame) -> pd.Series:
    """Name of the estate polygon that holds each building, the first id of several, "" for none."""
    estates = city.layer("estates")
    if estates is None or not len(estates):
        return pd.Series("", index=buildings.index, dtype="str")
    estates = estates.sort_index()
    names = np.append(estates["name"].to_numpy(object), "")
    around = names[homes(buildings.geometry.to_numpy(), estates.geometry.to_numpy())]
    return pd.Series(around, index=buildings.index, dtype="str")


def _no_buildings(city: City) -> gpd.GeoDataFrame:
    columns = {name: pd.Series(dtype="float64" if name in NUMBERS else "str") for name in COLUMNS[:-1]}
    empty = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=city.crs), crs=city.crs)
    empty.index = pd.Index([], dtype="str", name="building_id")
    return empty
