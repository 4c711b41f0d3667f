"""Layers that do not align with the communities: what lies across their borders, and what outside all of them."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.overlay import largest_owners
from gridopt.read.findings import Findings, Repair

WHOLE = {"units": 0.99, "buildings": 0.95}
"""Layer -> share of a row's area in its community below which it lies across a border."""

NO_PLACES = ("communities", "population_cells")


def across_borders(land: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame]) -> list[Repair]:
    """Units and buildings across a community's border: each stays whole with the community of largest overlap.

    Units that say themselves where they belong are measured against that community only in the record:
    what lies mostly in another is named, and stays where it says.
    """
    repairs: list[Repair] = []
    for name, whole in WHOLE.items():
        table = layers.get(name)
        if table is None or "geometry" not in table:
            continue
        findings = Findings(name)
        owners = largest_owners(table["geometry"].to_numpy(), land.geometry.to_numpy())
        found = owners.position >= 0
        free = _free(table)
        across = found & (owners.share < whole) & free
        if across.any():
            area = float(shapely.area(table["geometry"].to_numpy()[across]).sum())
            least, median = float(owners.share[across].min()), float(np.median(owners.share[across]))
            values = [least, median]
            findings.repair("across", table.index[across], areas=(area, area), values=values)
        nearest = np.append(land.index.to_numpy(object), "")[owners.position]
        elsewhere = found & ~free & (nearest != table.get("community_id", pd.Series("", table.index)).to_numpy(object))
        findings.repair("elsewhere", table.index[elsewhere])
        repairs += findings.repairs
    return repairs


def _free(table: pd.DataFrame) -> np.ndarray:
    """Rows that do not say themselves which community they belong to."""
    if "community_id" not in table:
        return np.ones(len(table), bool)
    return np.asarray(table["community_id"].fillna("").to_numpy(object) == "", bool)


def outside_all(land: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame]) -> list[Repair]:
    """Rows of every layer that touch no community, for a planner to see before anything is drawn."""
    repairs: list[Repair] = []
    polygons = land.geometry.to_numpy()
    for name, table in layers.items():
        if name in NO_PLACES or "geometry" not in table:
            continue
        findings = Findings(name)
        shapes = table["geometry"].to_numpy()
        touching = np.unique(shapely.STRtree(shapes).query(polygons, predicate="intersects")[1])
        away = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        away[touching] = False
        findings.repair("outside_buildings" if name == "buildings" else "outside", table.index[away])
        repairs += findings.repairs
    return repairs
