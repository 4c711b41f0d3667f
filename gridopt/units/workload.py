"""The work that waits in each unit: minutes of service a month, or its households where nobody stated minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.formula import measured, quoted
from gridopt.units.counts import events_in, have_place
from gridopt.workload import OTHER, Workload

Floats = NDArray[np.float64]

TOUR = 0.7124
"""Length of the shortest tour through n points scattered over an area, in roots of n times the area."""

HECTARE = 10_000.0
"""Square metres."""

METRES_A_MINUTE = 1000 / 60
"""At one kilometre an hour."""


def workload(units: gpd.GeoDataFrame, table: Mapping[str, Any], events: pd.DataFrame | None) -> Floats:
    """The workload of each unit: minutes a month as ``[rules.workload]`` states them, else its households.

    ``units`` has its counts already; missing ones weigh nothing. Raises `RuleError` for a table that cannot hold,
    `TableError` for columns that nobody has.
    """
    if not table:
        return np.asarray(units["households"].fillna(0.0), np.float64)
    stated = Workload.from_table(table)
    minutes = stated.area * units.area.to_numpy() / HECTARE
    for column, each in stated.service.items():
        minutes = minutes + each * measured(units, quoted(column))
    minutes = minutes + _event_minutes(units, events, stated)
    length = patrol_metres(_stops(units, stated), units.area.to_numpy())
    return np.asarray(minutes + stated.patrols * length / (stated.patrol_speed * METRES_A_MINUTE), np.float64)


def patrol_metres(stops: Floats, areas: Floats) -> Floats:
    """Length of a round past every stop of each unit, in metres: what the unit adds to the round of its grid.

    The shortest tour through points of density d is 0.7124 times the integral of the root of d, as long as
    the points are many (Beardwood, Halton and Hammersley, 1959; the constant by Johnson, McGeoch and Rothberg,
    1996). With one density to a unit that is a sum over units, so that grids add up. ``areas`` in square metres.
    """
    return np.asarray(TOUR * np.sqrt(stops * areas), np.float64)


def _stops(units: gpd.GeoDataFrame, stated: Workload) -> Floats:
    if stated.stops:
        return measured(units, stated.stops)
    return measured(units, "buildings" if units["buildings"].any() else "households")


def _event_minutes(units: gpd.GeoDataFrame, events: pd.DataFrame | None, stated: Workload) -> Floats:
    """Minutes a month for events: where they happened, or shared out by households where only a community is known."""
    if events is None or not len(events):
        return np.zeros(len(units))
    each = events["kind"].map(dict(stated.events)) if "kind" in events else pd.Series(np.nan, events.index)
    numbers = events["n"].fillna(1.0) if "n" in events else 1.0
    minutes = each.fillna(stated.events.get(OTHER, 0.0)).astype(float) * numbers / stated.months
    placed = have_place(events)
    found = events_in(units, events[placed], np.asarray(minutes, np.float64)[placed])
    if "community_id" not in events:
        return found
    bare = minutes[~placed].groupby(events.loc[~placed, "community_id"].astype("str")).sum()
    owners = units["community_id"]
    homes = units["households"].fillna(0.0)
    homes = homes.where(homes.groupby(owners).transform("sum") > 0, units.area)
    share = homes / homes.groupby(owners).transform("sum")
    return np.asarray(found + (share * owners.map(bare).fillna(0.0)).to_numpy(float), np.float64)
