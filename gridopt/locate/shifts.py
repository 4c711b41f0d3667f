"""Points of events that lie some hundred metres off, as GCJ-02 and BD-09 coordinates taken for WGS84 do."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import CHINA, OFFSETS, from_offset
from gridopt.locate.polygons import NOWHERE, holders

SAMPLE = 2_000
"""Points that are looked at, evenly over all of them."""

FEWEST = 20
"""Points below which nothing is said."""

LEAST_GAIN = 0.02
"""Share of the points that must fit better, beside three standard errors, for a word of it."""


def likely_shift(
    grids: gpd.GeoDataFrame, points: gpd.GeoSeries, communities: pd.Series
) -> tuple[str, float, float] | None:
    """(offset, share that fits as given, share that fits with the offset undone), None where nothing speaks for one.

    A point fits that lies in the community its row names; where fewer than `FEWEST` rows name one, a point that lies
    in any grid. ``points`` have a CRS, ``communities`` are ids, "" where a row names none.
    """
    named = (communities != "").to_numpy()
    has_names = named.sum() >= FEWEST
    chosen = np.flatnonzero(named) if has_names else np.arange(len(points))
    chosen = chosen[:: max(len(chosen) // SAMPLE, 1)]
    if len(chosen) < FEWEST:
        return None
    xy = shapely.get_coordinates(points.iloc[chosen].to_crs(4326).to_numpy())
    west, south, east, north = CHINA
    x, y = np.median(xy, axis=0)
    if not (west <= x <= east and south <= y <= north):
        return None
    homes = np.append(grids["community_id"].astype(str).to_numpy(object), "")
    wanted = communities.to_numpy(object)[chosen]
    shapes = grids.geometry.to_numpy()

    def fit(places: NDArray[np.float64]) -> float:
        moved = gpd.GeoSeries.from_xy(*places.T, crs=4326).to_crs(grids.crs)
        held = holders(shapes, shapely.get_coordinates(moved.to_numpy()))
        return float(np.mean(homes[held] == wanted if has_names else held != NOWHERE))

    fits = fit(xy)
    best, name = max((fit(np.column_stack(from_offset(one, *xy.T))), one) for one in OFFSETS)
    noise = 3 * np.sqrt(fits * (1 - fits) / len(chosen))
    return (name, fits, best) if best - fits >= max(LEAST_GAIN, noise) else None
