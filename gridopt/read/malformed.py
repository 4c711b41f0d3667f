"""Rings that are not closed or have too few points: kept out later, but told from rows without geometry."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import shapely


def with_malformed_empty(read: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """A layer in which a malformed geometry is an empty one, and a missing geometry is missing.

    ``read`` is `pyogrio.read_dataframe` with all but ``on_invalid`` given.
    """
    table = read(on_invalid="ignore")
    if not isinstance(table, gpd.GeoDataFrame) or not table.geometry.isna().any():
        return table
    closed = read(on_invalid="fix").geometry
    malformed = (table.geometry.isna() & closed.notna()).to_numpy()
    shapes = table.geometry.to_numpy().copy()
    shapes[malformed] = shapely.GeometryCollection()
    marked: pd.DataFrame = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    return marked
