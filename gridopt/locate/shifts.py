"""Points of events that lie some hundred metres off, as GCJ-02 and BD-09 coordinates taken for WGS84 do."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import OFFSETS, from_offset
from gridopt.holders import NOWHERE, holders
from gridopt.shifted import FEWEST, is_chinese, is_clearly_better, sample

LEAST_GAIN = 0.02
"""Share of the points that must fit better for a word of it."""


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
    chosen = sample(chosen)
    if len(chosen) < FEWEST:
        return None
    xy = shapely.get_coordinates(points.iloc[chosen].to_crs(4326).to_numpy())
    if not is_chinese(*np.median(xy, axis=0)):
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
    return (name, fits, best) if is_clearly_better(fits, best, len(chosen), LEAST_GAIN) else None
