"""Totals by block or base area: polygons with counts, held against the communities whose buildings they count."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gridopt.errors import preview
from gridopt.people import MEASURES
from gridopt.read.findings import Findings

INSIDE = 0.5
"""Share of a block's area from which on its people are the city's."""

WHOLE = 0.95
"""Share of a block's area in one community below which it lies across a border."""

COVERED = 0.01
"""Share of a community's area below which blocks do not tell of its people."""


def block_totals(table: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """The blocks of the city, those mostly outside left out; what lies across borders or has no count on record.

    A community in which no block lies is a fault: its people are not known.
    """
    shapes, land = table.geometry.to_numpy(), communities.geometry.to_numpy()
    community, block = shapely.STRtree(shapes).query(land, predicate="intersects")
    areas = shapely.area(shapely.intersection(land[community], shapes[block]))
    shared = areas / shapely.area(shapes[block])
    inside = np.bincount(block, shared, len(table)) >= INSIDE
    most = np.zeros(len(table))
    np.maximum.at(most, block, shared)
    covered = np.bincount(community, areas * inside[block], len(land)) / shapely.area(land)
    findings.repair("blocks_outside", table.index[~inside])
    findings.repair("blocks_across", table.index[inside & (most < WHOLE)])
    kept = table[inside]
    unknown = kept.index[kept[list(MEASURES)].isna().all(axis=1)]
    area = float(kept.geometry.area.sum())
    share = float(kept.geometry.area[unknown].sum()) / max(area, 1e-300)
    findings.repair("blocks_unknown", unknown, areas=(area, area), values=[share])
    bare = communities.index[covered < COVERED]
    if len(bare):
        findings.fault(
            f"{len(bare)} communities hold no block, so their people are not known: {preview(bare)}; add their blocks",
            f"{len(bare)} 个村（社区）内没有统计小区，人口未知：{preview(bare)}；请补充",
        )
    return gpd.GeoDataFrame(kept)
