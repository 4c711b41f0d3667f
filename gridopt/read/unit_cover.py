"""Whether ready-made units can stand for their communities: most of each must be covered by them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.errors import preview
from gridopt.overlay import largest_owners
from gridopt.read.findings import Findings

MOST_BARE = 0.4
"""Share of a community's area without units above which the units cannot be those of the community."""


def check_cover(land: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None, findings: Findings) -> None:
    """A fault where units leave more than `MOST_BARE` of a community's land bare.

    With ready-made units a community is the union of its units, so what they leave bare would be in no grid.
    """
    if units is None or not len(units):
        return
    shapes, grounds = units.geometry.to_numpy(), land.geometry.to_numpy()
    owners = largest_owners(shapes, grounds)
    named = units.get("community_id", pd.Series("", units.index)).fillna("").to_numpy(object)
    places = np.where(named != "", land.index.get_indexer(pd.Index(named)), owners.position)
    inside = owners.share * shapely.area(shapes)
    elsewhere = (places >= 0) & (places != owners.position)
    inside[elsewhere] = shapely.area(shapely.intersection(shapes[elsewhere], grounds[places[elsewhere]]))
    found = [(_bare(grounds[place], shapes[places == place], inside[places == place]), place)
             for place in np.unique(places[places >= 0])]  # fmt: skip
    wide = sorted((-share, place) for share, place in found if share > MOST_BARE)
    if wide:
        listed = preview(f"{land.index[place]} ({1 + share:.0%})" for share, place in wide)
        findings.fault(
            f"the units cover less than {1 - MOST_BARE:.0%} of {len(wide)} communities (share covered): {listed}; the "
            "rest would be in no grid: add the missing units, or remove [layers.units] to have units built",
            f"划分单元在 {len(wide)} 个村（社区）中的覆盖率低于 {1 - MOST_BARE:.0%}：{listed}；其余土地不在任何网格内："
            "请补充缺少的单元，或删去 [layers.units] 由系统生成",
        )


def _bare(land: shapely.Geometry, shapes: NDArray[np.object_], inside: NDArray[np.float64]) -> float:
    """The share of some land that lies under none of its units, of which so many m2 each lie inside."""
    if shapely.coverage_is_valid(shapes):  # no two of them overlap
        return float(1 - inside.sum() / land.area)
    under = shapely.intersection(land, shapely.union_all(shapes, grid_size=1e-3))
    return float(1 - under.area / land.area)
