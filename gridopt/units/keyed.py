"""Counts keyed to buildings or estates, carried to the buildings."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.holders import estate_ids
from gridopt.people import MEASURES
from gridopt.units.nearest import canonical
from gridopt.units.people import apportion, home_weights


def with_keyed_counts(city: City, levels: Sequence[str] = ("buildings", "estates")) -> City:
    """The city with the counts that a table keys to buildings or to estates as columns of its buildings.

    A building's own row goes before its column; an estate's count is shared out over its buildings by how many
    people each may hold, and conserved. A building without a count stays without.
    """
    buildings, table = city.layer("buildings"), city.layer("population")
    level = str(table["level"].iloc[0]) if table is not None and "level" in table and len(table) else ""
    if buildings is None or not len(buildings) or level not in levels:
        return city
    ordered = gpd.GeoDataFrame(buildings).sort_index()
    if level == "estates":
        members = estate_ids(ordered, city.layer("estates"), city.communities)
        members = members.iloc[canonical(ordered.geometry.to_numpy())]
        table = _shared_out(table, members, home_weights(ordered))
    for measure in MEASURES:
        if measure in table and table[measure].notna().any():
            own = ordered.get(measure, np.nan)
            ordered = ordered.assign(**{measure: table[measure].reindex(ordered.index).fillna(own).astype(float)})
    return city.replace(layers={**city.layers, "buildings": ordered})


def _shared_out(table: pd.DataFrame, members: pd.Series, weights: pd.Series) -> pd.DataFrame:
    """Counts of estates shared out over their buildings in the order of ``members``, evenly where none weighs."""
    counts = pd.DataFrame(np.nan, index=members.index, columns=list(MEASURES))
    for estate, inside in members[members.isin(table.index)].groupby(members):
        held = weights[inside.index].to_numpy(float)
        held = held if held.sum() > 0 else np.ones(len(held))
        for measure in MEASURES:
            total = table.loc[estate, measure] if measure in table else np.nan
            if not np.isnan(total):
                counts.loc[inside.index, measure] = apportion(float(total), held)
    return counts
