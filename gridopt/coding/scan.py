"""The scan order in which the grids of a community are numbered: by rows, north to south, west to east."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROW_SHARE = 0.5
"""Depth of a row, as a share of the square root of the community's median grid area."""


def scan_order(xy: NDArray[np.float64], areas: NDArray[np.float64], ties: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of one community's grids in the order in which they are numbered.

    ``xy`` (n, 2) are label points in metres, ``areas`` (n,) square metres, ``ties`` (n,) ranks that settle
    equal eastings in a row. A row starts at the northernmost grid not yet in one and takes all that lie
    no further south of it than half the square root of the median area.
    After DB11/T 2157-2023 and DB6101/T 3185-2024, which leave the depth of a row open.
    """
    depth = ROW_SHARE * np.sqrt(np.median(areas))
    rows = np.zeros(len(xy), np.int64)
    row, top = 0, np.inf
    for i in np.argsort(-xy[:, 1], kind="stable"):
        if top - xy[i, 1] > depth:
            row, top = row + 1, xy[i, 1]
        rows[i] = row
    return np.lexsort((ties, xy[:, 0], rows))


def sequences(grids: gpd.GeoDataFrame, first_units: pd.Series) -> pd.Series:
    """The sequence number of every grid in its community, gapless from 1, on the index of ``grids``.

    ``first_units`` is the lowest unit id of each grid: it settles ties, so that neither the order of
    rows nor the codes that grids bear now play any part.
    """
    ranks = first_units.rank(method="first").astype("int64").reindex(grids.index)
    table = pd.DataFrame(grids[["label_x", "label_y", "area_m2"]]).assign(rank=ranks)
    numbered = []
    for _, community in table.groupby(grids["community_id"]):
        order = scan_order(
            community[["label_x", "label_y"]].to_numpy(float),
            community["area_m2"].to_numpy(float),
            community["rank"].to_numpy(np.int64),
        )
        numbered.append(pd.Series(np.arange(1, len(order) + 1), index=community.index[order]))
    return pd.concat(numbered).reindex(grids.index) if numbered else pd.Series([], grids.index, dtype="int64")
