"""Grids that hang together by a narrow neck: for information, since no rule forbids them."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gridopt.grids.matters import with_matters

NARROW = 10.0
"""Metres of width at its narrowest below which a grid is named; about a lane and the houses' eaves over it."""


def with_narrow_necks(violations: pd.DataFrame, grids: gpd.GeoDataFrame, lang: str) -> pd.DataFrame:
    """The violations with a row for each grid of several units, in one part, that is narrower somewhere than `NARROW`.

    ``grids`` is indexed by grid code and has ``neck_m`` and ``units``: a single unit is as narrow as it was given.
    """
    narrow = grids[(grids["neck_m"] > 0) & (grids["neck_m"] < NARROW) & (grids["units"] > 1)].sort_index()
    if not len(narrow):
        return violations
    chinese = lang == "zh"
    told = "最窄处仅宽 {:,.0f} 米" if chinese else "only {:,.0f} m wide at its narrowest"
    remedy = "请在地图上核实，必要时手工调整" if chinese else "look at it on the map; correct it by hand if need be"
    rows = pd.DataFrame(
        {
            "class": "information",
            "rule": "neck",
            "community_id": narrow["community_id"].to_numpy(),
            "grid_codes": narrow.index.to_numpy(),
            "value": narrow["neck_m"].to_numpy(),
            "limit": NARROW,
            "reason": [told.format(width) for width in narrow["neck_m"]],
            "remedy": remedy,
        }
    )
    return with_matters(violations, rows)
