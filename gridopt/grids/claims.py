"""Land that two communities claim: a row for each that a person must decide."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.grids.matters import with_matters


def with_disputes(violations: pd.DataFrame, city: City, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """The violations with a row for each of the city's disputes, naming the grids that hold the land for now.

    ``grids`` is indexed by grid code; ``value`` is the disputed area in m2. A dispute lies in no community's
    name but in that of the one it is given to.
    """
    disputes = city.disputes
    if not len(disputes):
        return violations
    chinese = city.settings.lang == "zh"
    told = (
        "{names} 均主张 {area:,.0f} 平方米（其中楼栋 {buildings} 栋），暂归 {given}"
        if chinese
        else "{names} both claim {area:,.0f} m2 with {buildings} buildings; given to {given} for now"
    )
    remedy = "请确定归属，并修改村（社区）界线" if chinese else "decide who owns it and redraw the communities' border"
    shapes = disputes["geometry"].to_numpy()
    row, grid = shapely.STRtree(grids.geometry.to_numpy()).query(shapely.point_on_surface(shapes), "intersects")
    holders = pd.Series(grids.index.to_numpy()[grid]).groupby(row).agg(";".join)
    rows = pd.DataFrame(
        {
            "class": "decide",
            "rule": "dispute",
            "community_id": disputes["given_to"].to_numpy(),
            "grid_codes": holders.reindex(range(len(disputes)), fill_value="").to_numpy(),
            "value": disputes["area_m2"].to_numpy(),
            "reason": [
                told.format(names=one.names, area=one.area_m2, buildings=one.buildings, given=one.given_to)
                for one in disputes.itertuples()
            ],
            "remedy": remedy,
        }
    )
    return with_matters(violations, rows)
